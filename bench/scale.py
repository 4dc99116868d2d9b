"""What many models cost: Tandem and Argo Rollouts bring the same models up, one after the other, in one run.

python -m bench.scale --models 1000         without a gateway, with the peer

Each gets a light control plane of its own (real API server and controllers, pods played by kwok), on this machine, with
everything else that runs here. Printed for each: seconds until every model serves, processor time and memory of the
controller, its reconciles and writes; then what it costs when nothing happens, and how long a restart takes.
"""

import argparse
import asyncio
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import httpx

from bench.meter import Metered, ProcessDied
from bench.peers import ARGO_ROLLOUTS
from bench.scale_api import Api, Written
from bench.scale_load import NAMESPACE, Object, model_deployment, namespace, rollout
from dev.cluster.binaries import ensure_tools
from dev.cluster.control_plane import ControlPlane
from dev.cluster.progress import Progress
from dev.images.cache import cache_folder
from tandem.cluster.connection import connect

REPOSITORY: Final = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Contestant:
    """A controller that is to carry the load."""

    name: str
    words: Callable[[Path, int, int], list[str | Path]]
    """Its command line: kubeconfig, port of its metrics, port of its probe."""
    definitions: Path
    """Folder of its CustomResourceDefinitions."""
    kind: str
    serves: Callable[[Object], bool]
    component: str
    """The name under which it writes Events."""
    written: frozenset[str]
    """What only this controller writes, as ``VERB resource``."""
    reconciles: str
    """Its metric that counts them."""


def _conditions(obj: Object) -> dict[str, str]:
    return {each["type"]: each["status"] for each in obj.get("status", {}).get("conditions") or []}


def _tandem(kubeconfig: Path, metrics: int, probe: int) -> list[str | Path]:
    options = ["--liveness", f"http://127.0.0.1:{probe}/healthz", "--metrics-port", str(metrics)]
    return [sys.executable, "-m", "tandem.controller", "--kubeconfig", kubeconfig, *options]


TANDEM: Final = Contestant(
    name="Tandem",
    words=_tandem,
    definitions=REPOSITORY / "crds",
    kind="ModelDeployment",
    serves=lambda obj: _conditions(obj).get("Ready") == "True",
    component="tandem",
    written=frozenset(
        {
            "PUT modeldeployments/status",
            "POST modelrevisions",
            "PUT modelrevisions/status",
            "POST deployments",
            "APPLY deployments",
            "PATCH deployments/scale",
            "POST services",
            "APPLY services",
            "POST configmaps",
            "POST poddisruptionbudgets",
            "APPLY poddisruptionbudgets",
            "POST httproutes",
            "APPLY httproutes",
        }
    ),
    reconciles="tandem_reconcile_seconds_count",
)


def argo_rollouts(folder: Path) -> Contestant:
    """Return the peer, given the folder of its binary."""

    def words(kubeconfig: Path, metrics: int, probe: int) -> list[str | Path]:
        ports = ["--metricsPort", str(metrics), "--healthzPort", str(probe)]
        # By its defaults it would wait for its own limit of 40 requests a second, and at a restart for its old lease.
        freely = ["--qps=300", "--burst=600", "--leader-elect=false"]
        return [folder / "rollouts-controller", "--kubeconfig", kubeconfig, *freely, *ports]

    return Contestant(
        name="Argo Rollouts v1.9.0",
        words=words,
        definitions=folder / "crds",
        kind="Rollout",
        serves=lambda obj: obj.get("status", {}).get("phase") == "Healthy",
        component="rollouts-controller",
        written=frozenset(
            {
                "PUT rollouts",
                "PATCH rollouts",
                "PUT rollouts/status",
                "PATCH rollouts/status",
                "POST replicasets",
                "PUT replicasets",
                "PATCH replicasets",
                "PATCH services",
                "PUT services",
            }
        ),
        reconciles="rollout_reconcile_count",
    )


@dataclass(frozen=True)
class Setting:
    """How much, and for how long."""

    models: int
    gateway: bool
    patience: float
    idle: float


class Race:
    """One contestant, one control plane, one load."""

    def __init__(self, who: Contestant, setting: Setting, plane: ControlPlane, api: Api, folder: Path) -> None:
        self._who, self._setting, self._plane, self._api = who, setting, plane, api
        self._log = folder / "controller.log"
        self._metrics_port, self._probe_port = _free_ports(2)

    async def run(self, load: Iterable[Object]) -> bool:
        """Bring everything up, look at what that cost, at rest and at a restart; returns whether all came to serve."""
        with self._controller() as controller:
            await self._reachable(controller)
            before, made = await self._api.written(), time.monotonic()
            making = asyncio.create_task(self._api.make(load))
            took = await self._api.until(self._who.kind, self._who.serves, self._setting.models, self._setting.patience)
            await making
            cost = controller.cost()
            if took is None:
                ready = sum(map(self._who.serves, await self._api.list(self._who.kind)))
                self._say(f"NOT all within {self._setting.patience:.0f} s: {ready} of {self._setting.models} serve")
            else:
                self._say(f"all serve after {time.monotonic() - made:.1f} s")
            self._say(f"processor {cost.cpu:.1f} s, memory at most {cost.peak:.0f} MiB")
            await self._print_work(before)
            await self._rest(controller)
        await self._restart()
        return took is not None

    async def _print_work(self, before: Written) -> None:
        models = self._setting.models
        after = await self._api.written()
        own = {f"{v} {r}{'/' + s if s else ''}": after[v, r, s] - before[v, r, s] for v, r, s in after}
        counted = {what: many for what, many in own.items() if what in self._who.written and many}
        counted["events"] = await self._api.events_of(self._who.component)
        each = ", ".join(f"{what} {many / models:.2f}" for what, many in sorted(counted.items()))
        self._say(f"a model: {await self._reconciles() / models:.1f} reconciles")
        self._say(f"a model: {sum(counted.values()) / models:.1f} writes: {each}")

    async def _rest(self, controller: Metered) -> None:
        if not self._setting.idle:
            return
        await asyncio.sleep(15)
        before, count = controller.cost(), await self._reconciles()
        await asyncio.sleep(self._setting.idle)
        after = controller.cost()
        used = after.cpu - before.cpu
        self._say(
            f"at rest for {self._setting.idle:.0f} s: {used:.2f} s processor ({used / self._setting.idle:.1%}), "
            f"{await self._reconciles() - count:.0f} reconciles, memory {after.rss:.0f} MiB"
        )

    async def _restart(self) -> None:
        """Start it on the full cluster; it is done when every model has been reconciled."""
        began = time.monotonic()
        with self._controller() as controller:
            while await self._reconciles() < self._setting.models:
                if time.monotonic() - began > self._setting.patience:
                    self._say(f"restart: NOT every model reconciled within {self._setting.patience:.0f} s")
                    return
                controller.cost()
                await asyncio.sleep(0.25)
            took, cost = time.monotonic() - began, controller.cost()
        self._say(
            f"restart: every model reconciled after {took:.1f} s, "
            f"processor {cost.cpu:.1f} s, memory at most {cost.peak:.0f} MiB"
        )

    def _controller(self) -> Metered:
        words = self._who.words(self._plane.kubeconfig, self._metrics_port, self._probe_port)
        return Metered(words, self._log, {"PYTHONPATH": str(REPOSITORY / "operator")})

    async def _reachable(self, controller: Metered) -> None:
        while (await self._scrape()) is None:
            controller.cost()
            await asyncio.sleep(0.2)

    async def _reconciles(self) -> float:
        counts = re.findall(rf"^{self._who.reconciles}(?:{{.*}})? (\S+)$", await self._scrape() or "", re.MULTILINE)
        return sum(map(float, counts))

    async def _scrape(self) -> str | None:
        async with httpx.AsyncClient() as client:
            with suppress(httpx.TransportError):
                return (await client.get(f"http://127.0.0.1:{self._metrics_port}/metrics", timeout=20)).text
        return None

    def _say(self, what: str) -> None:
        print(f"{self._who.name}: {what}", flush=True)


def main() -> int:
    """Run and print; returns 0 if every model came to serve in time, with Tandem and with the peer."""
    given = _parser().parse_args()
    setting = Setting(given.models, given.gateway, given.patience, given.idle)
    print(f"{given.models} models of one pod, {'with' if given.gateway else 'without'} a gateway; {_machine()}")
    contestants = [TANDEM] if given.only != ARGO_ROLLOUTS.name else []
    if given.only != "tandem":
        folder = ensure_tools([ARGO_ROLLOUTS], cache_folder(), Progress())[ARGO_ROLLOUTS.name]
        contestants.append(argo_rollouts(folder))
    try:
        served = [asyncio.run(_race(who, setting)) for who in contestants]
        return 0 if all(served) else 1
    except ProcessDied as error:
        print(error, file=sys.stderr)
        return 1


async def _race(who: Contestant, setting: Setting) -> bool:
    numbers = range(setting.models)
    with ControlPlane(nodes=max(1, setting.models // 100)) as plane, TemporaryDirectory() as folder:
        _install(plane, who.definitions)
        api = Api((await connect(str(plane.kubeconfig))).configuration)
        try:
            await api.make(namespace(name) for name in (NAMESPACE, ARGO_ROLLOUTS.name))
            await api.served(who.kind)
            race = Race(who, setting, plane, api, Path(folder))
            if who is not TANDEM:
                return await race.run(obj for number in numbers for obj in rollout(number))
            async with _gateway(api, wanted=setting.gateway):
                return await race.run(model_deployment(number, setting.gateway) for number in numbers)
        finally:
            await api.close()


def _install(plane: ControlPlane, definitions: Path) -> None:
    plane.install_gateway_api()
    kubectl = [str(plane.kubectl), "--kubeconfig", str(plane.kubeconfig)]
    files = [f"--filename={path}" for path in sorted(definitions.glob("*.yaml")) if "kustomization" not in path.name]
    apply = ["apply", "--server-side", *files]
    wait = ["wait", "crd", "--all", "--for=condition=Established", "--timeout=60s"]
    for words in (apply, wait):
        subprocess.run([*kubectl, *words], check=True, stdout=subprocess.DEVNULL)


@asynccontextmanager
async def _gateway(api: Api, wanted: bool) -> AsyncIterator[None]:
    """Routes are taken over by the benchmark itself: what a gateway costs is not what is measured."""
    accepting = asyncio.create_task(api.accept_routes()) if wanted else None
    try:
        yield
    finally:
        if accepting is not None:
            accepting.cancel()
            with suppress(asyncio.CancelledError):
                await accepting


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.scale", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=int, default=1000, help="how many (%(default)s)")
    parser.add_argument("--gateway", action="store_true", help="Tandem's with a route each, accepted by the benchmark")
    parser.add_argument("--only", choices=("tandem", ARGO_ROLLOUTS.name), help="one of them; default: both")
    parser.add_argument("--patience", type=float, default=600, help="seconds for each to bring up all (%(default)s)")
    parser.add_argument("--idle", type=float, default=60, help="seconds to measure at rest; 0: not (%(default)s)")
    return parser


def _machine() -> str:
    python = sys.version.split()[0]
    return f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, nice {os.nice(0)}, Python {python}"


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()


if __name__ == "__main__":
    sys.exit(main())

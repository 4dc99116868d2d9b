"""The gateway's own word on each request: which pod it was sent to, and what came of it there.

A caller whose request is lost cannot tell by whom. Envoy can, and says so in its access log.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dev.kube.client import Kube, until
from dev.kube.model import Model
from dev.traffic.outcomes import Outcome

_NAMESPACE = "envoy-gateway-system"
_PROXY = "--selector=gateway.envoyproxy.io/owning-gateway-name=public"
_FLUSH_SECONDS = 30
"""Envoy writes its log every ten seconds, or when it has 64 KiB of it."""


@dataclass(frozen=True)
class Passage:
    """One request's way through the gateway."""

    code: int
    """What the caller was answered; 0 if the caller went away first."""
    pod_ip: str
    """Whom it was sent to; empty if it was sent to nobody."""
    said: str
    """Envoy's flags and details, for people."""

    @property
    def failed(self) -> bool:
        return not 200 <= self.code < 300


class GatewayLog:
    """What the gateway says of the requests to one model."""

    def __init__(self, file: Path, route: str, since: str) -> None:
        self._file = file
        self._route = route
        self._since = since

    def passages(self) -> list[Passage]:
        """Return all that the gateway has written so far."""
        lines = self._file.read_text(errors="replace").splitlines(keepends=True)
        entries = (json.loads(line) for line in lines if line.startswith("{") and line.endswith("}\n"))
        return [_passage(entry) for entry in entries if self._is_ours(entry)]

    def of(self, outcomes: list[Outcome]) -> list[Passage]:
        """Wait until each of these requests is written down, and return their passages."""
        bad = [outcome for outcome in outcomes if outcome.bad]
        what = f"{len(outcomes)} requests in its log, {len(bad)} of them bad for the caller: {bad[:10]}"
        until(lambda: len(self.passages()) >= len(outcomes), _FLUSH_SECONDS, what)
        return self.passages()

    def _is_ours(self, entry: dict[str, object]) -> bool:
        return str(entry["route_name"]).startswith(self._route) and str(entry["start_time"]) >= self._since


def _passage(entry: dict[str, object]) -> Passage:
    host = str(entry.get("upstream_host") or "")
    said = f"{entry.get('response_flags')} {entry.get('response_code_details')}"
    return Passage(int(str(entry["response_code"])), host.rpartition(":")[0], said)


@contextmanager
def gateway_log(model: Model) -> Iterator[GatewayLog]:
    """Have the gateway's log of requests to a model kept from now on: only a reader at its heels sees all of it.

    The node keeps ten megabytes of a container's log, which are a few minutes of all the tests' requests.
    """
    now = datetime.now(UTC)
    since, second = (now.isoformat(timespec=unit).replace("+00:00", "Z") for unit in ("milliseconds", "seconds"))
    file = model.out / f"gateway-{since}.log"
    logs = ["logs", f"--namespace={_NAMESPACE}", _PROXY, "--container=envoy"]
    # All lines from that second on: with a selector kubectl would begin with the last ten.
    follow = ["--follow", f"--since-time={second}", "--tail=-1"]
    with file.open("wb") as out, _running(model.kube, ["kubectl", *logs, *follow], out.fileno()):
        yield GatewayLog(file, f"httproute/{model.namespace}/{model.name}/", since)


@contextmanager
def _running(kube: Kube, command: list[str], out: int) -> Iterator[None]:
    process = subprocess.Popen(command, env=kube.env, stdout=out, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()

"""What a large check costs everybody else: 10,000 edge cases and 100,000 labelled rows, asked on the local cluster.

python -m bench.quality [--cases N] [--rows N] [--others N] [--rate N]

Makes what it needs (cluster, images, operator of the chart); about twenty minutes. Other models serve meanwhile, and
their specs are changed all the time. Rows lie in ConfigMaps of 1 MiB, which is harder for the operator than a file in
the bento's image would be: it watches ConfigMaps. Printed: the operator's memory and reconciles before, during and
after the check, the progress seen in status, the examiner's memory, the verdict. Returns 1 where a request of a caller
was lost or there was no verdict, never for a timing.
"""

import argparse
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from bench.examiner import CASES, PLAN, ROWS, write_rows
from bench.quality_figures import Sample, progress, reactions, sample, table
from bentos.diabetes.quality.write import ROWS as PEOPLE
from dev.cluster.settings import DEFAULT_NAME
from dev.kube import stack
from dev.kube.client import Kube, KubeFailed, Object, TookTooLong
from dev.kube.model import Model, spec, status_of
from dev.kube.watch import Watch
from dev.traffic import rows
from dev.traffic.process import Traffic
from dev.traffic.summary import lost

NAMESPACE: Final = "bench-quality"
LARGEST_MAP: Final = 1_040_000
"""Bytes of rows in one ConfigMap; the API server takes 1 MiB with the name of the key."""

_SAMPLE_SECONDS = 5.0
_CHANGE_SECONDS = 2.0
_LONGEST_CHECK = 40 * 60.0
_MOST_TRAFFIC = 2 * 3600.0


class Looking:
    """Looks at the operator and the examiner while the ``with`` block runs, and changes the other models' specs."""

    def __init__(self, kube: Kube, others: list[str]) -> None:
        self.samples: list[Sample] = []
        self.examiner_peak = 0
        """KiB resident at most."""
        self._kube = kube
        self._others = others
        self._over = threading.Event()
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._look, self._change)]

    def __enter__(self) -> "Looking":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _look(self) -> None:
        while not self._over.wait(_SAMPLE_SECONDS):
            with suppress(KubeFailed, StopIteration):
                self.samples.append(sample(self._scrape(), time.time(), os.getloadavg()[0]))
            with suppress(KubeFailed, StopIteration):
                self.examiner_peak = max(self.examiner_peak, self._examiner_high_water())

    def _scrape(self) -> str:
        pods = self._kube.list("pods", stack.OPERATOR_NAMESPACE, "app.kubernetes.io/name=tandem")
        name = next(pod["metadata"]["name"] for pod in pods if pod["status"]["phase"] == "Running")
        path = f"/api/v1/namespaces/{stack.OPERATOR_NAMESPACE}/pods/{name}:8081/proxy/metrics"
        return self._kube.kubectl("get", "--raw", path)

    def _examiner_high_water(self) -> int:
        pods = self._kube.list("pods", NAMESPACE, "tandem.dev/examines")
        name = next(pod["metadata"]["name"] for pod in pods if pod["status"].get("phase") == "Running")
        status = self._kube.kubectl("exec", name, f"--namespace={NAMESPACE}", "--", "cat", "/proc/1/status")
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1])

    def _change(self) -> None:
        number = 0
        while not self._over.wait(_CHANGE_SECONDS):
            name, number = self._others[number % len(self._others)], number + 1
            change = {"spec": {"rollout": {"watch": f"{5 + number // len(self._others) % 2}s"}}}
            with suppress(KubeFailed):
                self._kube.patch("modeldeployment", name, NAMESPACE, change)


def main() -> int:
    """Run and print."""
    given = _parser().parse_args()
    # Ended from outside, it removes what it made as it does on Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    kube = Kube(given.cluster)
    stack.make_cluster(kube.name)
    stack.install_operator(kube, stack.load_images(kube.name))
    with (
        TemporaryDirectory(prefix="tandem-bench-") as folder,
        _stage(kube, Path(folder), given.others) as (model, names),
    ):
        return _measure(model, names, given)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.quality", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cluster", default=DEFAULT_NAME, help="which local cluster (%(default)s)")
    parser.add_argument("--cases", type=int, default=10_000, help="edge cases (%(default)s)")
    parser.add_argument("--rows", type=int, default=100_000, help="labelled rows (%(default)s)")
    parser.add_argument("--others", type=int, default=5, help="other models (%(default)s)")
    parser.add_argument("--rate", type=float, default=200, help="limits.rate, requests a second (%(default)s)")
    parser.add_argument("--rest", type=float, default=60, help="seconds measured before and after (%(default)s)")
    return parser


def _measure(model: Model, others: list[str], given: argparse.Namespace) -> int:
    quality = _give_rows(model, given)
    url = f"{model.kube.gateway_url}/{NAMESPACE}"
    with (
        Traffic(url, model.rows, model.out / "outcomes.jsonl", rate=10, seconds=_MOST_TRAFFIC) as traffic,
        Looking(model.kube, others) as looking,
    ):
        began = time.time()
        time.sleep(given.rest)
        asked = model.apply("better", quality=quality)
        report = _verdict(model)
        judged = time.time()
        with suppress(TookTooLong):
            model.wait("Ready")
        again = time.time()
        time.sleep(given.rest)
        outcomes = traffic.stop()
    spans = {"before": (began, asked), "during": (asked, judged), "after": (again, time.time())}
    _print(model, looking, spans)
    losses = len(lost(outcomes))
    print(f"\n{len(outcomes)} requests of callers meanwhile, {losses} lost")
    if report is None:
        print(f"NO verdict within {_LONGEST_CHECK / 60:.0f} minutes: {json.dumps(model.status().get('conditions'))}")
    else:
        print(f"{report['outcome']}: {report['asked']} requests in {judged - asked:.0f} s; {report['message']}")
    return 0 if report is not None and losses == 0 else 1


def _print(model: Model, looking: Looking, spans: dict[str, tuple[float, float]]) -> None:
    history = model.deployments.history()
    reacted = reactions(seen for seen in history if seen.name != model.name)
    told = progress(seen for seen in history if seen.name == model.name)
    phases = {
        name: [each for each in looking.samples if begin <= each.at <= end] for name, (begin, end) in spans.items()
    }
    times = {
        name: [each.seconds for each in reacted if begin <= each.at <= end] for name, (begin, end) in spans.items()
    }
    if short := [name for name, samples in phases.items() if len(samples) < 2]:
        print(f"too few samples to tell anything of {short}: raise --rest")
    else:
        print(table(phases, times))
    print(
        f"\nprogress in status: {len(told)} counts, from {told[0]} to {told[-1]}" if told else "NO progress in status"
    )
    print(f"the examiner: at most {looking.examiner_peak / 1024:.0f} MiB resident, as far as it was seen")


def _verdict(model: Model) -> dict[str, Any] | None:
    """Wait for the candidate's report; None where there is none in time."""

    def report(_: Object) -> Any:
        name = model.revision_of("better")
        return status_of(model.revisions.latest(name) or {}).get("quality") if name is not None else None

    with suppress(TookTooLong):
        found = report(model.until(report, _LONGEST_CHECK, "a verdict"))
        assert isinstance(found, dict)
        return found
    return None


def _give_rows(model: Model, given: argparse.Namespace) -> dict[str, Any]:
    """Have the questions in ConfigMaps; returns the ``spec.quality`` that asks them."""
    folder = model.out / "questions"
    write_rows(folder, given.cases, given.rows)
    sources: dict[str, list[dict[str, str]]] = {}
    size = 0
    for name in (CASES, ROWS):
        sources[name] = []
        for number, part in enumerate(_parts(folder / name / "rows.jsonl")):
            metadata = {"name": f"{name}-{number}", "namespace": NAMESPACE}
            model.kube.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"rows": part}})
            sources[name].append({"configMap": metadata["name"]})
            size += len(part)
    many = sum(map(len, sources.values()))
    python = sys.version.split()[0]
    print(
        f"{os.cpu_count()} CPUs, load average {os.getloadavg()[0]:.1f}, Python {python}; {given.cases} edge cases and "
        f"{given.rows} labelled rows, {size / 2**20:.1f} MiB in {many} ConfigMaps; at most {given.rate:g} requests a "
        f"second; {given.others} other models of one pod, one changed every {_CHANGE_SECONDS:g} s\n",
        flush=True,
    )
    asked = json.loads(json.dumps(PLAN["quality"]))
    asked["edgeCases"]["rows"], asked["slices"]["rows"] = sources[CASES], sources[ROWS]
    return {**asked, "path": "/predict", "limits": {"rate": given.rate, "duration": "30m"}}


def _parts(file: Path) -> Iterator[str]:
    part = ""
    with file.open(encoding="ascii") as lines:
        for line in lines:
            compact = json.dumps(json.loads(line), separators=(",", ":")) + "\n"
            if len(part) + len(compact) > LARGEST_MAP:
                yield part
                part = ""
            part += compact
    yield part


@contextmanager
def _stage(kube: Kube, folder: Path, others: int) -> Iterator[tuple[Model, list[str]]]:
    """Have the models serve: the one to be checked, under traffic of its own, and the others."""
    stack.remove_namespace(kube, NAMESPACE, 180)
    stack.make_namespace(kube, NAMESPACE)
    sent = folder / "people.jsonl"
    people = [json.loads(line)["request"] for line in PEOPLE.read_text(encoding="utf-8").splitlines()]
    rows.write([rows.Row("/predict", json.dumps(each).encode(), {"first": {}}) for each in people], sent)
    names = [f"other-{number}" for number in range(1, others + 1)]
    try:
        with ExitStack() as watches:
            deployments, revisions, routes = (
                watches.enter_context(Watch(kube, kind, NAMESPACE))
                for kind in ("modeldeployments", "modelrevisions", "httproutes")
            )
            model = Model(kube, NAMESPACE, deployments, revisions, routes, sent, folder, name="diabetes")
            kube.apply(*(_other(name) for name in names))
            model.given("first")
            for name in names:
                deployments.until(name, lambda thing: status_of(thing).get("phase") == "Serving", 300, "it serves")
            yield model, names
    finally:
        stack.remove_namespace(kube, NAMESPACE, 180)


def _other(name: str) -> Object:
    return {
        "apiVersion": "tandem.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": spec("first", f"/{NAMESPACE}-{name}"),
    }


if __name__ == "__main__":
    sys.exit(main())

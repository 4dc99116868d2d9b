"""Does the planned number of pods carry the stated peak, and does one pod fewer not?

python -m bench.plan         makes what it needs (cluster, images, operator); about ten minutes

A bento is profiled in the cluster, planned for a peak, and deployed with the planned number of pods. Then it gets the
peak through the gateway, and again with one pod fewer, and so on until the objective breaks. Printed: settings, what
was measured and planned, p99 and failures for each number of pods, and what of the planned number is for what: one pod
to lose, the margin, the times when by chance more requests come at once, and what no fewer can answer at all.
"""

import argparse
import json
import math
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from dev.cluster.settings import DEFAULT_NAME
from dev.kube import stack
from dev.kube.client import Kube
from dev.kube.model import Model
from dev.kube.watch import Watch
from dev.traffic.outcomes import Outcome
from dev.traffic.process import Traffic
from dev.traffic.summary import lateness
from tandem.api.values import duration_seconds

NAMESPACE = "bench-plan"
WARM_SECONDS = 5.0
"""At the beginning of each load, not counted: connections are made."""

CPU = "200m"

MOST_PODS = 6
"""That a machine with two cores carries beside the load generator."""


def main() -> int:
    """Run and print; returns 0 if the planned pods held the objective, and with one lost, too."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.plan", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cluster", default=DEFAULT_NAME, help="which local cluster (%(default)s)")
    parser.add_argument("--version", default="first", help="of the digits (%(default)s)")
    parser.add_argument("--peak", type=float, default=130.0, help="requests a second (%(default)s)")
    parser.add_argument("--p99", default="1s", help="the objective (%(default)s)")
    parser.add_argument("--seconds", type=float, default=30.0, help="of load for each number of pods (%(default)s)")
    given = parser.parse_args()
    kube = Kube(given.cluster)
    stack.make_cluster(kube.name)
    stack.install_operator(kube, stack.load_images(kube.name))
    stack.remove_namespace(kube, NAMESPACE, 120)
    stack.make_namespace(kube, NAMESPACE)
    try:
        with TemporaryDirectory() as folder:
            return _bench(kube, Path(folder), given)
    finally:
        stack.remove_namespace(kube, NAMESPACE, 120)


def _bench(kube: Kube, folder: Path, given: argparse.Namespace) -> int:
    rows = folder / "traffic.jsonl"
    subprocess.run([sys.executable, "-m", "dev.traffic.digits", str(rows)], cwd=stack.REPOSITORY, check=True)
    plan = _plan(kube, folder, rows, given)
    load = f"peak {given.peak:g}/s, {given.seconds:g} s each"
    print(f"settings: digits:{given.version}, limits.cpu {CPU}, p99 {given.p99}, {load}")
    for number in plan["numbers"]:
        print(f"  {number['name']}: {number['value']} ({number['source']})")
    planned = plan["replicas"]
    if planned is None:
        print("no number of pods meets it: nothing to deploy")
        return 1
    if planned > MOST_PODS:
        print(f"{planned} pods are more than this machine carries: nothing is deployed; was it busy when measured?")
        return 1
    objective = duration_seconds(given.p99)
    held: dict[int, bool] = {}
    with ExitStack() as watches:
        deployments, revisions, routes = (
            watches.enter_context(Watch(kube, kind, NAMESPACE))
            for kind in ("modeldeployments", "modelrevisions", "httproutes")
        )
        model = Model(kube, NAMESPACE, deployments, revisions, routes, rows, folder)
        for pods in range(planned, 0, -1):
            _deploy(model, pods, given)
            held[pods] = _load(model, pods, objective, given)
            if not held[pods]:
                break
    return 0 if _verdict(plan, held, given.peak) else 1


def _verdict(plan: dict[str, Any], held: dict[int, bool], peak: float) -> bool:
    """Say what of the plan was needed; true if what it calls enough held, and the least that it could say did not."""
    planned, needed = plan["replicas"], plan["podsForPeak"]
    evenly, answered = (math.ceil(peak / plan[key]) for key in ("podRate", "podSaturated"))
    fewest = min((pods for pods, fine in held.items() if fine), default=None)
    print(
        f"planned {planned}: {planned - needed} to lose, {needed - evenly} by the margin, {evenly - answered} for "
        f"requests that come at once by chance; fewer than {answered} cannot answer so many; fewest that held: {fewest}"
    )
    return bool(held.get(planned) and held.get(needed)) and not held.get(answered - 1, False)


def _spec(p99: str, pods: int) -> dict[str, Any]:
    return {
        "requirements": {"latency": {"p99": p99}},
        "serving": {
            "replicas": {"min": pods},
            "resources": {"requests": {"cpu": "50m"}, "limits": {"cpu": CPU, "memory": "600Mi"}},
        },
    }


def _plan(kube: Kube, folder: Path, rows: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Profile the bento in the cluster and plan it, by the commands that anybody would use."""
    bodies = (json.loads(line) for line in rows.read_text().splitlines())
    (folder / "rows.jsonl").write_text(
        "".join(json.dumps({key: row[key] for key in ("path", "body")}) + "\n" for row in bodies)
    )
    spec = {
        "owners": {"engineering": {"team": "bench", "contact": "bench@example.com"}},
        "model": {"image": f"tandem.local/digits:{given.version}", "service": "Digits"},
        **_spec(given.p99, 1),
        "traffic": {"gateway": {"parentRefs": [{"name": "public", "namespace": "gateway"}]}},
    }
    spec["requirements"]["throughput"] = {"peak": given.peak}
    model = {
        "apiVersion": "tandem.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": "digits"},
        "spec": spec,
    }
    (folder / "model.yaml").write_text(yaml.safe_dump(model))
    tandem = str(Path(sys.executable).with_name("tandem"))
    meter = f"{stack.OPERATOR_IMAGE}:dev"
    words = ["--in-cluster", "-n", NAMESPACE, "--meter", meter, "-f", "model.yaml", "--rows", "rows.jsonl"]
    print(kube.command(tandem, "profile", *words, "--startup", "120s", seconds=400, cwd=folder), flush=True)
    found = kube.command(tandem, "plan", "model.yaml", "-o", "json", "--runs", "0", cwd=folder)
    plan: dict[str, Any] = json.loads(found)
    return plan


def _deploy(model: Model, pods: int, given: argparse.Namespace) -> None:
    model.apply(given.version, **_spec(given.p99, pods))
    model.wait("Ready", seconds=300)
    for number in ("readyReplicas", "replicas"):
        name = model.revision_of(given.version)
        model.kube.wait(f"deployment/{name}", NAMESPACE, f"jsonpath={{.status.{number}}}={pods}", 300)


def _load(model: Model, pods: int, objective: float, given: argparse.Namespace) -> bool:
    url = f"{model.kube.gateway_url}/{NAMESPACE}"
    out = model.out / f"pods-{pods}.jsonl"
    traffic = Traffic(url, model.rows, out, rate=given.peak, seconds=given.seconds, options=["--by-chance"])
    with traffic:
        outcomes = traffic.finish()
    first = min(each.sent for each in outcomes)
    counted = [each for each in outcomes if each.sent >= first + WARM_SECONDS]
    p99, failed = _p99(counted), sum(each.bad for each in counted)
    fine = p99 <= objective and failed <= 0.01 * len(counted)
    print(
        f"{pods} pods: {len(counted)} requests, p99 {1000 * p99:.0f} ms, {failed} failed, "
        f"sent at most {1000 * lateness(counted):.0f} ms late: {'held' if fine else 'BROKEN'}",
        flush=True,
    )
    return fine


def _p99(outcomes: list[Outcome]) -> float:
    """What 99 % of all requests did not exceed; those that failed count as never answered."""
    times = sorted(math.inf if each.bad else each.seconds for each in outcomes)
    return times[max(math.ceil(0.99 * len(times)) - 1, 0)]


if __name__ == "__main__":
    sys.exit(main())

"""How long a failing version hurts: from the first bad response to the last, over five runs.

python -m bench.rollback         makes what it needs (cluster, images, operator); about five minutes

A version that fails on about 30 % of real rows gets 10 % of 50 requests a second. Printed for each run, and as the
median: bad responses, seconds from the first to the last, requests lost otherwise.
"""

import argparse
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from dev.cluster.settings import DEFAULT_NAME
from dev.kube import stack
from dev.kube.client import Kube, until
from dev.kube.model import Model
from dev.kube.watch import Watch
from dev.traffic.summary import BadSpell, lost, spell

NAMESPACE = "bench-rollback"
MOST_SECONDS = 5.0
MOST_RESPONSES = 15
_FEW_BAD = 1
_ANSWERS_AFTERWARDS = 150
"""Answers, three seconds of them, after the route gives it nothing: stragglers count, too."""


def main() -> int:
    """Run and print; returns 0 if the medians are within the bounds and nothing was lost otherwise."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.rollback", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cluster", default=DEFAULT_NAME, help="which local cluster (%(default)s)")
    parser.add_argument("--runs", type=int, default=5, help="how many (%(default)s)")
    given = parser.parse_args()
    kube = Kube(given.cluster)
    stack.make_cluster(kube.name)
    stack.install_operator(kube, stack.load_images(kube.name))
    losses = 0
    spells: list[BadSpell] = []
    with TemporaryDirectory() as folder, _model(kube, Path(folder)) as model:
        for run in range(1, given.runs + 1):
            bad, others = _run(model, run)
            print(
                f"run {run}: {bad.count} bad responses in {bad.seconds:.1f} s; {others} requests lost otherwise",
                flush=True,
            )
            spells.append(bad)
            losses += others
    seconds = statistics.median(bad.seconds for bad in spells)
    responses = statistics.median(bad.count for bad in spells)
    print(
        f"median of {len(spells)}: {responses:.0f} bad responses in {seconds:.1f} s; {losses} requests lost otherwise"
    )
    fine = seconds <= MOST_SECONDS and responses <= MOST_RESPONSES and losses == 0
    print(f"{'within' if fine else 'NOT within'} {MOST_RESPONSES} responses, {MOST_SECONDS:.0f} s, none lost otherwise")
    return 0 if fine else 1


@contextmanager
def _model(kube: Kube, folder: Path) -> Iterator[Model]:
    rows = folder / "rows.jsonl"
    subprocess.run([sys.executable, "-m", "dev.traffic.digits", str(rows)], cwd=stack.REPOSITORY, check=True)
    stack.remove_namespace(kube, NAMESPACE, 120)
    stack.make_namespace(kube, NAMESPACE)
    with ExitStack() as watches:
        deployments, revisions, routes = (
            watches.enter_context(Watch(kube, kind, NAMESPACE))
            for kind in ("modeldeployments", "modelrevisions", "httproutes")
        )
        model = Model(kube, NAMESPACE, deployments, revisions, routes, rows, folder)
        yield model.given("better", rollout={"steps": [{"weight": 10, "hold": "30s"}, {"weight": 50, "hold": "10s"}]})
    stack.remove_namespace(kube, NAMESPACE, 120)


def _run(model: Model, run: int) -> tuple[BadSpell, int]:
    """Try the failing version once; each run is an attempt of its own, with fresh evidence."""
    with model.traffic(name=f"run-{run}") as traffic:
        model.apply("failing", rollout={"attempt": f"run {run}"})
        model.until(lambda _thing: sum(o.bad for o in traffic.outcomes()) >= _FEW_BAD, 180, "a bad response")
        model.wait("Stalled")
        model.until(lambda _thing: model.live_weight("failing") == 0, 30, "no weight on the rejected version")
        answered = len(traffic.outcomes())
        until(lambda: len(traffic.outcomes()) >= answered + _ANSWERS_AFTERWARDS, 60, "answers after the rollback")
        outcomes = traffic.stop()
    return spell(outcomes, lambda outcome: outcome.bad), len(lost(outcomes, broken=["failing"]))


if __name__ == "__main__":
    sys.exit(main())

"""Canaries on the real cluster: what bad versions cost and healthy ones take, beside what was foretold.

python -m bench.canary            makes what it needs (cluster, images, operator); about an hour and a half
python -m bench.canary --quick    a smoke test, about ten minutes once the cluster is there

Bad versions get 10 % of the requests at first, and fail on a given share of them, or are slow; each is rolled out
several times, at each rate. Beside that the same model is rolled out as another revision again and again. Each has a
model of its own, so that they are tried side by side. Every figure is printed as it is measured. Returns 1 if a
healthy version was sent back, a request was lost that no bad version answered, or a rollout could not be measured;
never for how long something took.
"""

import argparse
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from bench.canary.cluster import NotTried, Stage, held_out_rows, try_bad, try_healthy
from bench.canary.findings import Findings
from bench.canary.foretold import Case, foretell, time_limit
from bench.canary.plan import ERRORS, Bad, failing_version, slow_version
from bench.canary.report import foretold_table, setting, with_tables
from dev.cluster.settings import DEFAULT_NAME
from dev.kube import stack
from dev.kube.client import Kube, KubeFailed
from dev.kube.model import SentBack
from dev.traffic.process import TrafficFailed
from dev.traffic.rows import Row

NOT_MEASURED = (NotTried, KubeFailed, SentBack, TrafficFailed)
DOCUMENT = stack.REPOSITORY / "docs" / "judge-measured.md"
HEALTHY_LIMIT = 300.0
"""Seconds that a healthy rollout is given beyond three times what was foretold: its pods start, and it is watched."""

_console = Console(width=200 if not sys.stdout.isatty() else None)


def main() -> int:
    """Run what is asked for; see the module for what is returned."""
    given = _parsed()
    measured_on = setting()
    _console.print(measured_on)
    kube = Kube(given.cluster)
    stack.make_cluster(kube.name)
    stack.install_operator(kube, stack.load_images(kube.name))
    with TemporaryDirectory() as folder:
        sent = held_out_rows(Path(folder))
        bads = _bad_versions(given, sent)
        foretold = {bad: foretell(Case(bad.rate, bad.share, bad.metric)) for bad in bads}
        good = Case(given.healthy_rate, 0.0, ERRORS, given.healthy_budget / 100)
        findings = Findings(measured_on, foretold, foretell(good), given.markdown)
        _console.print(foretold_table(findings.foretold, findings.good).shown(), "")
        try:
            _try_side_by_side(kube, Path(folder), sent, findings, given)
        finally:
            for table in findings.tables():
                _console.print(table.shown(), "")
        if given.write_docs:
            DOCUMENT.write_text(with_tables(DOCUMENT.read_text(), findings.markdown()))
    for complaint in findings.complaints():
        _say(complaint)
    return 1 if findings.complaints() else 0


def _try_side_by_side(
    kube: Kube, folder: Path, sent: Sequence[Row], findings: Findings, given: argparse.Namespace
) -> None:
    """Try each rate's versions, and the healthy ones, on a stage each; when one cannot go on, all end."""
    over = threading.Event()

    def on_stage(name: str, attempt: Callable[[Stage], None]) -> None:
        own = folder / name
        own.mkdir()
        with Stage(kube, own, f"bench-canary-{name}".replace(".", "-"), sent, over) as stage:
            attempt(stage)

    with ThreadPoolExecutor(len(given.rates) + 1) as pool:
        try:
            tried = [
                pool.submit(on_stage, f"{rate:g}", partial(_try_bad_versions, findings, rate, given.runs))
                for rate in given.rates
            ]
            if given.healthy:
                tried.append(pool.submit(on_stage, "healthy", partial(_try_healthy_versions, findings, given.healthy)))
            for each in as_completed(tried):
                each.result()
        finally:
            over.set()


def _try_bad_versions(findings: Findings, rate: float, runs: int, stage: Stage) -> None:
    """Roll out each bad version of this rate so many times."""
    for bad, foretold in findings.foretold.items():
        if bad.rate != rate:
            continue
        for run in range(1, runs + 1):
            what = f"{bad.rate:g}/s, {bad.name}, run {run}"
            try:
                trial = try_bad(stage, bad, run, time_limit(foretold.sent_back))
            except NOT_MEASURED as error:
                _not_measured(stage, findings, f"{what}: not measured: {error}")
                continue
            findings.add_trial(bad, trial)
            _say(f"{what}: {trial.sentence()}")


def _try_healthy_versions(findings: Findings, number: int, stage: Stage) -> None:
    """Roll out the same model so many times in a row."""
    case, limit = findings.good.case, HEALTHY_LIMIT + time_limit(findings.good.promoted)
    for each in range(1, number + 1):
        what = f"{case.rate:g}/s, healthy rollout {each}"
        try:
            found = try_healthy(stage, each, case, limit)
        except NOT_MEASURED as error:
            _not_measured(stage, findings, f"{what}: not measured: {error}")
            continue
        findings.add_healthy(found)
        _say(f"{what}: {found.sentence()}")


def _not_measured(stage: Stage, findings: Findings, what: str) -> None:
    findings.unmeasured.append(what)
    _say(what)
    stage.spoil()


def _say(line: str) -> None:
    _console.print(line, markup=False, soft_wrap=True)


def _bad_versions(given: argparse.Namespace, rows: Sequence[Row]) -> list[Bad]:
    found = []
    for rate in given.rates:
        found += [failing_version(rate, percent / 100, rows) for percent in given.shares]
        found += [slow_version(rate)] if given.slow else []
    return found


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.canary", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cluster", default=DEFAULT_NAME, help="which local cluster (%(default)s)")
    parser.add_argument("--rates", type=float, nargs="+", default=[20.0, 100.0], help="requests a second (20 100)")
    parser.add_argument("--shares", type=float, nargs="*", default=[2.0, 5.0, 20.0, 100.0], help="percent that fail")
    parser.add_argument("--slow", action=argparse.BooleanOptionalAction, default=True, help="the slow version, too")
    parser.add_argument("--runs", type=int, default=5, help="rollouts of each bad version at each rate (%(default)s)")
    parser.add_argument("--healthy", type=int, default=20, help="rollouts of the same model in a row (%(default)s)")
    parser.add_argument("--healthy-rate", type=float, default=20.0, help="requests a second under them (%(default)s)")
    parser.add_argument(
        "--healthy-budget",
        type=float,
        default=2.0,
        help="percent that each of them may cost: more is quicker (%(default)s)",
    )
    parser.add_argument("--markdown", type=Path, help="write the tables there, too, after each rollout")
    parser.add_argument(
        "--write-docs", action="store_true", help="write the tables into docs/judge-measured.md at the end"
    )
    parser.add_argument(
        "--quick", action="store_true", help="a smoke test: one run of three versions, two healthy ones"
    )
    given = parser.parse_args()
    if given.quick:
        given.rates, given.shares, given.runs, given.healthy = given.rates[:1], [20.0, 100.0], 1, 2
    return given


if __name__ == "__main__":
    sys.exit(main())

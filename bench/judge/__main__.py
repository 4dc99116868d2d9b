"""How well the judge decides, on simulated traffic, beside the rules that others use.

python -m bench.judge              all of it, about half an hour on two cores; writes the tables and plots of docs/
python -m bench.judge --quick      a smoke test, about a minute; its figures mean little, and nothing is written
python -m bench.judge --only G3    one goal, or one of the further tables; nothing is written

The same seeds give the same figures. Returns 0 if every goal is met.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any, Final

import numpy as np
from rich.console import Console

from bench.judge.checks import Check
from bench.judge.cost import Cost, cost
from bench.judge.goals import GOALS, Goal, Scale, cost_check
from bench.judge.ours import SHARP, SHIPPED
from bench.judge.plots import write_plots
from bench.judge.sections import SECTIONS
from bench.judge.tables import Table
from bench.judge.traffic import SEED
from bench.judge.trials import Comparison, Results, Trial

PROCESSES: Final = 2
QUICK: Final = Scale(runs=20, tick=10.0, look=10.0, rates=(1.0, 10.0, 100.0))
DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
BEGIN, END = "<!-- written by make bench-judge: begin -->", "<!-- written by make bench-judge: end -->"
NAMES: Final = (*(goal.number for goal in GOALS), "G10", *(section.name for section in SECTIONS))

_console = Console(width=160 if not sys.stdout.isatty() else None)


def main() -> int:
    """Run what is asked for, print it, and write the documents if it was all of it."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.judge", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a smoke test")
    parser.add_argument("--runs", type=int, default=Scale.runs, help="rollouts of each bad version (%(default)s)")
    parser.add_argument(
        "--tick", type=float, default=Scale.tick, help="seconds between looks in single steps (%(default)s)"
    )
    parser.add_argument("--only", action="append", choices=NAMES, help="one goal or table; may be repeated")
    given = parser.parse_args()
    scale = QUICK if given.quick else Scale(given.runs, given.tick)
    chosen = set(given.only or NAMES)
    begun = time.monotonic()
    described = setting(scale)
    _console.print(described)
    goals = [goal for goal in GOALS if goal.number in chosen]
    sections = [section for section in SECTIONS if section.name in chosen]
    parts: list[tuple[str, list[Trial[Any]]]] = [(goal.number, list(goal.trials(scale))) for goal in goals]
    parts += [(section.name, list(section.trials(scale))) for section in sections]
    results = measure(dict(parts))
    measured = cost() if "G10" in chosen else None
    checks = [(goal, check) for goal in goals for check in goal.checks(scale, results)]
    tables = [*goal_tables(checks, measured), *(t for part in sections for t in part.tables(scale, results))]
    for table in tables:
        _console.print(table.shown(), "")
    took = time.monotonic() - begun
    _console.print(f"took {took:.0f} s")
    if not given.quick and not given.only:
        path = DOCS / "judge-measured.md"
        path.write_text(with_tables(path.read_text(), f"Measured on {described}; {took / 60:.0f} minutes.", tables))
        write_plots(scale, results, DOCS / "images")
    met = [check.met(check.figures[goal.judge]) for goal, check in checks]
    return 0 if all(met) and (measured is None or _cost_met(measured)) else 1


def setting(scale: Scale) -> str:
    """Return in one line on what and how this was measured."""
    return (
        f"{os.cpu_count()} cores (load {os.getloadavg()[0]:.1f}, nice {os.nice(0)}, {PROCESSES} processes), "
        f"Python {platform.python_version()}, numpy {np.__version__}, seed {SEED}, a look every {scale.tick:g} s "
        f"(at 0.1/s every 10 s; in whole rollouts {scale.look:g} s, or as ten requests come in), "
        f"{scale.runs:,} rollouts of each bad version at each rate, {scale.alarms:,} for G1 and G9, "
        f"{scale.troubles:,} under trouble"
    )


def measure(parts: Mapping[str, Sequence[Trial[Any]]]) -> Results:
    """Measure each experiment once, the longest first, and say which goals and tables have all of theirs."""
    waiting = sorted({trial: None for trials in parts.values() for trial in trials}, key=_effort, reverse=True)
    begun = time.monotonic()
    found: dict[Trial[Any], Any] = {}
    open_ = {name: set(trials) for name, trials in parts.items()}
    with ProcessPoolExecutor(PROCESSES) as pool:
        running = {pool.submit(trial.measure): trial for trial in waiting}
        for future in as_completed(running):
            found[running[future]] = future.result()
            complete = [name for name, trials in open_.items() if trials <= found.keys()]
            for name in complete:
                del open_[name]
                passed = time.monotonic() - begun
                _console.print(f"{passed:5.0f} s  {len(found):3d} of {len(waiting)} experiments, {name} complete")
    return Results(found)


def goal_tables(checks: Sequence[tuple[Goal, Check]], measured: Cost | None) -> Iterable[Table]:
    """Return the table of goals, and that of the judge's cost."""
    rows = [_goal_row(goal.number, goal.judge, check) for goal, check in checks]
    if measured is not None:
        rows.append(_goal_row("G10", SHIPPED.name, cost_check(measured)))
    note = (
        f"**{SHIPPED.name}**: the defaults. **{SHARP.name}**: any difference counts, and the comparison may spend 1 % "
        "by itself instead of 0.4 %. In bold the one that must meet the goal. Seconds and bad responses are medians."
    )
    yield Table("Goals", note, ["goal", "figure", "asked", SHIPPED.name, SHARP.name, "met"], rows)
    if measured is not None:
        row = [f"{measured.median:.1f} ms", f"{measured.slowest:.1f} ms", f"{measured.alone:.2f} ms"]
        yield Table(
            "Cost of a look",
            "Processor time, counts in, verdicts out; 4 metrics.",
            ["1,000 rollouts", "the slowest of 100", "one rollout"],
            [row],
        )


def _goal_row(number: str, judge: str, check: Check) -> list[str]:
    texts = {name: check.text(name) for name in (SHIPPED.name, SHARP.name)}
    texts[judge] = f"**{texts[judge]}**"
    met = "yes" if check.met(check.figures[judge]) else "**NO**"
    return [number, check.what, check.asked, texts[SHIPPED.name], texts[SHARP.name], met]


def _cost_met(measured: Cost) -> bool:
    check = cost_check(measured)
    return check.met(check.figures[SHIPPED.name])


def _effort(trial: Trial[Any]) -> tuple[bool, int]:
    return isinstance(trial, Comparison), getattr(trial, "runs", 0)


def with_tables(document: str, line: str, tables: Sequence[Table]) -> str:
    """Return the document with these tables between its two marks. ``ValueError`` where a mark is missing."""
    before, begin, rest = document.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"put the lines {BEGIN!r} and {END!r} where the tables are to be")
    return before + "\n".join([BEGIN, "", line, "", *(table.markdown() for table in tables), END]) + after


if __name__ == "__main__":
    sys.exit(main())

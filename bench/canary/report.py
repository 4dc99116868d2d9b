"""The tables: what was measured beside what was foretold."""

import math
import os
import platform
import statistics
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from bench.canary.foretold import RUNS, Floats, Foretold, quantile, time_limit
from bench.canary.measured import Healthy, Trial
from bench.canary.plan import LATE, LATENESS, STEPS, Bad
from bench.judge.tables import Table
from dev.kube.stack import REPOSITORY

BEGIN, END = "<!-- written by make bench-canary: begin -->", "<!-- written by make bench-canary: end -->"
COLUMNS: Final = (
    "requests", "version", "bad of its responses", "sent back", "seconds", "foretold", "with the lag",
    "bad responses", "foretold", "with the lag", "lag, s", "bad of stable's", "lost otherwise",
)  # fmt: skip


def setting() -> str:
    """Return in one line on what this is measured."""
    return (
        f"{os.cpu_count()} cores (load {os.getloadavg()[0]:.1f} at the start, nice {os.nice(0)}), "
        f"Python {platform.python_version()}, commit {_commit()}"
    )


def _commit() -> str:
    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=REPOSITORY, capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    changed = ", with changes" if git("status", "--porcelain", "--untracked-files=no") else ""
    return (git("rev-parse", "--short", "HEAD") or "unknown") + changed


def bad_table(trials: Mapping[Bad, Sequence[Trial]], foretold: Mapping[Bad, Foretold]) -> Table:
    """Return the table of bad versions: a row for each that was tried at least once."""
    note = (
        f"First step {STEPS[0][0]:.0%}. Seconds from the first bad response to the last; median (least to most), where "
        f"foretold median (5 % to 95 %) of {RUNS:,} simulated rollouts. Foretold: up to the look that decides, had the "
        "judge known of every answer at once; of slow answers, once they are overdue. Lag: measured, from that look "
        "until the route was written: reading pods, judging, writing; with it requests go on for so long. Bad of "
        "stable's: in the same way, in all runs; the judge is slower where they come in spells."
    )
    rows = [_bad_row(bad, found, foretold[bad]) for bad, found in trials.items() if found]
    return Table("Bad versions on a real cluster", note, COLUMNS, rows)


def _bad_row(bad: Bad, trials: Sequence[Trial], foretold: Foretold) -> list[str]:
    back = [trial for trial in trials if trial.ending == "sent back"]
    lags = [trial.lag for trial in back if trial.lag is not None]
    overdue = LATE if bad.metric == LATENESS else 0.0
    seconds, bad_ones = foretold.after(overdue)
    late_seconds, late_ones = foretold.after(overdue + max(0.0, statistics.median(lags or [0.0])))
    answers = sum(trial.answers for trial in trials)
    return [
        f"{bad.rate:g}/s",
        bad.name,
        f"{sum(trial.bad for trial in trials) / answers:.1%}" if answers else "",
        f"{len(back)} of {len(trials)}",
        _measured([trial.seconds for trial in back], 1),
        _simulated(seconds, 1),
        _simulated(late_seconds, 1) if lags else "",
        _measured([trial.bad for trial in back], 0),
        _simulated(bad_ones, 0),
        _simulated(late_ones, 0) if lags else "",
        _measured(lags, 1),
        f"{sum(trial.stable_bad for trial in trials)}",
        f"{sum(trial.lost for trial in trials)}",
    ]


def healthy_table(found: Sequence[Healthy], foretold: Foretold) -> Table:
    """Return the table of healthy revisions, one row each, and what came of all of them in its note."""
    back = sum(each.ending == "sent back" for each in found)
    promoted = [each.promoted for each in found if each.ending == "promoted" and each.promoted is not None]
    note = (
        f"The same model as another revision, {foretold.case.rate:g} requests a second, budget "
        f"{foretold.case.budget * 100:g} %. {back} of {len(found)} sent "
        f"back, {sum(each.lost for each in found)} of {sum(each.requests for each in found):,} requests lost. Seconds "
        f"from the first requests to all of them: {_measured(promoted, 0) or 'none yet'}, foretold "
        f"{_simulated(foretold.promoted, 0)}."
    )
    columns = ["rollout", "ended", "until its first requests, s", "until all, s", "watched, s", "requests", "lost"]
    rows = [
        [
            f"{each.number}",
            f"{each.ending}: {each.reason}" if each.reason else each.ending,
            *(f"{seconds:.0f}" if seconds is not None else "" for seconds in _times(each)),
            f"{each.requests:,}",
            f"{each.lost}",
        ]
        for each in found
    ]
    return Table("Healthy versions on a real cluster", note, columns, rows)


def _times(each: Healthy) -> tuple[float | None, float | None, float | None]:
    return each.started, each.promoted, each.watched


def foretold_table(foretold: Mapping[Bad, Foretold], good: Foretold) -> Table:
    """Return what is foretold, before anything is measured."""
    rows = [_foretold_row(bad.name, found, found.sent_back) for bad, found in foretold.items()]
    rows.append(_foretold_row("is healthy", good, good.promoted))
    columns = ["requests", "version", "sent back", "promoted", "seconds", "waited for, s"]
    note = "Seconds from the first requests until it is sent back, or the healthy one is promoted."
    return Table("Foretold", note, columns, rows)


def _foretold_row(name: str, found: Foretold, seconds: Floats) -> list[str]:
    back, promoted = (f"{np.isfinite(ended).mean():.1%}" for ended in (found.sent_back, found.promoted))
    return [f"{found.case.rate:g}/s", name, back, promoted, _simulated(seconds, 1), f"{time_limit(seconds):.0f}"]


def _measured(values: Sequence[float], digits: int) -> str:
    if not values:
        return ""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def _simulated(values: npt.ArrayLike, digits: int) -> str:
    middle, low, high = (quantile(values, share) for share in (0.5, 0.05, 0.95))
    if math.isnan(middle):
        return ""
    return f"{_number(middle, digits)} ({_number(low, digits)} to {_number(high, digits)})"


def _number(value: float, digits: int) -> str:
    return "never" if math.isinf(value) else f"{value:.{digits}f}"


def markdown(measured_on: str, tables: Iterable[Table]) -> str:
    """Return the tables as Markdown, with what they were measured on."""
    return "\n".join([f"Measured on {measured_on}.", "", *(table.markdown() for table in tables)])


def with_tables(document: str, text: str) -> str:
    """Return the document with this text between its two marks. ``ValueError`` where a mark is missing."""
    before, begin, rest = document.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"put the lines {BEGIN!r} and {END!r} where the tables are to be")
    return f"{before}{BEGIN}\n\n{text}\n{END}{after}"

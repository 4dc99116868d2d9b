"""The report as rich renderables."""

import math
from collections import Counter
from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from dev.demo.chart import axis, lines
from dev.demo.report import Refused, Report, Rollback
from dev.traffic.summary import VersionSummary

_WIDEST_CHART = 84
_FRAME = 16
"""Columns that the frame and the names take."""

_COLOURS = ("cyan", "green", "red", "magenta", "yellow")
_SHOWN_LOSSES = 10


def render(report: Report, how_to_go_on: Mapping[str, str], width: int) -> RenderableType:
    """Return the whole report for a screen of ``width`` columns; ``how_to_go_on`` has commands by what they are for."""
    return Group(
        _versions(report),
        _weights(report, max(20, min(_WIDEST_CHART, width - _FRAME))),
        *(_rollback(each) for each in report.rollbacks),
        *(_refused(each) for each in report.refused),
        _losses(report),
        _commands(how_to_go_on),
    )


def _versions(report: Report) -> Table:
    seconds = report.ended - report.started
    table = Table(
        title=f"{report.requests} requests in {seconds:.0f} s, by the version that answered", title_justify="left"
    )
    table.add_column("version")
    for name in ("requests", "bad", "of which 5xx", "p50", "p99"):
        table.add_column(name, justify="right")
    for summary in report.versions:
        table.add_row(*_cells(summary))
    return table


def _cells(summary: VersionSummary) -> tuple[str, ...]:
    name = "no version said" if summary.version == "?" else summary.version
    errors = summary.kinds.get("server_error", 0)
    return name, str(summary.requests), str(summary.bad), str(errors), _ms(summary.p50), _ms(summary.p99)


def _ms(seconds: float) -> str:
    return "-" if math.isnan(seconds) else f"{seconds * 1000:.0f} ms"


def _weights(report: Report, width: int) -> Panel:
    seconds = max(report.ended - report.started, 1.0)
    rows = Table.grid(padding=(0, 1))
    rows.add_column(no_wrap=True, min_width=8)
    rows.add_column(no_wrap=True)
    for number, (name, bars) in enumerate(lines(report.weights, seconds, width)):
        rows.add_row(name, Text(bars, style=_COLOURS[number % len(_COLOURS)]))
    marks = [mark for mark in report.marks if mark[0] >= 0]
    for number, line in enumerate(axis(marks, seconds, width)):
        rows.add_row("" if number else "applied", Text(line, style="dim"))
    return Panel(rows, title=f"Share of the requests, from 0 to {seconds:.0f} s", title_align="left")


def _rollback(rollback: Rollback) -> Panel:
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column()
    facts.add_row(
        "bad responses", f"{rollback.bad_responses}, within {rollback.bad_seconds:.1f} s from the first to the last"
    )
    facts.add_row("sent back", f"{rollback.seconds_to_decide:.1f} s after its first answer")
    facts.add_row("because", f"{rollback.reason}: {rollback.message}")
    return Panel(facts, title=f"Rolled back by itself: {rollback.version}", title_align="left")


def _refused(refused: Refused) -> Panel:
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column()
    facts.add_row("requests", f"0 of users; {refused.asked} questions that its owners wrote down")
    facts.add_row("refused", f"{refused.seconds:.0f} s after it was applied, start included")
    facts.add_row("because", refused.message)
    return Panel(facts, title=f"Refused before its first request: {refused.version}", title_align="left")


def _losses(report: Report) -> Panel:
    title = "Requests lost outside the broken versions' own answers"
    if not report.lost:
        return Panel(f"[bold green]0 of {report.requests}[/]", title=title, title_align="left", border_style="green")
    said = Counter(f"{loss.kind} {loss.status or ''} of {loss.version}: {loss.detail}" for loss in report.lost)
    shown = "\n".join(f"{count} times {what}" for what, count in said.most_common(_SHOWN_LOSSES))
    text = Text(f"{len(report.lost)} of {report.requests}\n{shown}")
    return Panel(text, title=title, title_align="left", border_style="red")


def _commands(commands: Mapping[str, str]) -> Panel:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for purpose, command in commands.items():
        table.add_row(purpose, command)
    return Panel(table, title="What to look at next", title_align="left")

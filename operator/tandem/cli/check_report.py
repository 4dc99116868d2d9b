"""Writing the report of an examination: for people, for machines, for a pull request."""

import json
from collections.abc import Callable, Mapping
from typing import Final

from tandem.examiner.details import Details
from tandem.quality.outcome import Outcome
from tandem.quality.report import GATES, Gate, Report

MOST_TOLD: Final = 5
"""Findings of a gate that are told to people; machines get more."""

_WORDS: Final = {Outcome.MISSED: "missed", Outcome.TOO_FEW: "too few rows to tell"}


def text(name: str, report: Report) -> str:
    """Return it for a terminal."""
    lines = [f"{name} {_verdict(report)}: {report.asked} requests asked"]
    for gate in _gates(report):
        lines.append(f"  {gate.name:14} {_state(gate):7} {_counts(gate)}")
        lines += [f"    {said}" for said in _told(gate)]
    return "\n".join(lines)


def markdown(name: str, report: Report) -> str:
    """Return it for a pull request."""
    lines = [f"### `{name}` {_verdict(report)}", "", "| gate | | met | missed | too few rows to tell |"]
    lines.append("|---|---|---|---|---|")
    lines += [
        f"| {gate.name} | {_state(gate)} | {gate.met} | {gate.missed} | {gate.too_few} |" for gate in _gates(report)
    ]
    told = [f"- {escaped(said)}" for gate in _gates(report) for said in _told(gate)]
    return "\n".join([*lines, "", *told])


def as_json(name: str, report: Report) -> str:
    """Return it for machines: the same document that a revision's status holds."""
    return json.dumps({"name": name, **report.to_dict()}, indent=2, ensure_ascii=False)


WRITERS: Final[Mapping[str, Callable[[str, Report], str]]] = {"text": text, "json": as_json, "markdown": markdown}


def details_text(details: Details) -> str:
    """Return what was asked, expected and got, as JSON lines."""
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in details.kept())


def _gates(report: Report) -> list[Gate]:
    return [report.gates[name] for name in GATES if name in report.gates]


def _told(gate: Gate) -> list[str]:
    """Say what did not come out well: some of it in full, so that what else there is can still be seen."""
    said = [f"{_WORDS[each.outcome]}: {each.why}" for each in gate.findings[:MOST_TOLD]]
    more = gate.missed + gate.too_few - len(said)
    return [*said, f"and {more} more"] if more > 0 else said


def _verdict(report: Report) -> str:
    return "passed" if report.passed else "is refused"


def _state(gate: Gate) -> str:
    return "refused" if gate.failed else "passed"


def _counts(gate: Gate) -> str:
    few = f", {gate.too_few} with too few rows to tell" if gate.too_few else ""
    return f"{gate.met} met, {gate.missed} missed{few}"


def escaped(words: str) -> str:
    """Names come from rows: they are text, never markup."""
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>|#" else letter for letter in words)

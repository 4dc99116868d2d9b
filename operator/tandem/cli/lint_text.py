"""What ``tandem lint`` found, as text for people and as JSON."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from tandem.readiness import Finding, Outcome, told
from tandem.readiness.contract import AGAINST

if TYPE_CHECKING:
    from tandem.cli.linted import Linted

FORMAT: Final = 1
NOT_IN_ORDER: Final = "TDM000"
"""What the API server would refuse: no check, and no waiver helps."""


def text(found: "Sequence[Linted]") -> str:
    """Return each finding with file, line, why and fix, and a summary."""
    lines = [line for model in found for line in _model(model)]
    if any(AGAINST in _because(model.findings) for model in found):
        lines.append(f"not compared with what ran before: see {AGAINST}")
    return "\n".join([*lines, _summary(found)])


def _model(model: "Linted") -> Iterator[str]:
    for problem in model.problems:
        yield f"{problem.path}:{problem.line}: error {NOT_IN_ORDER} {model.name}: {problem.field}: {problem.what}"
    for each in told(model.findings):
        question, waiver = each.check.question, each.waiver
        place = f"{model.document.path}:{model.document.line(each.answer.where)}"
        if waiver is not None:
            until = f"until {waiver.until}: {waiver.reason}"
            yield f"{place}: waived {question.id} {model.name}: {each.answer.message} ({until})"
            continue
        unknown = "not known: " if each.answer.outcome is Outcome.UNKNOWN else ""
        yield f"{place}: {each.severity.lower()} {question.id} {model.name}: {unknown}{each.answer.message}"
        yield f"    why: {question.why}"
        yield f"    fix ({question.side}): {each.fix}"
        yield from (f"        {line}" for line in question.snippet.splitlines())
    unknown_for = _because(model.findings)
    for because in unknown_for.keys() - {AGAINST}:
        yield f"{model.document.path}: {model.name}: not known because of {because}: {', '.join(unknown_for[because])}"


def _because(findings: Sequence[Finding]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in findings:
        if each.answer.outcome is Outcome.UNKNOWN and each.answer.because is not None:
            found.setdefault(each.answer.because, []).append(each.check.id)
    return found


def _summary(found: "Sequence[Linted]") -> str:
    counts: Counter[str] = Counter()
    for model in found:
        counts["error"] += len(model.problems)
        for each in told(model.findings):
            counts["waived" if each.waiver else each.severity.lower()] += 1
    words = [_plural(counts[kind], kind) for kind in ("error", "warning")]
    models = _plural(len(found), "model")
    return f"{models}: {', '.join(words)}, {counts['info']} to know, {counts['waived']} waived"


def _plural(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def as_json(found: "Sequence[Linted]") -> str:
    """Return every check of every model, those that pass among them; docs/readiness.md describes the keys."""
    models = [
        {
            "file": model.document.path,
            "line": model.document.line(),
            "name": model.name,
            "tier": model.deployment.spec.tier if model.deployment else None,
            "problems": [{"line": each.line, "field": each.field, "message": each.what} for each in model.problems],
            "checks": [_check(model, each) for each in model.findings],
        }
        for model in found
    ]
    return json.dumps({"format": FORMAT, "models": models}, indent=2)


def _check(model: "Linted", found: Finding) -> dict[str, Any]:
    answer, question = found.answer, found.check.question
    common = {"check": found.check.id, "outcome": answer.outcome, "title": question.title, "message": answer.message}
    if answer.outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE):
        return common
    return {
        **common,
        "severity": found.severity,
        "side": question.side,
        "line": model.document.line(answer.where),
        "why": question.why,
        "fix": found.fix,
        **({"because": answer.because} if answer.because else {}),
        **({"waivedUntil": found.waiver.until} if found.waiver else {}),
    }

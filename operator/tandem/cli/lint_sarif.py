"""What ``tandem lint`` found, as SARIF 2.1.0: for code review, where a finding is shown at its line."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from tandem.cli.lint_text import NOT_IN_ORDER
from tandem.readiness import CHECKS, Check, Finding, Outcome, Severity, told

if TYPE_CHECKING:
    from tandem.cli.linted import Linted

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def sarif(found: "Sequence[Linted]") -> str:
    """Return all findings as one run; what is waived is suppressed, with the reason."""
    rules = [_not_in_order(), *map(_rule, CHECKS)]
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    results = [result | {"ruleIndex": index[result["ruleId"]]} for model in found for result in _results(model)]
    driver = {"name": "tandem lint", "rules": rules}
    return json.dumps(
        {"$schema": SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}
    )


def _rule(check: Check) -> dict[str, Any]:
    question = check.question
    return {
        "id": question.id,
        "shortDescription": {"text": question.title},
        "fullDescription": {"text": question.why},
        "help": {"text": f"{question.fix}\n\n{question.snippet}".strip()},
        "properties": {"side": question.side, "tags": ["readiness"]},
    }


def _not_in_order() -> dict[str, Any]:
    return {"id": NOT_IN_ORDER, "shortDescription": {"text": "The API server takes the object"}}


def _results(model: "Linted") -> "Iterator[dict[str, Any]]":
    for problem in model.problems:
        yield _result(model, NOT_IN_ORDER, "error", f"{problem.field}: {problem.what}", problem.line)
    for each in told(model.findings):
        unknown = "not known: " if each.answer.outcome is Outcome.UNKNOWN else ""
        message = f"{unknown}{each.answer.message}. {each.fix}"
        line = model.document.line(each.answer.where)
        yield _result(model, each.check.id, LEVELS[each.severity], message, line) | _suppression(each)


def _result(model: "Linted", rule: str, level: str, message: str, line: int) -> dict[str, Any]:
    place = {"artifactLocation": {"uri": model.document.path}, "region": {"startLine": line}}
    return {
        "ruleId": rule,
        "level": level,
        "message": {"text": f"{model.name}: {message}"},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"model/check": f"{model.name}/{rule}"},
    }


def _suppression(found: Finding) -> dict[str, Any]:
    if found.waiver is None:
        return {}
    return {"suppressions": [{"kind": "external", "justification": f"{found.waiver.reason} ({found.waiver.until})"}]}

"""What goes into status of what the checks found: bounded, as everybody who watches hears of it."""

from collections.abc import Iterable
from typing import Final

from tandem.api.status import ReadinessFinding
from tandem.readiness.report import Finding, told

MOST: Final = 40
LONGEST: Final = 400


def recorded(findings: Iterable[Finding]) -> tuple[ReadinessFinding, ...]:
    """Return the checks that do not pass, what weighs most first, as status holds them."""
    return tuple(_record(each) for each in told(findings)[:MOST])


def _record(found: Finding) -> ReadinessFinding:
    return ReadinessFinding.model_validate(
        {
            "check": found.check.id,
            "outcome": found.answer.outcome.value,
            "severity": found.severity.value,
            "side": found.check.question.side.value,
            "message": _short(found.answer.message),
            "fix": _short(found.fix),
            "waivedUntil": found.waiver.until if found.waiver else None,
        }
    )


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}\N{HORIZONTAL ELLIPSIS}"

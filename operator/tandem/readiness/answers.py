"""What a check answers, and how much its answer weighs."""

from dataclasses import dataclass
from enum import StrEnum

Where = tuple[str | int, ...]
"""A field of the object, as people write it: ``("spec", "requirements", "latency")``."""


class Outcome(StrEnum):
    """What became of a check."""

    PASS = "Pass"  # noqa: S105
    FAIL = "Fail"
    UNKNOWN = "Unknown"
    """It could not be found out; never counted as a pass."""
    NOT_APPLICABLE = "NotApplicable"
    """Nothing is asked of this model here."""


class Severity(StrEnum):
    """How much a failing check weighs. The tier decides."""

    ERROR = "Error"
    WARNING = "Warning"
    INFO = "Info"

    @property
    def rank(self) -> int:
        """0 for what weighs most."""
        return list(Severity).index(self)


class Side(StrEnum):
    """Who can put it right."""

    DATA_SCIENCE = "DataScience"
    ENGINEERING = "Engineering"
    BOTH = "Both"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a check found in one object.

    ``message``: what is wrong, with this object's numbers. ``where``: the field to change. ``fix`` and ``severity``:
    where this object needs another than the check's own. ``because``: the check that tells the cause of an Unknown, so
    that one cause is one finding.
    """

    outcome: Outcome
    message: str
    where: Where = ()
    fix: str | None = None
    severity: Severity | None = None
    because: str | None = None


def passes(message: str) -> Answer:
    """Return that all is well, and what makes it so."""
    return Answer(Outcome.PASS, message)


def fails(message: str, *where: str | int, fix: str | None = None, severity: Severity | None = None) -> Answer:
    """Return what is wrong."""
    return Answer(Outcome.FAIL, message, where, fix, severity)


def unknown(message: str, *where: str | int, because: str | None = None, fix: str | None = None) -> Answer:
    """Return what keeps it from being known."""
    return Answer(Outcome.UNKNOWN, message, where, fix, because=because)


def not_applicable(message: str) -> Answer:
    """Return why nothing is asked here."""
    return Answer(Outcome.NOT_APPLICABLE, message)

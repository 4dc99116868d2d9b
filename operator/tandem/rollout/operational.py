"""OperationallyReady: whether what production needs is declared and consistent. It is told, and decides nothing."""

from collections import Counter
from typing import Final, Literal

from tandem.api.status import Condition, ReadinessFinding
from tandem.rollout.draft import Draft

OPERATIONALLY_READY: Final = "OperationallyReady"
NAMED: Final = 5
"""Checks that the condition names; status.readiness has them all."""

Finding = tuple[Literal["True", "False", "Unknown"], str, str]
"""Status, reason and message of a condition."""


def as_told(condition: Condition | None) -> Finding | None:
    """Return what a condition says, if there is one: it stands until something else is found."""
    return (condition.status, condition.reason, condition.message) if condition is not None else None


def known_readiness(draft: Draft) -> list[ReadinessFinding] | None:
    """Return what was found last; None if nobody has looked yet."""
    seen = draft.seen.readiness
    return draft.previous.readiness if seen is None else list(seen)


def operationally_ready(draft: Draft) -> Finding | None:
    """Return the condition; None if nobody has looked yet."""
    findings = known_readiness(draft)
    if findings is None:
        return None
    counting = [each for each in findings if each.waived_until is None]
    errors = [each for each in counting if each.severity == "Error"]
    counts = Counter(each.severity for each in counting)
    said = f"{counts['Error']} errors, {counts['Warning']} warnings, {len(findings) - len(counting)} waived"
    if not errors:
        return ("True", "ChecksPass", f"no readiness check of severity Error fails: {said}")
    named = "; ".join(f"{each.check}: {each.message}" for each in errors[:NAMED])
    more = f"; and {len(errors) - NAMED} more, see status.readiness" if len(errors) > NAMED else ""
    return ("False", "ChecksFail", f"{said}: {named}{more}. Nothing that runs is held up by this")

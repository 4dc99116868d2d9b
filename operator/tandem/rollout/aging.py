"""Stale and ReviewDue: a declaration grows old without anybody changing it, and says so on the day. It decides nothing.

Both come and go at midnight, UTC, by the same days as the readiness checks TDM031 and TDM030; a waiver of the check
holds the condition back too. They speak of what is declared, whichever version serves meanwhile.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Final

from tandem.api.dates import day, last_day_within
from tandem.api.spec import ModelDeploymentSpec
from tandem.api.values import duration_seconds
from tandem.rollout.operational import Finding
from tandem.rollout.sides import BOTH, DATA_SCIENCE, called

STALE: Final = "Stale"
REVIEW_DUE: Final = "ReviewDue"
_CHECKS: Final = {STALE: "TDM031", REVIEW_DUE: "TDM030"}


def aged(spec: ModelDeploymentSpec, now: datetime) -> dict[str, Finding]:
    """Return the conditions that the date alone has made true."""
    told = {STALE: _stale, REVIEW_DUE: _review_due}
    return {type_: told[type_](spec) for type_, first in _first_days(spec).items() if first <= now.date()}


def seconds_until_older(spec: ModelDeploymentSpec, now: datetime) -> float | None:
    """Return the seconds until the date makes another condition true; None if none is to come."""
    coming = [first for first in _first_days(spec).values() if first > now.date()]
    if not coming:
        return None
    return (datetime.combine(min(coming), datetime.min.time(), UTC) - now).total_seconds()


def _first_days(spec: ModelDeploymentSpec) -> dict[str, date]:
    """Return the first day of each condition that will ever be true."""
    longest, trained = spec.requirements.max_age, spec.model.trained
    last: dict[str, date | None] = {
        STALE: last_day_within(day(trained), duration_seconds(longest)) if longest and trained else None,
        REVIEW_DUE: day(spec.review_by) if spec.review_by else None,
    }
    waived = {waiver.check: day(waiver.until) for waiver in spec.waivers or []}
    found = {}
    for type_, until in last.items():
        first = None if until is None else last_day_within(max(until, waived.get(_CHECKS[type_], until)), _DAY)
        if first is not None:
            found[type_] = first
    return found


_DAY: Final = timedelta(days=1).total_seconds()


def _stale(spec: ModelDeploymentSpec) -> Finding:
    old = f"the model was trained on {spec.model.trained} and may be at most {spec.requirements.max_age} old"
    what = "train it anew, or find that it is still good and raise requirements.maxAge"
    return ("True", "ModelTooOld", f"{old}. {called(spec.owners, DATA_SCIENCE)} to act: {what}")


def _review_due(spec: ModelDeploymentSpec) -> Finding:
    due = f"this declaration was to be looked at again by {spec.review_by}"
    what = "look at it together, change what is no longer true, and set the next spec.reviewBy"
    return ("True", "ReviewOverdue", f"{due}. {called(spec.owners, BOTH)} to act: {what}")

"""When a status is worth a write: what somebody may act upon at once, mere words and counts at most every few seconds.

Every write is heard of by everybody who watches, ourselves included: with many models that is what everything costs.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from tandem.api.revision import ModelRevisionStatus
from tandem.api.status import ModelDeploymentStatus
from tandem.cluster.kinds import Object

DETAILS_EVERY: Final = timedelta(seconds=5)
"""A status in which only sentences and counts differ is written at most this often."""

_COUNTS: Final = frozenset({"replicas", "readyReplicas", "weight"})


def deployment_due(
    before: ModelDeploymentStatus, after: ModelDeploymentStatus, written: datetime | None, now: datetime
) -> float | None:
    """Return in how many seconds a ModelDeployment's status is to be written; None if it says what it said.

    ``written`` is when that was last done, if this process did it.
    """
    old, new = before.to_dict(), after.to_dict()
    return _due(old != new, _without_words(old) != _without_words(new), written, now)


def revision_due(
    before: ModelRevisionStatus, after: ModelRevisionStatus, written: datetime | None, now: datetime
) -> float | None:
    """Return the same for a ModelRevision's status; the counts in it are repeated from elsewhere."""
    old, new = before.to_dict(), after.to_dict()
    return _due(old != new, _without_counts(old) != _without_counts(new), written, now)


def soonest(*seconds: float | None) -> float | None:
    """Return the least of some waits in seconds; None waits for nothing."""
    return min((given for given in seconds if given is not None), default=None)


def _due(differs: bool, matters: bool, written: datetime | None, now: datetime) -> float | None:
    if not differs:
        return None
    if matters or written is None:
        return 0.0
    return max(0.0, (written + DETAILS_EVERY - now).total_seconds())


def _without_words(status: Object) -> dict[str, Any]:
    conditions = [{key: value for key, value in c.items() if key != "message"} for c in status.get("conditions", [])]
    return {**{key: value for key, value in status.items() if key != "waitingFor"}, "conditions": conditions}


def _without_counts(status: Object) -> dict[str, Any]:
    return {key: value for key, value in status.items() if key not in _COUNTS}

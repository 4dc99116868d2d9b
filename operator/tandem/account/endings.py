"""How a wait for a model ends: what was waited for has come about, or cannot come about any more."""

from tandem.account.seen import Seen
from tandem.account.until import Until


def ending(seen: Seen, until: Until) -> bool | None:
    """Return True when what is waited for has come about, False when it cannot without somebody's doing; else None.

    What Tandem said of an older spec counts for nothing: a version that was just declared is not ready yet.
    """
    status, meta = seen.deployment.status, seen.deployment.metadata
    if meta.deletion_timestamp is not None:
        return False
    if (status.observed_generation or 0) < meta.generation:
        return None
    holds = {condition.type for condition in status.conditions or [] if condition.status == "True"}
    ready, stalled = "Ready" in holds, "Stalled" in holds
    serving, rejected = ready and status.fallback is None, stalled and status.rejected is not None
    came = {
        Until.READY: ready,
        Until.SERVING: serving,
        Until.REJECTED: rejected,
        Until.STALLED: stalled,
        Until.SETTLED: serving or stalled,
    }
    if came[until]:
        return True
    # A stalled rollout may go on once its image can be pulled: only what was sent back is an end for who waits.
    over = rejected if until in (Until.READY, Until.SERVING) else serving if until is not Until.SETTLED else False
    return False if over else None

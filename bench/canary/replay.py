"""When the judge would have decided on the very answers that the caller saw, had it known of each at once.

What the operator took longer is the price of reading pods and writing the route: it is measured, not foretold.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from bench.canary.foretold import FOLLOWING, LOOK, SETTINGS, Ints
from bench.canary.plan import ALLOWED, LATE, Bad
from dev.traffic.outcomes import UNKNOWN, Outcome
from tandem.judge import KINDS, Batch, VerdictKind, add_batch, judge_batch, next_step_batch

Weights = Sequence[tuple[float, float]]
"""From when on (seconds since the epoch) the route gave the candidate which share."""

_ROLL_BACK: Final = KINDS.index(VerdictKind.ROLL_BACK)


def lag(bad: Bad, outcomes: Sequence[Outcome], weights: Weights) -> float | None:
    """Return the seconds from the look that would have decided until the route gave the candidate nothing any more.

    A look comes every half second, the operator's at other moments than these: a single lag may be off by one look
    either way. None where these answers decide nothing, or the route was never taken back.
    """
    moment = decided(bad, outcomes, weights)
    taken_back = next((at for at, share in weights if share == 0.0), None)
    return taken_back - moment if moment is not None and taken_back is not None else None


def decided(bad: Bad, outcomes: Sequence[Outcome], weights: Weights) -> float | None:
    """Return the moment of the look at which these answers send the candidate back; None if at none."""
    if not weights or not outcomes:
        return None
    begun = weights[0][0]
    rising = [at for at, share in weights if share > 0.0]
    batch, step = Batch.begin(1, ALLOWED), 0
    for look, counts in enumerate(looks(bad, outcomes, begun)):
        moment = begun + (look + 1) * LOOK
        weighed = min(sum(at < moment for at in rising), len(FOLLOWING)) - 1
        if weighed > step:
            batch, step = next_step_batch(batch, np.ones(1, dtype=bool)), weighed
        batch = add_batch(batch, *(counts[None, :, part] for part in range(4)))
        if judge_batch(batch, SETTINGS, FOLLOWING[[step]]).kind[0] == _ROLL_BACK:
            return moment
    return None


def looks(bad: Bad, outcomes: Sequence[Outcome], begun: float) -> Ints:
    """Return what each look finds, [looks, metrics, 4]: the candidate's requests and bad ones, then stable's.

    An answer counts when it is there; as too late as soon as it is overdue. What names no version reached no pod.
    """
    known = [outcome for outcome in outcomes if outcome.version != UNKNOWN]
    stable = np.array([outcome.version != bad.version for outcome in known], dtype=bool)
    answered = np.array([outcome.answered for outcome in known], dtype=float)
    overdue = np.array([outcome.sent + LATE for outcome in known], dtype=float)
    failed = np.array([outcome.status >= 500 for outcome in known], dtype=bool)
    moments = (answered, np.minimum(answered, overdue))
    last = max((outcome.answered for outcome in known), default=begun)
    found = np.zeros((max(0, int((last - begun) // LOOK) + 1), len(ALLOWED), 4), dtype=np.int64)
    for metric, (at, is_bad) in enumerate(zip(moments, (failed, answered > overdue), strict=True)):
        look = np.floor((at - begun) / LOOK).astype(np.int64)
        counted = look >= 0
        np.add.at(found, (look[counted], metric, 2 * stable[counted]), 1)
        np.add.at(found, (look[counted & is_bad], metric, 2 * stable[counted & is_bad] + 1), 1)
    return found

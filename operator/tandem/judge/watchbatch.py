"""Many watch windows judged at once: a promoted version against the record of its predecessor, as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tandem.judge import states
from tandem.judge.batch import ADVANCE, HOLD, ROLL_BACK, STABLE, UNDECIDED, Batch, BatchVerdict
from tandem.judge.gates import Array, Integers, Numbers, absolute_pass_increment, finite_exp, log_mean
from tandem.judge.rules import RULES, WATCH_PART, Rules, Settings


@dataclass(frozen=True, slots=True, eq=False)
class WatchBatch:
    """Evidence of many watch windows under the same metrics; counts are requests and bad ones on a last axis of two.

    ``record``: what the predecessor left, in the rollout and before; ``since``: what the version has had since its
    promotion; ``lately``: what it has had since the evidence against it was at its lowest (``lowest``, a log), which is
    where it went bad if it did. ``factor``: what evidence is divided by. ``caps``, (metrics,): most that one look
    counts for, in the log.
    """

    record: Integers
    since: Integers
    lately: Integers
    lowest: Array
    factor: Array
    absolute: Array
    caps: Array

    @classmethod
    def begin(
        cls, batch: Batch, caps: Sequence[float], allowed: Numbers | None = None, rules: Rules = RULES
    ) -> "WatchBatch":
        """Return the evidence at the moment of promotion.

        What is tolerated from now on comes from the record that the old stable left in the rollout's evidence and from
        the objectives: ``allowed`` for the new version's own, where they differ from those that the rollout was judged
        by.
        """
        rollout = batch.rollout[..., STABLE]
        record, counted = states.record(batch.before, rollout), batch.before + rollout
        factor = states.dispersion_factor(batch.dispersion, rules)
        shares = batch.allowed if allowed is None else np.asarray(allowed, dtype=float)
        return cls(
            record=counted,
            since=np.zeros_like(counted),
            lately=np.zeros_like(counted),
            lowest=np.zeros(factor.shape),
            factor=factor,
            absolute=states.absolute_begin(states.tolerated_share(shares, record, factor, rules)),
            caps=np.asarray(caps, dtype=float),
        )


def add_watch_batch(batch: WatchBatch, total: Numbers, bad: Numbers) -> WatchBatch:
    """Return the batch with what the new versions answered since the last call: (rollouts, metrics) each."""
    shape = batch.lowest.shape
    increment = np.stack([np.broadcast_to(np.asarray(part, dtype=np.int64), shape) for part in (total, bad)], axis=-1)
    if np.any(increment[..., 1] < 0) or np.any(increment[..., 1] > increment[..., 0]):
        raise ValueError("impossible counts: they must satisfy 0 <= bad <= total")
    asked = increment[..., 0] > 0
    caps = np.broadcast_to(batch.caps, shape)[asked]
    absolute, lowest, lately = batch.absolute.copy(), batch.lowest.copy(), batch.lately.copy()
    absolute[asked] = states.absolute_after(absolute[asked], increment[asked], batch.factor[asked], caps)
    log = states.absolute_log(absolute[asked])
    rising = log > lowest[asked]
    lately[asked] = np.where(rising[:, None], lately[asked] + increment[asked], 0)
    lowest[asked] = np.minimum(log, lowest[asked])
    return replace(batch, since=batch.since + increment, lately=lately, lowest=lowest, absolute=absolute)


def judge_watch_batch(batch: WatchBatch, settings: Settings, rules: Rules = RULES) -> BatchVerdict:
    """Return what the evidence says of each promoted version.

    RollBack; Hold: suspicious, not enough to send it back; Advance: shown to be good; Undecided: neither. There is
    nobody to compare with at the same time: an outage that would hit every version speaks against this one too.
    """
    absolute = states.absolute_log(batch.absolute)
    against = finite_exp(log_mean(absolute))
    increment = absolute_pass_increment(batch.since[..., 0], batch.since[..., 1], batch.absolute[..., 0])
    passing = log_mean(increment / batch.factor[..., None])
    earned = passing.min(axis=1) >= np.log(1.0 / settings.false_advance)
    suspicious = against >= rules.hold_at
    kind = np.where(
        suspicious,
        np.where(against >= settings.threshold(WATCH_PART), ROLL_BACK, HOLD),
        np.where(earned, ADVANCE, UNDECIDED),
    )
    metric = np.where(suspicious, absolute.argmax(axis=1), passing.argmin(axis=1))
    return BatchVerdict(kind, suspicious.astype(np.int64) * 2, metric, against, finite_exp(passing))

"""Many rollouts judged at once: what the judge remembers as arrays, and the one implementation of how it changes.

The operator judges its rollouts as batches of one; simulations run thousands. Every array begins with the axes
(rollouts, metrics). Counts are requests and bad ones of the candidate, then of stable, on a last axis of four.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from tandem.judge import states
from tandem.judge.gates import Array, Integers, Numbers, absolute_pass_increment, finite_exp, log_mean
from tandem.judge.rules import RELATIVE_PART, RULES, UNCOMPARED_PART, Rules, Settings, VerdictKind

Flags = npt.NDArray[np.bool_]

CANDIDATE: Final = slice(0, 2)
STABLE: Final = slice(2, 4)

KINDS: Final = (VerdictKind.UNDECIDED, VerdictKind.ADVANCE, VerdictKind.HOLD, VerdictKind.ROLL_BACK)
"""Coding of verdicts in arrays: the index in this tuple."""

GATES: Final = ("passing", "relative", "absolute")
"""Coding of what a verdict rests on: evidence for the candidate, its comparison with stable, or its own record where
stable answers nothing in a step."""

UNDECIDED, ADVANCE, HOLD, ROLL_BACK = range(4)
PASSING, RELATIVE, ABSOLUTE = range(3)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Evidence of many rollouts under the same metrics.

    ``allowed``: the bad share that each metric's objective grants. ``rollout``, ``step``, ``pending``: counts of the
    whole rollout, of its step and of the unfinished block. The others are the gates' states: see `tandem.judge.states`.
    """

    allowed: Array
    rollout: Integers
    step: Integers
    pending: Integers
    dispersion: Array
    relative: Array
    passing: Array
    absolute: Array

    @classmethod
    def begin(cls, rollouts: int, allowed: Sequence[float], dispersion: Array | None = None) -> "Batch":
        """Return the evidence before the first request.

        ``dispersion``: what was learned of stable before, such as `Batch.dispersion` of an earlier batch.
        """
        shape = (rollouts, len(allowed))
        shares = np.broadcast_to(np.asarray(allowed, dtype=float), shape)
        counts = np.zeros((*shape, 4), dtype=np.int64)
        start = np.asarray(states.DISPERSION if dispersion is None else dispersion, dtype=float)
        tolerated = states.tolerated_share(shares, counts[..., STABLE], 1.0, RULES)
        return cls(
            allowed=shares,
            rollout=counts,
            step=counts,
            pending=counts,
            dispersion=np.broadcast_to(start, (*shape, len(states.DISPERSION))),
            relative=np.zeros((*shape, len(states.RELATIVE))),
            passing=np.zeros((*shape, len(states.PASSING))),
            absolute=states.absolute_begin(tolerated),
        )

    @property
    def uncompared(self) -> Flags:
        """Where stable answered nothing in this step: there is only the objective and its record to compare with."""
        flags: Flags = self.step[..., 2] == 0
        return flags


@dataclass(frozen=True, slots=True, eq=False)
class BatchVerdict:
    """What the evidence says of each rollout.

    ``kind`` and ``gate`` are coded by `KINDS` and `GATES`; ``metric`` is the index of the metric that caused it. All
    have the shape (rollouts,), as has ``against``: the e-value against the candidate, the mean over the metrics.
    ``passing``, (rollouts, metrics): e-values for the candidate.
    """

    kind: Integers
    gate: Integers
    metric: Integers
    against: Array
    passing: Array


def add_batch(
    batch: Batch,
    candidate: Numbers,
    candidate_bad: Numbers,
    stable: Numbers,
    stable_bad: Numbers,
    rules: Rules = RULES,
) -> Batch:
    """Return the batch with what came in since the last call: requests and bad ones, (rollouts, metrics) each.

    Where there were none, nothing changes. ``ValueError`` for impossible counts.
    """
    increment = _counts(batch.allowed.shape, (candidate, candidate_bad, stable, stable_bad))
    pending, step = batch.pending + increment, batch.step + increment
    factor = states.dispersion_factor(batch.dispersion, rules)
    alone = (step[..., 2] == 0) & (increment[..., 0] > 0)
    absolute = batch.absolute
    if alone.any():
        absolute = absolute.copy()
        absolute[alone] = states.absolute_after(
            absolute[alone], increment[alone][:, CANDIDATE], factor[alone], rules.cap
        )
    changed = replace(batch, rollout=batch.rollout + increment, step=step, pending=pending, absolute=absolute)
    full = (pending[..., 0] > 0) & (pending[..., 2] > 0) & (pending[..., 0] + pending[..., 2] >= rules.smallest_block)
    return _use_blocks(changed, full, factor, rules) if full.any() else changed


def next_step_batch(batch: Batch, which: Flags, rules: Rules = RULES) -> Batch:
    """Return the batch with these rollouts (shape (rollouts,)) at the start of another step, that is another weight.

    What speaks against the candidate is carried on. What speaks for it is begun afresh: a version that bore 1 % of the
    load has not shown yet that it bears 50 %. The unfinished block is dropped, as it would mix two weights.
    """
    if not which.any():
        return batch
    left = ~which[:, None, None]
    factor = states.dispersion_factor(batch.dispersion[which], rules)
    absolute = batch.absolute.copy()
    absolute[which, :, 0] = states.tolerated_share(
        batch.allowed[which], batch.rollout[which][..., STABLE], factor, rules
    )
    return replace(
        batch, step=batch.step * left, pending=batch.pending * left, passing=batch.passing * left, absolute=absolute
    )


def judge_batch(
    batch: Batch, settings: Settings, next_share: Numbers | None = None, rules: Rules = RULES
) -> BatchVerdict:
    """Return what the evidence says of each rollout.

    ``next_share``: the share of requests that each rollout's next step gives, (rollouts,); else that of the settings.
    """
    passing = _pass_log(batch, pass_limit(batch, settings, next_share), rules)
    rollouts = len(passing)
    earned = passing.min(axis=1) >= np.log(1.0 / settings.false_advance)
    kind = np.where(earned, ADVANCE, UNDECIDED)
    gate = np.full(rollouts, PASSING)
    metric = passing.argmin(axis=1)
    relative = states.relative_log(batch.relative)
    against = finite_exp(log_mean(relative))
    gates = [(RELATIVE, relative, against, settings.threshold(RELATIVE_PART))]
    if batch.uncompared.any():
        absolute = np.where(batch.uncompared, states.absolute_log(batch.absolute), -np.inf)
        gates.append((ABSOLUTE, absolute, finite_exp(log_mean(absolute)), settings.threshold(UNCOMPARED_PART)))
    for number, logs, e_value, needed in gates:
        found = np.where(e_value >= needed, ROLL_BACK, np.where(e_value >= rules.hold_at, HOLD, UNDECIDED))
        stronger = (found >= HOLD) & (found >= kind)
        kind, gate = np.where(stronger, found, kind), np.where(stronger, number, gate)
        metric = np.where(stronger, logs.argmax(axis=1), metric)
        against = np.where(stronger, e_value, against)
    return BatchVerdict(kind, gate, metric, against, finite_exp(passing))


def pass_limit(batch: Batch, settings: Settings, next_share: Numbers | None = None) -> Array:
    """Return by how much a candidate may be worse than stable, or how bad where stable answers nothing."""
    share = settings.next_share if next_share is None else np.asarray(next_share, dtype=float)[:, None]
    margin = settings.margins(share)
    limit: Array = np.where(batch.uncompared, np.minimum(batch.allowed + margin, 0.99), margin)
    return limit


def _counts(shape: tuple[int, ...], parts: tuple[Numbers, ...]) -> Integers:
    counts = np.stack([np.broadcast_to(np.asarray(part, dtype=np.int64), shape) for part in parts], axis=-1)
    if np.any(counts[..., 1::2] < 0) or np.any(counts[..., 1::2] > counts[..., ::2]):
        raise ValueError("impossible counts: they must satisfy 0 <= bad <= total")
    return counts


def _use_blocks(batch: Batch, full: Flags, factor: Array, rules: Rules) -> Batch:
    blocks, divisor = batch.pending[full], factor[full]
    pending, relative = batch.pending.copy(), batch.relative.copy()
    passing, dispersion = batch.passing.copy(), batch.dispersion.copy()
    pending[full] = 0
    relative[full] = states.relative_after(relative[full], blocks, divisor, rules)
    passing[full] = states.passing_after(passing[full], blocks, divisor)
    dispersion[full] = states.dispersion_after(dispersion[full], blocks[:, 2], blocks[:, 3])
    return replace(batch, pending=pending, relative=relative, passing=passing, dispersion=dispersion)


def _pass_log(batch: Batch, limit: Array, rules: Rules) -> Array:
    log = log_mean(states.passing_logs(batch.passing, limit))
    alone = batch.uncompared
    if alone.any():
        seen, factor = batch.step[alone], states.dispersion_factor(batch.dispersion[alone], rules)
        increment = absolute_pass_increment(seen[:, 0], seen[:, 1], limit[alone])
        log[alone] = log_mean(increment / factor[:, None])
    return log

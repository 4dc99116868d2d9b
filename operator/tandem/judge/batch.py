"""Many rollouts judged at once: what the judge remembers as arrays, and the one implementation of how it changes.

The operator judges its rollouts as batches of one; simulations run thousands. Every array begins with the axes
(rollouts, metrics). Counts are requests and bad ones of the candidate, then of stable, on a last axis of four.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import EllipsisType
from typing import Final

import numpy as np

from tandem.judge import states
from tandem.judge.gates import (
    Array,
    Flags,
    Integers,
    Numbers,
    absolute_pass_increment,
    bet_stakes,
    finite_exp,
    log_mean,
)
from tandem.judge.rules import RELATIVE_PART, RULES, UNCOMPARED_PART, Rules, Settings, VerdictKind

CANDIDATE: Final = slice(0, 2)
STABLE: Final = slice(2, 4)

KINDS: Final = (VerdictKind.UNDECIDED, VerdictKind.ADVANCE, VerdictKind.HOLD, VerdictKind.ROLL_BACK)
"""Coding of verdicts in arrays: the index in this tuple."""

GATES: Final = ("passing", "relative", "absolute", "holding")
"""Coding of what a verdict rests on: evidence for the candidate, its comparison with stable, its own record where
stable answers nothing in a step, or a metric that can do no more than hold."""

GUESSED: Final = 200
"""Requests that count as seen, with as many bad ones as the objective grants, before stable's share is known."""

FAVOURED: Final = 0.75
"""Part of the stake for a candidate on the one bet that suits stable's share best, once that is known for sure."""

UNDECIDED, ADVANCE, HOLD, ROLL_BACK = range(4)
PASSING, RELATIVE, ABSOLUTE, HOLDING = range(4)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Evidence of many rollouts under the same metrics.

    ``allowed``: the bad share that each metric's objective grants. ``decides``: which metrics may send a version back
    and must pass; the others only hold it while the candidate fares worse under them than stable. ``warmed``: whether
    dispersion was learned of stable before the rollout; ``before``: stable's requests and bad ones of that time.
    ``rollout``, ``step``, ``pending``: counts of the whole rollout, of its step and of the unfinished block. The others
    are the gates' states: see `tandem.judge.states`.
    """

    allowed: Array
    decides: Flags
    warmed: Flags
    before: Integers
    rollout: Integers
    step: Integers
    pending: Integers
    dispersion: Array
    relative: Array
    passing: Array
    absolute: Array

    @classmethod
    def begin(
        cls,
        rollouts: int,
        allowed: Sequence[float],
        dispersion: Array | None = None,
        decides: Sequence[bool] | None = None,
        warmed: Flags | None = None,
        before: Integers | None = None,
    ) -> "Batch":
        """Return the evidence before the first request.

        ``dispersion``: what was learned of stable before, as `HistoryBatch.dispersion`; None where nothing was.
        ``warmed``: where that was enough, as `HistoryBatch.enough`; everywhere by default, if anything was learned.
        ``before``: requests and bad ones of that time, as `HistoryBatch.counts`. ``decides``: one flag a metric, all
        by default.
        """
        shape = (rollouts, len(allowed))
        shares = np.broadcast_to(np.asarray(allowed, dtype=float), shape)
        counts = np.zeros((*shape, 4), dtype=np.int64)
        start = np.asarray(states.DISPERSION if dispersion is None else dispersion, dtype=float)
        tolerated = states.tolerated_share(shares, counts[..., STABLE], 1.0, RULES)
        return cls(
            allowed=shares,
            decides=np.broadcast_to(np.ones(shape[1], dtype=bool) if decides is None else np.asarray(decides), shape),
            warmed=np.broadcast_to(dispersion is not None if warmed is None else warmed, shape),
            before=np.zeros((*shape, 2), dtype=np.int64) if before is None else before,
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
    have the shape (rollouts,), as has ``against``: the e-value against the candidate, the mean over the metrics (of a
    verdict that rests on a holding metric: that metric's). ``passing``: e-values for the candidate,
    (rollouts, metrics).
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
    absolute, record = batch.absolute.copy(), states.record(batch.before[which], batch.rollout[which][..., STABLE])
    absolute[which, :, 0] = states.tolerated_share(batch.allowed[which], record, factor, rules)
    return replace(
        batch, step=batch.step * left, pending=batch.pending * left, passing=batch.passing * left, absolute=absolute
    )


def judge_batch(
    batch: Batch, settings: Settings, next_share: Numbers | None = None, rules: Rules = RULES
) -> BatchVerdict:
    """Return what the evidence says of each rollout.

    ``next_share``: the share of requests that each rollout's next step gives, (rollouts,); else that of the settings.
    """
    passing = _pass_log(batch, settings, next_share, rules)
    worst = np.where(batch.decides, passing, np.inf)
    relative = states.relative_log(batch.relative)
    against = _mean_e(relative, batch.decides)
    earned = worst.min(axis=1) >= np.log(1.0 / settings.false_advance)
    found = BatchVerdict(
        kind=np.where(earned, ADVANCE, UNDECIDED),
        gate=np.full(len(earned), PASSING),
        metric=worst.argmin(axis=1),
        against=against,
        passing=finite_exp(passing),
    )
    if not batch.decides.all():
        found = _held(found, relative, ~batch.decides, rules)
    found = _spoken(found, RELATIVE, np.where(batch.decides, relative, -np.inf), against, settings, rules)
    alone = batch.uncompared & batch.decides
    if alone.any():
        absolute = np.where(alone, states.absolute_log(batch.absolute), -np.inf)
        found = _spoken(found, ABSOLUTE, absolute, _mean_e(absolute, batch.decides), settings, rules)
    return found


def pass_limit(batch: Batch, settings: Settings, next_share: Numbers | None = None) -> Array:
    """Return by how much a candidate may be worse than stable, or how bad where stable answers nothing."""
    share = settings.next_share if next_share is None else np.asarray(next_share, dtype=float)[:, None]
    margin = settings.margins(share)
    limit: Array = np.where(batch.uncompared, np.minimum(batch.allowed + margin, 0.99), margin)
    return limit


def _mean_e(logs: Array, decides: Flags) -> Array:
    """Return the mean of the deciding metrics' e-values: the mean of e-values is one, their largest is not."""
    ours = np.where(decides, logs, -np.inf)
    part = decides.mean(axis=1)
    return finite_exp(log_mean(ours) - np.log(part))


def _spoken(
    found: BatchVerdict, gate: int, logs: Array, e_value: Array, settings: Settings, rules: Rules
) -> BatchVerdict:
    """Return the verdict where this gate speaks against the candidate at least as strongly as what was found so far."""
    needed = settings.threshold(RELATIVE_PART if gate == RELATIVE else UNCOMPARED_PART)
    kind = np.where(e_value >= needed, ROLL_BACK, np.where(e_value >= rules.hold_at, HOLD, UNDECIDED))
    stronger = (kind >= HOLD) & (kind >= found.kind)
    return replace(
        found,
        kind=np.where(stronger, kind, found.kind),
        gate=np.where(stronger, gate, found.gate),
        metric=np.where(stronger, logs.argmax(axis=1), found.metric),
        against=np.where(stronger, e_value, found.against),
    )


def _held(found: BatchVerdict, relative: Array, holding: Flags, rules: Rules) -> BatchVerdict:
    logs = np.where(holding, relative, -np.inf)
    e_value = finite_exp(logs.max(axis=1))
    held = e_value >= rules.hold_at
    return replace(
        found,
        kind=np.where(held, HOLD, found.kind),
        gate=np.where(held, HOLDING, found.gate),
        metric=np.where(held, logs.argmax(axis=1), found.metric),
        against=np.where(held, e_value, found.against),
    )


def _counts(shape: tuple[int, ...], parts: tuple[Numbers, ...]) -> Integers:
    counts = np.stack([np.broadcast_to(np.asarray(part, dtype=np.int64), shape) for part in parts], axis=-1)
    if np.any(counts[..., 1::2] < 0) or np.any(counts[..., 1::2] > counts[..., ::2]):
        raise ValueError("impossible counts: they must satisfy 0 <= bad <= total")
    return counts


def _use_blocks(batch: Batch, full: Flags, factor: Array, rules: Rules) -> Batch:
    """Return the batch after the blocks that are full. Mostly all are: then nothing is picked out and put back."""
    rows = ... if full.all() else full
    blocks = batch.pending[rows]
    kept = np.where(batch.decides[rows], 1.0, states.HELD_MEMORY)[..., None]
    return replace(
        batch,
        pending=np.where(full[..., None], 0, batch.pending),
        relative=_put(
            batch.relative, rows, states.relative_after(batch.relative[rows] * kept, blocks, factor[rows], rules)
        ),
        passing=_put(batch.passing, rows, states.passing_after(batch.passing[rows], blocks)),
        dispersion=_put(
            batch.dispersion, rows, states.dispersion_after(batch.dispersion[rows], blocks[..., 2], blocks[..., 3])
        ),
    )


def _put(before: Array, rows: Flags | EllipsisType, after: Array) -> Array:
    """Return an array with these rows replaced."""
    if isinstance(rows, EllipsisType):
        return after
    whole = before.copy()
    whole[rows] = after
    return whole


def pass_stakes(batch: Batch, settings: Settings, next_share: Numbers | None = None) -> Array:
    """Return how the stake for each candidate is split over the bets: from what was known before the step began.

    That is stable's share of bad requests until then, as far as it is known, and that a step gives about half of what
    the next one will. The split stays what it is throughout the step: so the e-value is a mixture of e-processes that
    begin with the step, which is one.
    """
    share = settings.next_share if next_share is None else np.asarray(next_share, dtype=float)[:, None]
    known = batch.before + (batch.rollout - batch.step)[..., STABLE]
    seen = known[..., 0] + GUESSED
    level = (known[..., 1] + GUESSED * batch.allowed) / seen
    return bet_stakes(level, settings.margins(share), share / (2.0 - share), FAVOURED * known[..., 0] / seen)


def _pass_log(batch: Batch, settings: Settings, next_share: Numbers | None, rules: Rules) -> Array:
    limit = pass_limit(batch, settings, next_share)
    factor = states.passing_factor(batch.dispersion, batch.warmed, rules)
    stakes = pass_stakes(batch, settings, next_share)
    log = log_mean(states.passing_logs(batch.passing, limit, factor), stakes)
    alone = batch.uncompared
    if alone.any():
        seen = batch.step[alone]
        increment = absolute_pass_increment(seen[:, 0], seen[:, 1], limit[alone])
        log[alone] = log_mean(increment / factor[alone][:, None])
    return log

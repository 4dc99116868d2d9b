"""The running state of each gate as arrays, and the rules that take them one block further.

The last axis of each state is documented with it; the axes before it are whatever is judged at once: rollouts, metrics.
"""

import math
from typing import Final

import numpy as np

from tandem.judge.gates import (
    BETS,
    RATIO_WEIGHTS,
    RATIOS,
    WORSE,
    Array,
    Flags,
    Integers,
    Numbers,
    absolute_increment,
    log_mean,
    pass_logs,
    pass_stable_increment,
    relative_increment,
)
from tandem.judge.rules import Rules

HELD_MEMORY: Final = 0.97
"""What is kept, with each block, of evidence that can do no more than hold: it is about now, not about the version."""

ONSET: Final = 1e-3
"""Share of the reserve that is bet afresh in each interval: a version may go bad at any moment, not only at first."""

ONSET_AT_ONCE: Final = 0.5
THIN_RECORD_LIMIT: Final = 0.5
RECALLED: Final = 5_000
"""Requests of stable's from before a rollout that its record has at most: see `record`."""

BOUND_LOG: Final = math.log(1e5)
"""Upper bounds on stable's share fail with a probability of 1e-5, which is small beside any declared alpha."""

SCALES: Final = (1, 8, 64)
"""Blocks that are added up before stable's counts are compared: bursts that last for many looks show in none alone."""

HISTORY_SCALES: Final = (1, 2, 8)
"""The same before a rollout, where a block is ten seconds or more: it sees spells of 20 s, and of a minute. Sums of ten
minutes are not made: in that time a level that drifts bends, and looks like bursts (seen in simulation: a version with
5 % errors was sent back after 905 s, not 34 s)."""

FORGIVEN: Final = 2.0
"""Standard deviations by which independent requests' squares may exceed what was expected before that counts."""

MEMORY: Final = 0.9998
"""What is kept of the past with each sum: 5,000 looks are most of an hour at two a second."""

PRIOR: Final = 5.0
"""Bad requests that count as seen, without bursts, before the first block. They are not forgotten."""

COLD_PRIOR: Final = 2.0
"""The same where evidence for a candidate is weighed without a history of stable's; these came in bursts."""

FRESH: Final = (PRIOR, PRIOR, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
DISPERSION: Final = FRESH * len(SCALES)
"""How much more stable's bad counts vary than independent requests' would, before the first block. For each scale:
squared deviations, what was expected of them, requests and bad ones of the sum before the last and of the last, and
blocks, requests and bad ones of the sum that is not full yet."""

RELATIVE: Final = (0.0,) * len(RATIOS)
"""Evidence that the candidate is more than `Rules.ratio` times as bad as stable: a log per ratio. Carried over the
whole rollout."""

PASSING: Final = (0.0,) * (2 + len(BETS))
"""Evidence that the candidate is not worse than stable by a margin, for any margin: the candidate's good and bad
requests, and stable's part for each bet. Begun afresh in each step. Dispersion divides it when one looks, not block by
block: the absence of errors looks like evidence until the first burst shows what it was worth."""


def dispersion_factor(state: Array, rules: Rules) -> Array:
    """By how much evidence is divided: 1 for independent requests. The scale on which counts vary most decides.

    Independent requests scatter too: what they do by chance (standard deviations of the squares, of Poisson counts as
    large as the last two) is forgiven, or the largest of several scales would always find something. The state is that
    before the block which is divided, and no factor is below 1: so evidence stays evidence, whatever the factor is.
    """
    scales = by_scale(state)
    squares, expected, last = scales[..., 0], scales[..., 1], (scales[..., 3] + scales[..., 5]) / 2.0
    ratio = (squares - FORGIVEN * np.sqrt(expected * (1.0 + 2.0 * last))) / expected
    factor: Array = np.clip(ratio.max(axis=-1), 1.0, rules.largest_dispersion)
    return factor


def passing_factor(state: Array, warmed: Flags, rules: Rules) -> Array:
    """By how much evidence for the candidate is divided; more without a history of stable's (not ``warmed``).

    Evidence for a version is mostly the absence of errors, which is worth little where errors come in bursts; and
    before the first burst nothing tells that they do. So some are supposed, until single blocks have shown better.
    """
    squares, expected = state[..., 0] - PRIOR + COLD_PRIOR * rules.cold_dispersion, state[..., 1] - PRIOR + COLD_PRIOR
    cautious = np.clip(squares / expected, 1.0, rules.largest_dispersion)
    factor = dispersion_factor(state, rules)
    return np.where(warmed, factor, np.maximum(factor, cautious))


def dispersion_after(state: Array, total: Numbers, bad: Numbers) -> Array:
    """Return the dispersion after one more block of stable's in a rollout."""
    return _dispersion_after(state, total, bad, SCALES)


def history_after(state: Array, total: Numbers, bad: Numbers) -> Array:
    """Return the dispersion after one more block of stable's before a rollout, of ten seconds or more."""
    return _dispersion_after(state, total, bad, HISTORY_SCALES)


def _dispersion_after(state: Array, total: Numbers, bad: Numbers, lengths: tuple[int, ...]) -> Array:
    scales = by_scale(state).copy()
    block = np.stack(np.broadcast_arrays(1.0, total, bad), axis=-1)
    scales[..., 6:] += block[..., None, :]
    full = scales[..., 6] >= lengths
    scales[full] = _learnt(scales[full])
    return scales.reshape(state.shape)


def _learnt(state: Array) -> Array:
    """Return the dispersion on one scale after a full sum.

    The sum is compared with the line through the two before it: a level that drifts with the hour, which stable and
    candidate share, is no burst. The square is divided by what a fit through so few requests adds to it.
    """
    squares, expected, n_2, x_2, n_1, x_1, _, n, x = np.moveaxis(state, -1, 0)
    known = (n_1 > 0.0) & (n_2 > 0.0)
    m_1, m_2 = np.where(known, n_1, 1.0), np.where(known, n_2, 1.0)
    deviation = x - n * (2.0 * x_1 / m_1 - x_2 / m_2)
    after = np.zeros_like(state)
    squared, foreseen = deviation**2 / (1.0 + 4.0 * n / m_1 + n / m_2), n * (x + x_1 + x_2) / (n + m_1 + m_2)
    after[..., 0] = PRIOR + MEMORY * (squares - PRIOR) + known * squared
    after[..., 1] = PRIOR + MEMORY * (expected - PRIOR) + known * foreseen
    after[..., 2:4] = state[..., 4:6]
    after[..., 4:6] = state[..., 7:9]
    return after


def by_scale(state: Array) -> Array:
    """Return the dispersion with an axis of its own for the scales."""
    return state.reshape(*state.shape[:-1], len(SCALES), len(FRESH))


def relative_after(state: Array, block: Integers, factor: Array, rules: Rules) -> Array:
    """Return the evidence against the candidate after one more block: its requests, bad ones, stable's, bad ones."""
    n_c, x_c, n_s, x_s = np.moveaxis(block, -1, 0)
    increment = relative_increment(n_c, n_s, x_c, x_s, rules.ratio) / factor[..., None]
    after: Array = state + np.minimum(increment, rules.cap)
    return after


def relative_log(state: Array) -> Array:
    """Log of the e-value against the candidate."""
    return log_mean(state, RATIO_WEIGHTS)


def passing_after(state: Array, block: Integers) -> Array:
    """Return the evidence for the candidate after one more block: its requests, bad ones, stable's, bad ones."""
    n_c, x_c, n_s, x_s = np.moveaxis(block, -1, 0)
    candidate = np.stack([n_c - x_c, x_c], axis=-1)
    after: Array = state + np.concatenate([candidate, pass_stable_increment(n_c, n_s, x_s)], axis=-1)
    return after


def passing_logs(state: Array, margin: Numbers, factor: Numbers) -> Array:
    """Logs of the e-values for the candidate, one per bet.

    The factor may come from the same blocks: the mean of e^(1/factor) is at most the mean of e to that power, so it
    passes a bound above 1 only where the mean of e does.
    """
    logs: Array = pass_logs(state[..., 0], state[..., 1], state[..., 2:], margin) / np.asarray(factor)[..., None]
    return logs


def absolute_begin(tolerated: Numbers) -> Array:
    """Return the evidence that more than the tolerated share is bad, before the first request.

    Last axis: the tolerated share, the log of the reserve, and a log per worse share. The e-value is reserve +
    sum of exp(logs). Half of the stake is bet at once, the rest is moved in from the reserve bit by bit: otherwise a
    long good record would have to be worn down before a version that turned bad is noticed.
    """
    share = np.asarray(tolerated, dtype=float)
    state = np.empty((*share.shape, 2 + len(WORSE)))
    state[..., 0] = share
    state[..., 1] = math.log(1.0 - ONSET_AT_ONCE)
    state[..., 2:] = math.log(ONSET_AT_ONCE / len(WORSE))
    return state


def absolute_after(state: Array, counts: Integers, factor: Array, cap: Numbers) -> Array:
    """Return it after one more interval that had requests (all, bad), and counts for at most ``cap`` in the log."""
    tolerated, reserve, logs = state[..., 0], state[..., 1], state[..., 2:]
    stake = reserve + math.log(ONSET / len(WORSE))
    increment = absolute_increment(counts[..., 0], counts[..., 1], tolerated) / factor[..., None]
    grown = np.logaddexp(logs, stake[..., None]) + np.minimum(increment, np.asarray(cap, dtype=float)[..., None])
    kept = np.stack([tolerated, reserve + math.log1p(-ONSET)], axis=-1)
    return np.concatenate([kept, grown], axis=-1)


def absolute_log(state: Array) -> Array:
    """Log of the e-value that more than the tolerated share is bad."""
    log: Array = np.logaddexp.reduce(state[..., 1:], axis=-1)
    return log


def record(before: Integers, rollout: Integers) -> Array:
    """Return stable's requests and bad ones that a version is held to where stable does not run beside it.

    All of the rollout; and of what was before it as much as tells what stable is like where the rollout has hardly
    asked it. Not more: that may be days old, and must not outweigh that stable itself has it worse today.
    """
    part: Array = np.minimum(1.0, RECALLED / np.maximum(before[..., :1], 1))
    known: Array = rollout + part * before
    return known


def tolerated_share(allowed: Numbers, record: Array | Integers, factor: Numbers, rules: Rules) -> Array:
    """Return the share of bad requests that is tolerated where stable does not run beside the version judged.

    ``record`` holds stable's requests and bad ones. Never below what the objective allows, nor below `Rules.ratio`
    times what stable may really have had: an upper bound from its record. While that record is thin the bound says
    little, and a version that fails every second request is bad enough; without any record only the objective counts.
    """
    total, bad = record[..., 0], record[..., 1]
    share = bad / np.maximum(total, 1)
    bound = np.minimum(rules.ratio * upper_bound(record, factor), THIN_RECORD_LIMIT)
    excused = np.where(total > 0, np.maximum(rules.ratio * share, bound), 0.0)
    tolerated: Array = np.clip(np.maximum(allowed, excused), 1e-6, 0.99)
    return tolerated


def upper_bound(record: Array | Integers, factor: Numbers) -> Array:
    """Return an upper bound on the true share behind a record (Chernoff: total * KL(share, bound) = ln 1e5)."""
    total = np.maximum(record[..., 0], 1)
    share = record[..., 1] / total
    budget = BOUND_LOG * np.asarray(factor) / total
    low, high = share, np.ones_like(share)
    for _ in range(50):
        middle = (low + high) / 2
        nearer = _divergence(share, middle) < budget
        low, high = np.where(nearer, middle, low), np.where(nearer, high, middle)
    return high


def _divergence(share: Array, other: Array) -> Array:
    """Return the Kullback-Leibler divergence of two shares, share <= other; infinite where only ``other`` is 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        first = np.where(share > 0.0, share * np.log(share / other), 0.0)
        second = np.where(share < 1.0, (1.0 - share) * np.log((1.0 - share) / (1.0 - other)), 0.0)
    divergence: Array = first + second
    return divergence

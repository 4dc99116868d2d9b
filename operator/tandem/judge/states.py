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
    Integers,
    Numbers,
    absolute_increment,
    log_mean,
    pass_logs,
    pass_stable_increment,
    relative_increment,
)
from tandem.judge.rules import Rules

FORGETTING: Final = 0.97
ONSET: Final = 1e-3
"""Share of the reserve that is bet afresh in each interval: a version may go bad at any moment, not only at first."""

ONSET_AT_ONCE: Final = 0.5
THIN_RECORD_LIMIT: Final = 0.5
BOUND_LOG: Final = math.log(1e5)
"""Upper bounds on stable's share fail with a probability of 1e-5, which is small beside any declared alpha."""

DISPERSION: Final = (5.0, 5.0, 0.5, 100.0)
"""How much more stable's bad counts vary than independent requests' would: squared deviations, what was expected of
them, and the bad and all requests that expectations come from. This is the state before the first block."""

RELATIVE: Final = (0.0,) * len(RATIOS)
"""Evidence that the candidate is more than `Rules.ratio` times as bad as stable: a log per ratio. Carried over the
whole rollout."""

PASSING: Final = (0.0,) * (2 + len(BETS))
"""Evidence that the candidate is not worse than stable by a margin, for any margin: the candidate's good and bad
requests, and stable's part for each bet. Begun afresh in each step."""


def dispersion_factor(state: Array, rules: Rules) -> Array:
    """By how much evidence is divided, from earlier blocks only: 1 for independent requests."""
    factor: Array = np.clip(state[..., 0] / state[..., 1], 1.0, rules.largest_dispersion)
    return factor


def dispersion_after(state: Array, total: Numbers, bad: Numbers) -> Array:
    """Return the dispersion after one more block of stable's."""
    squares, expected, known_bad, known_total = np.moveaxis(state, -1, 0)
    foreseen = total * known_bad / known_total
    return np.stack(
        [
            squares + (bad - foreseen) ** 2,
            expected + foreseen,
            FORGETTING * known_bad + bad,
            FORGETTING * known_total + total,
        ],
        axis=-1,
    )


def relative_after(state: Array, block: Integers, factor: Array, rules: Rules) -> Array:
    """Return the evidence against the candidate after one more block: its requests, bad ones, stable's, bad ones."""
    n_c, x_c, n_s, x_s = np.moveaxis(block, -1, 0)
    increment = relative_increment(n_c, n_s, x_c, x_s, rules.ratio) / factor[..., None]
    after: Array = state + np.minimum(increment, rules.cap)
    return after


def relative_log(state: Array) -> Array:
    """Log of the e-value against the candidate."""
    return log_mean(state, RATIO_WEIGHTS)


def passing_after(state: Array, block: Integers, factor: Array) -> Array:
    """Return the evidence for the candidate after one more block: its requests, bad ones, stable's, bad ones."""
    n_c, x_c, n_s, x_s = np.moveaxis(block, -1, 0)
    candidate = np.stack([n_c - x_c, x_c], axis=-1)
    increment = np.concatenate([candidate, pass_stable_increment(n_c, n_s, x_s)], axis=-1)
    after: Array = state + increment / factor[..., None]
    return after


def passing_logs(state: Array, margin: Numbers) -> Array:
    """Logs of the e-values for the candidate, one per bet."""
    return pass_logs(state[..., 0], state[..., 1], state[..., 2:], margin)


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


def tolerated_share(allowed: Numbers, record: Integers, factor: Numbers, rules: Rules) -> Array:
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


def upper_bound(record: Integers, factor: Numbers) -> Array:
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

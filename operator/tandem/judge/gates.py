"""The statistics: increments of log e-values for counts, vectorised over leading axes.

An e-value is a non-negative number whose expectation is at most 1 if the null hypothesis holds; so it exceeds 1/alpha
at any time, however often one looks, with probability at most alpha (Ville). Each gate bets on a grid of alternatives;
the e-value is their weighted mean. Formulas, sources and simulations: docs/judge.md.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Numbers = npt.ArrayLike

RATIOS: Final[Array] = np.array([1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 1000.0])
RATIO_WEIGHTS: Final[Array] = np.array([0.08, 0.12, 0.15, 0.15, 0.15, 0.15, 0.20])
BETS: Final[Array] = np.array([0.05, 0.1, 0.2, 0.3, 0.4, 0.55, 0.7, 0.85, 0.95])
WORSE: Final[Array] = np.array([0.01, 0.03, 0.1, 0.3, 0.99])
BETTER: Final[Array] = np.array([0.1, 0.25, 0.5, 0.75])

LARGEST_LOG: Final = 690.0
"""exp() of more than this is not a finite number; nothing is decided differently beyond it."""


def relative_increment(
    candidate: Numbers,
    stable: Numbers,
    candidate_bad: Numbers,
    stable_bad: Numbers,
    tolerated: float,
) -> Array:
    """Return the log e-value increments against "candidate is at most ``tolerated`` times as bad", one per ratio.

    The arrays hold requests and bad ones of a block, with at least one request of each version. Given how many bad ones
    there were in all, only their split between the versions counts: an outage that hits both says nothing.
    """
    n_c, n_s, x_c, x_s = (np.asarray(v, dtype=float)[..., None] for v in (candidate, stable, candidate_bad, stable_bad))
    share = n_c / (n_c + n_s)
    ratio = tolerated * RATIOS
    spread = np.log1p(share * (ratio - 1.0)) - np.log1p(share * (tolerated - 1.0))
    increment: Array = x_c * np.log(RATIOS) - (x_c + x_s) * spread
    return increment


def absolute_increment(total: Numbers, bad: Numbers, tolerated: Numbers) -> Array:
    """Return the log e-value increments against "at most the share ``tolerated`` is bad", one per worse share."""
    return _share_increment(total, bad, tolerated, lambda p: p + (1.0 - p) * WORSE)


def absolute_pass_increment(total: Numbers, bad: Numbers, tolerated: Numbers) -> Array:
    """Return the log e-value increments against "at least the share ``tolerated`` is bad", one per better share."""
    return _share_increment(total, bad, tolerated, lambda p: p * BETTER)


def pass_stable_increment(candidate: Numbers, stable: Numbers, stable_bad: Numbers) -> Array:
    """Return stable's part of the pass gate's log increments, one per bet; the rest needs no block (`pass_logs`)."""
    n_c, n_s, x_s = (np.asarray(v, dtype=float)[..., None] for v in (candidate, stable, stable_bad))
    increment: Array = x_s * np.log1p(BETS * n_c / n_s)
    return increment


def pass_logs(good: Numbers, bad: Numbers, stable_part: Numbers, margin: Numbers) -> Array:
    """Return the log e-values against "candidate is bad at least ``margin`` more often than stable", one per bet.

    ``good`` and ``bad`` are the candidate's requests and ``stable_part`` the summed `pass_stable_increment`. All three
    are sums that do not know the margin, so it may be chosen when one looks.
    """
    g, x, d = (np.asarray(v, dtype=float)[..., None] for v in (good, bad, margin))
    logs: Array = g * np.log1p(BETS * d) + x * np.log1p(BETS * (d - 1.0)) + np.asarray(stable_part)
    return logs


def bet_stakes(stable_share: Numbers, margin: Numbers, ratio: Numbers, favoured: Numbers) -> Array:
    """Return how the pass gate's stake is split over its bets; the parts add up to 1.

    The part ``favoured`` goes to the bet that grows fastest if both versions have the share ``stable_share`` and the
    candidate gets ``ratio`` requests for each of stable's; the rest is spread evenly, in case that is not so. Any split
    that is made before the requests are answered is fair: each bet's e-value has mean 1 at most, so has their mean.
    """
    p, r = np.asarray(stable_share, dtype=float), np.asarray(ratio, dtype=float)
    growth = pass_logs(1.0 - p, p, pass_stable_increment(r, 1.0, p / r), margin)
    best = growth.argmax(axis=-1)[..., None] == np.arange(len(BETS))
    part = np.asarray(favoured, dtype=float)[..., None]
    stakes: Array = part * best + (1.0 - part) / len(BETS)
    return stakes


def log_mean(logs: Array, weights: Array | None = None) -> Array:
    """Return the log of the weighted mean of e-values given as logs, over the last axis; equal weights by default."""
    largest = np.max(logs, axis=-1)
    finite = np.where(np.isneginf(largest), 0.0, largest)
    parts = np.exp(logs - finite[..., None])
    mean = parts.mean(axis=-1) if weights is None else (parts * weights).sum(axis=-1)
    with np.errstate(divide="ignore"):
        log: Array = finite + np.log(mean)
    return log


def finite_exp(log: Numbers) -> Array:
    """Return exp(log), but never infinity: status is JSON, which has none."""
    value: Array = np.exp(np.minimum(log, LARGEST_LOG))
    return value


def _share_increment(total: Numbers, bad: Numbers, tolerated: Numbers, grid: Callable[[Array], Array]) -> Array:
    n, x, p0 = (np.asarray(v, dtype=float)[..., None] for v in (total, bad, tolerated))
    p = grid(p0)
    increment: Array = x * np.log(p / p0) + (n - x) * np.log((1.0 - p) / (1.0 - p0))
    return increment

"""Confidence bounds: between which values the truth lies, each bound wrong with at most the given probability.

Shares have exact bounds (Clopper and Pearson), means Student's. Checked in tests against scipy, which the operator does
without: it would triple its image for two functions.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_STEPS: Final = 200
_CLOSE: Final = 1e-13
_TERMS: Final = 10_000
_TINY: Final = 1e-300
FEWEST_FOR_A_MEAN: Final = 10
"""Values below which nothing is said about a mean: one large error may not have come up yet."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure, and between which bounds the truth behind it lies."""

    value: float | None
    """None where it is not defined: no row to take it from."""
    low: float
    high: float
    rows: int
    """Rows that it is taken from."""


@lru_cache(maxsize=4096)
def share_estimate(hits: int, total: int, doubt: float, lowest: float = 0.0, highest: float = 1.0) -> Estimate:
    """Return a share; each bound is wrong with at most the probability ``doubt``."""
    if total == 0:
        return Estimate(None, lowest, highest, 0)
    low = 0.0 if hits == 0 else beta_quantile(hits, total - hits + 1, doubt)
    high = 1.0 if hits == total else 1.0 - beta_quantile(total - hits, hits + 1, doubt)
    return Estimate(hits / total, low, high, total)


def mean_estimate(count: int, mean: float, variance: float, doubt: float) -> Estimate:
    """Return a mean, by the sample's variance; with few values it may be anything."""
    if count == 0:
        return Estimate(None, -math.inf, math.inf, 0)
    if count < FEWEST_FOR_A_MEAN:
        return Estimate(mean, -math.inf, math.inf, count)
    reach = student_quantile(1.0 - doubt, count - 1) * math.sqrt(max(variance, 0.0) / count)
    return Estimate(mean, mean - reach, mean + reach, count)


@lru_cache(maxsize=4096)
def student_quantile(probability: float, freedom: float) -> float:
    """Return the value that Student's t with so many degrees of freedom stays below with a probability above 1/2."""
    tail = 2.0 * (1.0 - probability)
    # P(|T| > t) is the incomplete beta function of x = v / (v + t^2), which falls as t rises.
    x = beta_quantile(freedom / 2, 0.5, tail)
    return math.sqrt(freedom * (1.0 - x) / x) if x > 0 else math.inf


def beta_quantile(a: float, b: float, probability: float) -> float:
    """Return the value that a beta distribution stays below with a probability."""
    # Newton's steps; halvings where they lead astray.
    low, high, x = 0.0, 1.0, a / (a + b)
    for _ in range(_STEPS):
        missing = probability - incomplete_beta(a, b, x)
        low, high = (x, high) if missing > 0 else (low, x)
        # The density may be infinite at an end, which x is not.
        slope = math.exp(_log_front(a, b, x)) / (x * (1.0 - x))
        step = missing / slope if slope > 0 else math.inf
        following = x + step if low < x + step < high else (low + high) / 2
        if abs(following - x) <= _CLOSE * x:
            return following
        x = following
    return x


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b)."""
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    front = math.exp(_log_front(a, b, x))
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _fraction(a, b, x) / a
    return 1.0 - front * _fraction(b, a, 1.0 - x) / b


def _log_front(a: float, b: float, x: float) -> float:
    return math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)


def _fraction(a: float, b: float, x: float) -> float:
    """Lentz's evaluation of its continued fraction, which converges quickly on this side of the mean."""
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > _TINY else _TINY)
    value = d
    for m in range(1, _TERMS):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 + step * d
            d = 1.0 / (d if abs(d) > _TINY else _TINY)
            c = 1.0 + step / c
            c = c if abs(c) > _TINY else _TINY
            value *= d * c
        if abs(d * c - 1.0) < 1e-15:
            break
    return value

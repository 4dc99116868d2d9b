"""What is counted of the rows of one group: enough for every metric, and no more however many rows there are."""

import math
from dataclasses import dataclass, field
from typing import Final

from tandem.api.quality import Metric
from tandem.quality.bounds import Estimate, mean_estimate, share_estimate

ERRORS: Final = frozenset({"mae", "rmse"})
"""Metrics that are better the smaller they are."""

LARGEST_NUMBER: Final = 1e70
"""Of a prediction or a label: errors are squared twice, and of larger ones no figure could be told any more."""


@dataclass(slots=True)
class Spread:
    """Count, mean and variance of numbers that come one by one (Welford)."""

    count: int = 0
    mean: float = 0.0
    _squares: float = 0.0

    def take(self, value: float) -> None:
        """Take in one number."""
        self.count += 1
        step = value - self.mean
        self.mean += step / self.count
        self._squares += step * (value - self.mean)

    @property
    def variance(self) -> float:
        """The sample's variance."""
        return self._squares / (self.count - 1) if self.count > 1 else 0.0


@dataclass(slots=True)
class Tally:
    """Counts of one version's answers to the rows of one group."""

    rows: int = 0
    right: int = 0
    true_positive: int = 0
    false_positive: int = 0
    false_negative: int = 0
    error: Spread = field(default_factory=Spread)
    squared: Spread = field(default_factory=Spread)

    def take_class(self, right: bool, is_positive: bool, said_positive: bool) -> None:
        """Take in an answer that names a class."""
        self.rows += 1
        self.right += right
        self.true_positive += is_positive and said_positive
        self.false_positive += said_positive and not is_positive
        self.false_negative += is_positive and not said_positive

    def take_number(self, error: float) -> None:
        """Take in an answer that is a number, by how far it is off."""
        self.rows += 1
        self.error.take(abs(error))
        self.squared.take(error * error)

    def estimate(self, metric: Metric, doubt: float) -> Estimate:
        """Return the metric, each of its bounds wrong with at most the probability ``doubt``."""
        if metric == "mae":
            found = mean_estimate(self.error.count, self.error.mean, self.error.variance, doubt)
            return Estimate(found.value, max(found.low, 0.0), found.high, found.rows)
        if metric == "rmse":
            found = mean_estimate(self.squared.count, self.squared.mean, self.squared.variance, doubt)
            root = None if found.value is None else math.sqrt(found.value)
            return Estimate(root, math.sqrt(max(found.low, 0.0)), math.sqrt(max(found.high, 0.0)), found.rows)
        if metric == "f1":
            # F1 is 2p / (1 + p) of the share p of true positives among all that are, or are called, positive.
            found = share_estimate(self.true_positive, self._union, doubt)
            value = None if found.value is None else _f1(found.value)
            return Estimate(value, _f1(found.low), _f1(found.high), found.rows)
        hits, total = {
            "accuracy": (self.right, self.rows),
            "recall": (self.true_positive, self.true_positive + self.false_negative),
            "precision": (self.true_positive, self.true_positive + self.false_positive),
        }[metric]
        return share_estimate(hits, total, doubt)

    @property
    def _union(self) -> int:
        return self.true_positive + self.false_positive + self.false_negative


def _f1(share: float) -> float:
    return 2.0 * share / (1.0 + share)


@dataclass(slots=True)
class Pairs:
    """The same rows answered by both versions: how they differ, row by row."""

    rows: int = 0
    lost: int = 0
    """Rows that stable has right and the candidate has wrong."""
    won: int = 0
    positives: int = 0
    lost_positives: int = 0
    won_positives: int = 0
    error: Spread = field(default_factory=Spread)
    """By how much the candidate is further off than stable."""

    def take_class(self, right: bool, stable_right: bool, is_positive: bool) -> None:
        """Take in a row that both have named a class for."""
        self.rows += 1
        lost, won = stable_right and not right, right and not stable_right
        self.lost += lost
        self.won += won
        self.positives += is_positive
        self.lost_positives += is_positive and lost
        self.won_positives += is_positive and won

    def take_number(self, error: float, stable_error: float) -> None:
        """Take in a row that both have given a number for."""
        self.rows += 1
        self.error.take(abs(error) - abs(stable_error))

    def loss(self, metric: Metric, doubt: float) -> Estimate | None:
        """Return how much worse the candidate is on the same rows; None for a metric that rows do not add up to."""
        if metric == "mae":
            return mean_estimate(self.error.count, self.error.mean, self.error.variance, doubt)
        if metric == "accuracy":
            return _difference(self.lost, self.won, self.rows, doubt)
        if metric == "recall":
            return _difference(self.lost_positives, self.won_positives, self.positives, doubt)
        return None


def _difference(lost: int, won: int, total: int, doubt: float) -> Estimate:
    if total == 0:
        return Estimate(None, -1.0, 1.0, 0)
    # Each bound rests on one of either: both may be wrong with half the doubt.
    losses, wins = share_estimate(lost, total, doubt / 2), share_estimate(won, total, doubt / 2)
    return Estimate((lost - won) / total, losses.low - wins.high, losses.high - wins.low, total)

"""Rates with intervals, for people: how often it happened, and between which bounds the true rate lies."""

import math
from dataclasses import dataclass
from typing import Any, Final

from tandem.judge.counts import Counts

CONFIDENCE: Final = 0.95
PRIOR: Final = 0.5
HALVINGS: Final = 60


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of bad requests with its interval. No requests leave it anywhere from 0 to 1."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, counts: Counts) -> "Rate":
        """Return the rate behind counts, with an interval that holds at `CONFIDENCE` however often one looks.

        Robbins's beta-binomial mixture: all rates against which a bet spread evenly over rates (Jeffreys' prior) has
        not won 20 times its stake. It is wider than an interval for one look at a number of requests fixed before,
        because nobody fixed one. It takes requests as independent: bursts make the truth wider.
        """
        if counts.total == 0:
            return cls(0.0, 0.0, 1.0)
        level = _log_mixture(counts) + math.log(1.0 - CONFIDENCE)
        low = _edge(counts, level, 0.0) if counts.bad else 0.0
        high = _edge(counts, level, 1.0) if counts.bad < counts.total else 1.0
        return cls(counts.share, low, high)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values, with four digits."""
        return {name: float(f"{getattr(self, field):.4g}") for name, field in _NAMES.items()}


_NAMES: Final = {"rate": "value", "low": "low", "high": "high"}


def _edge(counts: Counts, level: float, outside: float) -> float:
    """Return the rate between the observed one and ``outside`` at which the likelihood falls to the level."""
    inside = counts.share
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if _log_likelihood(counts, middle) >= level else (inside, middle)
    return outside


def _log_mixture(counts: Counts) -> float:
    good = counts.total - counts.bad
    return _log_beta(PRIOR + counts.bad, PRIOR + good) - _log_beta(PRIOR, PRIOR)


def _log_likelihood(counts: Counts, share: float) -> float:
    good = counts.total - counts.bad
    first = counts.bad * math.log(share) if counts.bad else 0.0
    return first + (good * math.log1p(-share) if good else 0.0)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)

"""What the simulated rollouts add up to: shares, medians, and what nine of ten need at most."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tandem.judge.gates import Array
from tandem.simulate.plan import Plan, Traffic, Version, versions
from tandem.simulate.rollouts import Effort, Ended, simulate


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, and what nine of ten do not exceed; over all rollouts, so None where that many never get there."""

    median: float | None
    most: float | None
    least: float | None
    """What one of ten does not exceed."""

    @classmethod
    def of(cls, values: Array) -> "Spread":
        """Return it for values of which some may be infinite."""
        middle, most, least = np.quantile(values, (0.5, 0.9, 0.1), method="inverted_cdf").tolist()
        return cls(*(value if np.isfinite(value) else None for value in (middle, most, least)))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of one version: shares of its rollouts, seconds, and bad answers until it is sent back.

    ``back`` is on evidence, in the rollout or in the watch window; ``given_up`` by whenUndecided; ``unproven``: the
    share that is promoted, but not on evidence throughout. A version that is sent back in the watch window was
    promoted before. What is in none of them is undecided at the end.
    """

    version: Version
    promoted: float
    promoted_seconds: Spread
    unproven: float
    back: float
    back_seconds: Spread
    back_bad: Spread
    given_up: float
    promoted_at: tuple[float, ...]
    """Seconds to each promotion, in rising order."""

    @classmethod
    def of(cls, version: Version, ended: Ended) -> "Outcome":
        """Return what these rollouts of the version add up to."""
        went, came = np.isfinite(ended.promoted), np.isfinite(ended.back)
        return cls(
            version=version,
            promoted=float(went.mean()),
            promoted_seconds=Spread.of(ended.promoted),
            unproven=float(ended.unproven[went].sum() / went.size),
            back=float(came.mean()),
            back_seconds=Spread.of(ended.back),
            back_bad=Spread.of(np.where(came, ended.bad, np.inf)),
            given_up=float(np.isfinite(ended.given_up).mean()),
            promoted_at=tuple(np.sort(ended.promoted[went]).tolist()),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values; see docs/simulate.md for the keys."""
        return {
            "version": self.version.name,
            "good": self.version.good,
            "badShare": self.version.shares[self.version.metric],
            "promoted": _figure(self.promoted),
            "promotedMinutes": _minutes(self.promoted_seconds),
            "promotedWithoutEvidence": _figure(self.unproven),
            "sentBack": _figure(self.back),
            "sentBackMinutes": _minutes(self.back_seconds),
            "badResponses": {"median": self.back_bad.median, "p90": self.back_bad.most},
            "sentBackUndecided": _figure(self.given_up),
        }


@dataclass(frozen=True, slots=True)
class Forecast:
    """What rollouts will take at one rate. The good version's outcome is the first."""

    traffic: Traffic
    outcomes: tuple[Outcome, ...]
    seconds: float
    """How long each rollout was simulated for at most, without its watch window."""

    @property
    def good(self) -> Outcome:
        """What becomes of a version that is as good as stable."""
        return self.outcomes[0]


def forecast(plan: Plan, traffic: Traffic, effort: Effort) -> Forecast:
    """Return what rollouts will take: of a version that is as good as stable, and of bad ones."""
    tried = versions(plan, traffic)
    ended = simulate(plan, traffic, tried, effort)
    outcomes = tuple(Outcome.of(version, each) for version, each in zip(tried, ended, strict=True))
    return Forecast(traffic, outcomes, effort.seconds(plan))


def _minutes(spread: Spread) -> dict[str, float | None]:
    median, most = (None if value is None else _figure(value / 60) for value in (spread.median, spread.most))
    return {"median": median, "p90": most}


def _figure(value: float) -> float:
    return float(f"{value:.3g}")

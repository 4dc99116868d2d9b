"""What is simulated: a rollout as its spec declares it, the traffic it meets, and the versions that are tried."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tandem.api.requirements import Requirements
from tandem.api.rollout import Rollout
from tandem.api.values import duration_seconds
from tandem.judge import Settings
from tandem.judge.evidence import DEFAULT_ALLOWED
from tandem.judge.watch import ERRORS
from tandem.rollout.terms import seconds_granted, settings_at, shares_granted

SLOWER: Final = 10.0
"""The slow version is late this many times as often as stable, under every latency objective."""

ERROR_SHARES: Final = (0.01, 0.02, 0.05, 0.2, 1.0)
"""Shares of requests that the failing versions fail."""

LONGEST: Final = 6 * 3600.0
"""Seconds that are simulated where the rollout has no maxDuration."""

LONGEST_WATCH: Final = 1800.0
"""Seconds of the watch window that are simulated: a version that is bad from the first request shows by then."""


class InvalidPlan(ValueError):
    """A rollout that the API server would refuse; the message says which field to change."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A rollout and what its versions are held to. ``stepped``: a gateway splits the requests; else all at once."""

    rollout: Rollout
    requirements: Requirements
    stepped: bool = True
    automatic: bool = True

    def __post_init__(self) -> None:
        weights = [step.weight for step in self.rollout.steps]
        if weights != sorted(set(weights)):
            raise InvalidPlan(f"spec.rollout.steps: weights must rise from step to step, not {weights}")

    @property
    def weights(self) -> tuple[float, ...]:
        """Share of the requests in each step."""
        return tuple(step.weight / 100 for step in self.rollout.steps) if self.stepped else ()

    @property
    def holds(self) -> tuple[float, ...]:
        """Shortest seconds in each step."""
        return tuple(duration_seconds(step.hold) for step in self.rollout.steps) if self.stepped else ()

    @property
    def settings(self) -> tuple[Settings, ...]:
        """How sure the judge must be in each step; only the share of the next step differs."""
        steps = range(max(len(self.weights), 1))
        return tuple(settings_at(self.rollout, self.requirements, step) for step in steps)

    @property
    def allowed(self) -> dict[str, float]:
        """Share of bad answers that each metric grants: errors, then the latency objectives, then the user's own."""
        named = {metric.name: DEFAULT_ALLOWED for metric in self.rollout.evidence.metrics or []}
        return {ERRORS: DEFAULT_ALLOWED} | shares_granted(self.requirements) | named

    @property
    def latency(self) -> tuple[str, ...]:
        """Metrics of the latency objectives."""
        return tuple(seconds_granted(self.requirements))

    @property
    def longest(self) -> float | None:
        """Seconds until it counts as undecided; None for never."""
        longest = self.rollout.evidence.max_duration
        return None if longest is None else duration_seconds(longest)

    @property
    def watch(self) -> float:
        """Seconds of the watch window that are simulated."""
        return min(duration_seconds(self.rollout.watch), LONGEST_WATCH)


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests a second, both versions together, and the share of stable's answers that are errors, and late.

    ``slow``: None for half of what each latency objective grants. Metrics of the user's own are bad as often as there
    are errors, under every version. ``history``: seconds for which stable had served
    alone, and the judge had learned how its bad answers vary, before the rollout.
    """

    rate: float
    errors: float = 0.005
    slow: float | None = None
    history: float = 3600.0

    def base(self, plan: Plan) -> tuple[float, ...]:
        """Return stable's share of bad answers, by metric."""
        granted = shares_granted(plan.requirements)
        slow = (granted[name] / 2 if self.slow is None else self.slow for name in plan.latency)
        return (self.errors, *slow, *[self.errors for _ in plan.rollout.evidence.metrics or []])


@dataclass(frozen=True, slots=True)
class Version:
    """A version that is tried: its share of bad answers by metric, and the metric that shows that it is bad."""

    name: str
    shares: tuple[float, ...]
    metric: int = 0
    good: bool = False


def versions(plan: Plan, traffic: Traffic, error_shares: Sequence[float] = ERROR_SHARES) -> tuple[Version, ...]:
    """Return the versions that are tried: a good one, like stable; those that fail more often; and one that is slow.

    Shares of errors that stable has itself are left out, and so is the slow one where no latency objective tells.
    """
    base = traffic.base(plan)
    good = Version("good", base, good=True)
    failing = (
        Version(f"fails {100 * share:g} %", (share, *base[1:])) for share in error_shares if share > traffic.errors
    )
    last = len(plan.latency)
    if not last:
        return (good, *failing)
    late = tuple(min(SLOWER * share, 1.0) for share in base[1 : last + 1])
    slow = Version(f"late for {100 * late[-1]:g} %", (base[0], *late, *base[last + 1 :]), metric=last)
    return (good, *failing, slow)

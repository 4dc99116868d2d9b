"""What a run's outcomes say: pure functions of them."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from dev.traffic.outcomes import Kind, Outcome


@dataclass(frozen=True)
class VersionSummary:
    """How one version did; latencies are in seconds, of its correct answers only, and NaN where it gave none."""

    version: str
    requests: int
    kinds: dict[Kind, int]
    p50: float
    p99: float

    @property
    def bad(self) -> int:
        """Requests that were no correct 2xx."""
        return self.requests - self.kinds.get("ok", 0)

    def sentence(self) -> str:
        """Return the summary for people."""
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.kinds.items()) if kind != "ok")
        bad = f"{self.bad} bad ({kinds})" if self.bad else "0 bad"
        times = "" if math.isnan(self.p50) else f", p50 {self.p50 * 1000:.0f} ms, p99 {self.p99 * 1000:.0f} ms"
        return f"{self.version}: {self.requests} requests, {bad}{times}"


@dataclass(frozen=True)
class BadSpell:
    """The bad responses of one rollout."""

    count: int
    first: float | None
    """When the first of them was there, in seconds since the epoch."""
    last: float | None

    @property
    def seconds(self) -> float:
        """From the first to the last; 0 where there is none."""
        return 0.0 if self.first is None or self.last is None else self.last - self.first


def by_version(outcomes: Iterable[Outcome]) -> list[VersionSummary]:
    """Summarise per version, in the order in which they first answered."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.version, []).append(outcome)
    return [_summary(version, group) for version, group in groups.items()]


def _summary(version: str, group: Sequence[Outcome]) -> VersionSummary:
    kinds: Counter[Kind] = Counter(outcome.kind for outcome in group)
    times = sorted(outcome.seconds for outcome in group if not outcome.bad)
    return VersionSummary(version, len(group), dict(kinds), quantile(times, 0.5), quantile(times, 0.99))


def quantile(ascending: Sequence[float], share: float) -> float:
    """Return the nearest-rank quantile, NaN of nothing."""
    if not ascending:
        return math.nan
    return ascending[max(0, math.ceil(share * len(ascending)) - 1)]


def lost(outcomes: Iterable[Outcome], broken: Iterable[str] = ()) -> list[Outcome]:
    """Return the requests that were lost outside the broken versions' own answers.

    Only an answer that says it is of a broken version is excused. A connection that broke, a time-out and the gateway's
    own errors name no version and are lost, whatever was being rolled out.
    """
    excused = set(broken)
    return [outcome for outcome in outcomes if outcome.bad and outcome.version not in excused]


def spell(outcomes: Iterable[Outcome], is_bad: Callable[[Outcome], bool]) -> BadSpell:
    """Return the spell of the outcomes that `is_bad` picks."""
    times = sorted(outcome.answered for outcome in outcomes if is_bad(outcome))
    return BadSpell(len(times), times[0] if times else None, times[-1] if times else None)


def lateness(outcomes: Iterable[Outcome]) -> float:
    """Return by how many seconds the load generator was behind at worst."""
    return max((outcome.late for outcome in outcomes), default=0.0)

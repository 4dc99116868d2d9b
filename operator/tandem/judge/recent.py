"""What a version has answered lately, as far back as an objective is looked at. Pure; times in seconds of one clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tandem.judge.counts import NONE, Counts

HOUR: Final = 3600.0
"""Seconds over which an objective is held against what was counted."""

LATELY: Final = 300.0
"""Seconds that tell whether it is over."""

_SLICE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Slice:
    """What was counted in about a minute, by metric."""

    began: float
    counts: Mapping[str, Counts]


@dataclass(frozen=True, slots=True)
class LastHour:
    """Counts of one version in slices of a minute, the oldest first; what is older than an hour is dropped."""

    since: float
    heard: float
    slices: tuple[Slice, ...] = ()

    @classmethod
    def beginning(cls, at: float) -> "LastHour":
        """Return an hour in which nothing was counted yet."""
        return cls(at, at)

    def after(self, at: float, counts: Mapping[str, Counts]) -> "LastHour":
        """Return it with what was counted since the last call."""
        kept = tuple(each for each in self.slices if at - each.began < HOUR)
        if kept and at - kept[-1].began < _SLICE:
            *kept_but_last, last = kept
            summed = {name: last.counts.get(name, NONE) + came for name, came in counts.items()}
            return LastHour(self.since, at, (*kept_but_last, Slice(last.began, {**last.counts, **summed})))
        return LastHour(self.since, at, (*kept, Slice(at, dict(counts))))

    def counted(self, at: float, seconds: float = HOUR) -> dict[str, Counts]:
        """Return what was counted within the last seconds, to a minute."""
        sums: dict[str, tuple[int, int]] = {}
        for each in self.slices:
            if at - each.began < seconds:
                for name, counts in each.counts.items():
                    total, bad = sums.get(name, (0, 0))
                    sums[name] = (total + counts.total, bad + counts.bad)
        return {name: Counts(total, bad) for name, (total, bad) in sums.items()}

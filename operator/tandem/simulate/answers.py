"""Simulated traffic: requests that come independently of each other, at a steady rate, and are bad independently.

The kindest traffic there is. Errors that come in bursts, and load that moves, make every rollout take longer.
"""

from dataclasses import dataclass, fields, replace
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np

from tandem.judge import Batch, HistoryBatch, WatchBatch, add_history_batch
from tandem.judge.gates import Array, Flags, Integers
from tandem.simulate.plan import Traffic

LOOK: Final = 0.5
"""Seconds between two looks at a candidate: how often the operator reads the pods' counters."""

HISTORY_LOOK: Final = 10.0
"""Seconds between two looks at a stable version that serves alone."""

_Rows = TypeVar("_Rows", Batch, WatchBatch)


class Answers(NamedTuple):
    """Requests of both versions, and bad ones by metric: (rollouts, 1) and (rollouts, metrics)."""

    candidate: Integers
    candidate_bad: Integers
    stable: Integers
    stable_bad: Integers


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Where answers come from: both versions together get ``rate`` requests a second; stable's bad shares by metric."""

    rate: float
    base: Array
    random: np.random.Generator

    def answers(self, seconds: float, weight: Array, shares: Array) -> Answers:
        """Return what is answered in so many seconds; ``shares``: the candidates' bad shares, (rollouts, metrics)."""
        candidate = self.random.poisson(self.rate * weight * seconds)[:, None]
        stable = self.random.poisson(self.rate * (1.0 - weight) * seconds)[:, None]
        candidate_bad = self.random.binomial(candidate, shares)
        return Answers(candidate, candidate_bad, stable, self.random.binomial(stable, self.base))

    def history(self, rollouts: int, seconds: float) -> HistoryBatch:
        """Return what the judge has learned of stable in so many seconds in which it served alone."""
        history = HistoryBatch.begin(rollouts, len(self.base))
        for _ in range(round(seconds / HISTORY_LOOK)):
            total = self.random.poisson(self.rate * HISTORY_LOOK, (rollouts, 1))
            history = add_history_batch(history, total, self.random.binomial(total, self.base))
        return history


def source(traffic: Traffic, base: tuple[float, ...], random: np.random.Generator) -> Source:
    """Return where the answers of this traffic come from."""
    return Source(traffic.rate, np.array(base), random)


def look(elapsed: float, part: float) -> float:
    """Return the seconds to the next look, so long after the first request: a part of that time, a hundredth say.

    The operator looks every half second, and so does the simulation at first. A later look that is longer changes
    nothing that is printed. Evidence adds up: a look of a hundredth of the time brings about a hundredth of it, far
    from the most that one block may argue, so a decision comes at most 1 % later, and figures have two digits. How much
    counts vary is learned from fewer and larger blocks, which for independent requests tells the same. Measured at 20
    requests a second, 300 rollouts each, with looks of half a second throughout and with these: a good version 22.3 and
    22.0 minutes in the median; one that fails 2 % 9.0 and 9.1, 5 % 1.69 and 1.76, 100 % 0.058 and 0.058. Medians
    of so many rollouts vary by some 5 % from seed to seed.
    """
    return max(LOOK, part * elapsed)


def rows(batch: _Rows, which: Flags | Integers) -> _Rows:
    """Return some of the rollouts of a batch."""
    return replace(batch, **{name: value[which] for name, value in _arrays(batch).items()})


def joined(batches: list[Batch]) -> Batch:
    """Return the rollouts of several batches as one."""
    parts = [_arrays(batch) for batch in batches]
    return replace(batches[0], **{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def _arrays(batch: Batch | WatchBatch) -> dict[str, Any]:
    """Return the arrays that begin with the axis of rollouts: all but those that hold one value a metric."""
    values = {field.name: getattr(batch, field.name) for field in fields(batch)}
    return {name: value for name, value in values.items() if value.ndim > 1}

"""The pods that are read, what was read of them, and how that becomes evidence."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from tandem.judge import Counts, Increment
from tandem.signals.metrics import PodCounters
from tandem.signals.named import NamedMetric

ERRORS: Final = "errors"
"""Name of the metric that counts requests answered with a server error."""

Trouble = Literal[
    "Refused", "TimedOut", "HttpError", "Garbled", "TooLarge", "Unreachable", "Missing", "Stale", "Partial"
]


@dataclass(frozen=True, slots=True)
class PodTarget:
    """A pod to read.

    ``ready``: it is, or once was, ready to get requests; what it answered before was warm-up. ``metrics``: those of the
    user's own that are to be read too.
    """

    namespace: str
    name: str
    uid: str
    restarts: int
    revision: str
    ip: str
    ready: bool = True
    port: int = 3000
    metrics: tuple[NamedMetric, ...] = ()

    @property
    def key(self) -> str:
        """Identity of the process whose counters these are: a restarted container counts from 0."""
        return f"{self.uid}/{self.restarts}"


@dataclass(frozen=True, slots=True)
class PodSample:
    """A pod's counters and when they were read, in seconds of a clock that only its collector knows."""

    pod: PodTarget
    at: float
    counters: PodCounters


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A pod whose counters could not be read. ``message`` is fit for a condition: what was tried, what came back."""

    pod: PodTarget
    reason: Trouble
    message: str


def settled(samples: Iterable[PodSample]) -> list[PodSample]:
    """Return the samples with zero for a counter of the user's that only other pods of the same version have.

    One with labels is there from its first use on: that a pod lacks what its like have says that nothing was counted.
    """
    samples = list(samples)
    known = {
        (sample.pod.revision, name)
        for sample in samples
        for name, reading in sample.counters.named.items()
        if reading.flaw is None
    }
    return [_with_zeros(sample, known) for sample in samples] if known else samples


def _with_zeros(sample: PodSample, known: Collection[tuple[str, str]]) -> PodSample:
    zeros = {
        name: replace(reading, flaw=None)
        for name, reading in sample.counters.named.items()
        if reading.flaw is not None and reading.counts is not None and (sample.pod.revision, name) in known
    }
    if not zeros:
        return sample
    return replace(sample, counters=replace(sample.counters, named={**sample.counters.named, **zeros}))


def increments(counts: Mapping[str, Mapping[str, Counts]], candidate: str, stable: str) -> dict[str, Increment]:
    """Return the judge's increments from counts by revision and metric. What a revision lacks counts as no requests."""
    of_candidate, of_stable = counts.get(candidate, {}), counts.get(stable, {})
    names: Iterable[str] = sorted(of_candidate.keys() | of_stable.keys())
    return {name: Increment(of_candidate.get(name, Counts()), of_stable.get(name, Counts())) for name in names}

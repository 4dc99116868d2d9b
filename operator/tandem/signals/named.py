"""Metrics that the user names: pairs of the bento's own counters, found among the many series of its /metrics. Pure.

Nothing is assumed of what is not there. prometheus_client writes a counter with labels only once it was first used, so
one that is missing may be at zero, or be spelled wrongly: it is said to be missing, and the metric is not judged by
until it is there, on this pod or on another of the same version. What was counted meanwhile is not lost: see `Reading`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal
from zlib import crc32

from tandem.api.metrics import Counter
from tandem.api.rollout import EvidenceSettings
from tandem.judge import Counts
from tandem.signals.exposition import GarbledMetrics, labels_of, name_and_labels, quoted, series_and_value

_TOTAL: Final = "_total"
_LARGEST: Final = 2**53
_REMEMBERED_SERIES: Final = 16384


@dataclass(frozen=True, slots=True)
class Selector:
    """The series of one counter that have these labels, perhaps among others."""

    counter: str
    labels: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, counter: Counter) -> "Selector":
        """Return the selector that the spec declares."""
        return cls(counter.counter, tuple(sorted((counter.labels or {}).items())))

    @property
    def names(self) -> tuple[str, str]:
        """The counter's name as it was given, and the same with ``_total`` or without."""
        bare = self.counter.removesuffix(_TOTAL)
        return self.counter, bare if bare != self.counter else bare + _TOTAL

    def has(self, labels: Mapping[str, str]) -> bool:
        """Tell whether a series with these labels is one of them."""
        return all(labels.get(name) == value for name, value in self.labels)

    def __str__(self) -> str:
        written = ",".join(f'{name}="{value}"' for name, value in self.labels)
        return f"{self.counter}{{{written}}}" if written else self.counter


@dataclass(frozen=True, slots=True)
class NamedMetric:
    """A metric of the user's: what counts its bad ones, and what counts all."""

    name: str
    bad: Selector
    total: Selector
    counted_by: str = field(init=False, repr=False, compare=False)
    """Short mark of the two counters: under the same name with others it is another metric."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "counted_by", f"{crc32(f'{self.bad} of {self.total}'.encode()):08x}")


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why the counters of a metric cannot be judged by. ``message`` is fit for a condition."""

    reason: Literal["MetricMissing", "MetricGarbled", "QueryFailed", "GatewayUnreadable"]
    message: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a pod had counted under a metric at one moment.

    ``counts``: None if that cannot be told. With a ``flaw`` beside counts a counter is missing, and they are what there
    is without it: good enough to count on from once it is there.
    """

    counts: Counts | None
    flaw: Flaw | None = None


NOT_READ: Final = Reading(None, Flaw("MetricMissing", "the source of evidence does not read it"))


def named_metrics(settings: EvidenceSettings) -> tuple[NamedMetric, ...]:
    """Return the metrics of ``rollout.evidence.metrics`` that the pods count themselves."""
    return tuple(
        NamedMetric(metric.name, Selector.of(metric.bad), Selector.of(metric.total))
        for metric in settings.metrics or ()
        if metric.bad is not None and metric.total is not None
    )


class NamedTally:
    """Adds up, sample by sample, the counters that are asked for."""

    def __init__(self, metrics: Iterable[NamedMetric]) -> None:
        self._metrics = tuple(metrics)
        self._sums: dict[str, dict[Selector, int | Flaw | None]] = {}
        for metric in self._metrics:
            for selector in (metric.bad, metric.total):
                for name in selector.names:
                    self._sums.setdefault(name, {})[selector] = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the series that matter."""
        return tuple(self._sums)

    def add(self, name: str, labels: Mapping[str, str], value: str) -> None:
        """Add one sample; one that nobody asked for changes nothing."""
        sums = self._sums.get(name, {})
        for selector, before in sums.items():
            if not isinstance(before, Flaw) and selector.has(labels):
                now = _whole(selector, value)
                sums[selector] = now if isinstance(now, Flaw) else (before or 0) + now

    def readings(self) -> dict[str, Reading]:
        """Return what was added so far, by the metric's name."""
        return {metric.name: self._reading(metric) for metric in self._metrics}

    def _reading(self, metric: NamedMetric) -> Reading:
        bad, total = self._sum(metric.bad), self._sum(metric.total)
        for number in (bad, total):
            if isinstance(number, Flaw):
                return Reading(None, number)
        assert not isinstance(bad, Flaw) and not isinstance(total, Flaw)
        missing = [str(selector) for selector, number in ((metric.bad, bad), (metric.total, total)) if number is None]
        counted = Counts(total or 0, bad or 0) if (bad or 0) <= (total or 0) else None
        if missing:
            advice = "let the service write it with 0 when it starts (one with labels is there from its first use on)"
            return Reading(counted, Flaw("MetricMissing", f"there is no {' and no '.join(missing)}; {advice}"))
        if counted is None:
            what = f"{metric.bad} is {bad} and {metric.total} is {total}: total must count the bad ones too"
            return Reading(None, Flaw("MetricGarbled", what))
        return Reading(counted)

    def _sum(self, selector: Selector) -> int | Flaw | None:
        found = (self._sums[name][selector] for name in selector.names)
        return next((number for number in found if number is not None), None)


def readings(lines: Iterable[str], metrics: Iterable[NamedMetric]) -> dict[str, Reading]:
    """Return what these lines of /metrics count under these metrics, by name; the other lines are not looked at."""
    tally = NamedTally(metrics)
    beginnings = tuple(name + end for name in tally.names for end in ("{", " "))
    for line in lines:
        if line.startswith(beginnings):
            try:
                series, value = series_and_value(line)
                name, labels = _parsed(series)
            except GarbledMetrics:
                continue  # what cannot be read is not there; that is said
            tally.add(name, labels, value)
    return tally.readings()


@lru_cache(maxsize=_REMEMBERED_SERIES)
def _parsed(series: str) -> tuple[str, Mapping[str, str]]:
    name, labels = name_and_labels(series)
    return name, labels_of(labels, series)


def _whole(selector: Selector, value: str) -> int | Flaw:
    try:
        number = float(value)
        whole = int(number)
    except (ValueError, OverflowError):
        return Flaw("MetricGarbled", f"{selector} is {quoted(value)}, which is no number")
    if whole != number or not 0 <= whole <= _LARGEST:
        return Flaw("MetricGarbled", f"{selector} is {quoted(value)}: a counter of events is a whole number from 0")
    return whole

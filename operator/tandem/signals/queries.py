"""Metrics that the user counts by PromQL: what is asked of a version, and what an answer counts. Pure.

A query is the user's own text; only ``$revision`` in it is replaced, by a name that the API server has checked. What
comes back is counted series by series, bad ones and all of the same labels side by side: a sum over pods falls when one
of them goes. What is no counter is named, and never guessed at.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal
from zlib import crc32

from pydantic import BaseModel, Field, ValidationError

from tandem.api.metrics import REVISION_VARIABLE
from tandem.api.rollout import EvidenceSettings
from tandem.judge import Counts
from tandem.signals.named import Flaw
from tandem.signals.prometheus_answers import refusal

MOST_SERIES: Final = 500
"""Series in one answer: one a pod and some more."""

_LARGEST: Final = 2**53
_ADVICE: Final = "give the counter itself, not its rate() or increase()"

Labels = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class QueriedMetric:
    """A metric of the user's that is counted by two queries. ``counted_by``: see `NamedMetric`."""

    name: str
    bad: str
    total: str
    counted_by: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "counted_by", f"{crc32(f'{self.bad} of {self.total}'.encode()):08x}")

    def asked_of(self, revision: str) -> tuple[str, str]:
        """Return the queries for the bad ones and for all of a version."""
        bad, total = (re.sub(REVISION_VARIABLE, revision, query) for query in (self.bad, self.total))
        return bad, total


def queried_metrics(settings: EvidenceSettings) -> tuple[QueriedMetric, ...]:
    """Return the metrics of ``rollout.evidence.metrics`` that a Prometheus is asked for."""
    return tuple(
        QueriedMetric(metric.name, metric.query.bad, metric.query.total)
        for metric in settings.metrics or ()
        if metric.query is not None
    )


class _Sample(BaseModel):
    metric: dict[str, str]
    value: tuple[float, str]


class _Data(BaseModel):
    resultType: str  # noqa: N815 - Prometheus' name for it
    result: list[object]


class _Success(BaseModel):
    status: Literal["success"]
    data: _Data
    warnings: list[str] = []


class _Vector(BaseModel):
    result: Annotated[list[_Sample], Field(max_length=MOST_SERIES)]


def counted(content: bytes) -> dict[Labels, int] | Flaw:
    """Return what an answer counts, by the labels of each series."""
    try:
        answer = _Success.model_validate_json(content)
    except ValidationError:
        words = refusal(content)
        said = f"Prometheus refuses it: {words}" if words is not None else "the answer is not one of Prometheus'"
        return Flaw("QueryFailed", said)
    if answer.warnings:
        return Flaw("QueryFailed", "Prometheus warns that its answer may lack something")
    if answer.data.resultType != "vector":
        return Flaw("MetricGarbled", f"it gives a {answer.data.resultType}: give counters as they are now, with labels")
    if len(answer.data.result) > MOST_SERIES:
        what = f"it gives {len(answer.data.result):,} series, at most {MOST_SERIES} are read"
        return Flaw("MetricGarbled", f"{what}: sum them, best by (pod)")
    try:
        vector = _Vector(result=[_Sample.model_validate(sample) for sample in answer.data.result])
    except ValidationError:
        return Flaw("QueryFailed", "the answer is not one of Prometheus'")
    return _numbers(vector)


def paired(bad: Mapping[Labels, int], total: Mapping[Labels, int]) -> dict[Labels, Counts] | Flaw:
    """Put the bad ones beside all of the same labels. A series that lacks bad ones has none."""
    alone = bad.keys() - total.keys()
    if alone:
        names = ", ".join(sorted(name for name, _ in min(alone, key=sorted))) or "none"
        what = f"bad gives a series (its labels: {names}) of which total has none with the same labels"
        return Flaw("MetricGarbled", f"{what}: sum both by the same ones, best by (pod)")
    for labels, number in bad.items():
        if number > total[labels]:
            what = f"bad is {number} where total is {total[labels]}"
            return Flaw("MetricGarbled", f"{what}: total must count the bad ones too")
    return {labels: Counts(number, bad.get(labels, 0)) for labels, number in total.items()}


def _numbers(vector: _Vector) -> dict[Labels, int] | Flaw:
    found: dict[Labels, int] = {}
    for sample in vector.result:
        labels = frozenset(item for item in sample.metric.items() if item[0] != "__name__")
        if labels in found:
            return Flaw("MetricGarbled", "it gives several series of the same labels: sum them, best by (pod)")
        text = sample.value[1]
        try:
            number = float(text)
            whole = int(number)
        except (ValueError, OverflowError):
            return Flaw("MetricGarbled", f"it gives {text[:20]!r}, which is no number")
        if whole != number or not 0 <= whole <= _LARGEST:
            return Flaw("MetricGarbled", f"it gives {text[:20]!r}: a counter of events is a whole number; {_ADVICE}")
        found[labels] = whole
    return found

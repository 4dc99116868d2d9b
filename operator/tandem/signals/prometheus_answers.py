"""What is asked of Prometheus, and what a pod had counted by its answer. Pure.

One range selector as an instant query gives the raw samples of the last minutes with the times they were scraped at.
Everything that one scrape of a pod brought has the same time, so its counters are taken at one such time or not at
all: counters of two moments side by side could make requests look slow, or fresh, that are not.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from pydantic import BaseModel, FiniteFloat, ValidationError

from tandem.api.sources import PrometheusSource
from tandem.signals.metrics import BUCKETS, IN_PROGRESS, REQUESTS, NotACount, PodCounters, Tally, meaning_of
from tandem.signals.named import NamedMetric, NamedTally
from tandem.signals.sample import PodTarget

WINDOW: Final = 150
"""Seconds that are looked back: two scrapes of the longest usual interval, a minute, and some delay."""

_NAMES: Final = (REQUESTS, BUCKETS, IN_PROGRESS)
_OWN: Final = ("endpoint", "http_response_code", "le", "runner_name", "service_name", "service_version")
_EXPORTED: Final = "exported_"
_LONGEST_QUOTE: Final = 240


class NoAnswer(Exception):
    """Prometheus gave no answer that can be used. The message says what came instead, and what to do."""


class GarbledAnswer(NoAnswer):
    """Not what Prometheus writes."""


class QueryRefused(NoAnswer):
    """Prometheus said no, in its own words."""


class PartialAnswer(NoAnswer):
    """Prometheus says itself that something may be missing."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A pod's counters at one scrape. ``at``: Unix seconds, Prometheus' clock; ``interval``: to the scrape before."""

    at: float
    counters: PodCounters
    interval: float | None


Found = Mapping[tuple[str, str], Snapshot | GarbledAnswer]
"""By namespace and name of the pod."""


class _Series(BaseModel):
    metric: dict[str, str]
    values: list[tuple[FiniteFloat, str]] = []


class _Matrix(BaseModel):
    resultType: Literal["matrix"]  # noqa: N815 - Prometheus' name for it
    result: list[_Series]


class _Success(BaseModel):
    status: Literal["success"]
    data: _Matrix
    warnings: list[str] = []


class _Failure(BaseModel):
    status: Literal["error"]
    errorType: str  # noqa: N815 - Prometheus' name for it
    error: str


def query(source: PrometheusSource, pods: Collection[PodTarget]) -> str:
    """Return the query for the counters of these pods."""
    named = {name for pod in pods for name in NamedTally(pod.metrics).names}
    matchers = (
        f'__name__=~"{"|".join((*_NAMES, *sorted(named)))}"',
        f'{source.namespace_label}=~"{_any_of(pod.namespace for pod in pods)}"',
        f'{source.pod_label}=~"{_any_of(pod.name for pod in pods)}"',
    )
    return f"{{{','.join(matchers)}}}[{WINDOW}s]"


def refusal(content: bytes) -> str | None:
    """Return Prometheus' own words in the body of an error; None if it is somebody else's, which is not repeated."""
    try:
        failure = _Failure.model_validate_json(content)
    except ValidationError:
        return None
    return _quoted(f"{failure.errorType}: {failure.error}")


def snapshots(content: bytes, source: PrometheusSource, metrics: Collection[NamedMetric] = ()) -> Found:
    """Return each pod's counters at its newest whole scrape, the user's ``metrics`` among them. Raises `NoAnswer`."""
    try:
        answer = _Success.model_validate_json(content)
    except ValidationError:
        refused = refusal(content)
        if refused is not None:
            raise QueryRefused(f"it refused the query: {refused}") from None
        raise GarbledAnswer(
            "what answers there is not the HTTP API of Prometheus; see that address is that of Prometheus itself, "
            "with its path prefix if it has one"
        ) from None
    if answer.warnings:
        raise PartialAnswer(f"it warns that its answer may lack something: {_quoted('; '.join(answer.warnings))}")
    pods: dict[tuple[str, str], list[_Series]] = {}
    for series in answer.data.result:
        where = (series.metric.get(source.namespace_label, ""), series.metric.get(source.pod_label, ""))
        pods.setdefault(where, []).append(series)
    return {where: _newest(_by_target(series), metrics) for where, series in pods.items()}


@dataclass(frozen=True, slots=True)
class _Sampled:
    """A series of the bento's, under the labels that the bento gave it."""

    name: str
    labels: Mapping[str, str]
    values: Mapping[float, str]


_Target = frozenset[tuple[str, str]]
"""The labels that all series of one scraped target have."""


def _by_target(series: Iterable[_Series]) -> dict[_Target, list[_Sampled]]:
    """Tell the labels that the bento gave from those of the target, and the targets from each other.

    What the labels of the user's own counters are is not known here: those of the target are.
    """
    targets: dict[_Target, list[_Sampled]] = {}
    others: list[_Series] = []
    for one in series:
        if one.metric.get("__name__") in _NAMES:
            sampled, target = _told_apart(one)
            targets.setdefault(target, []).append(sampled)
        else:
            others.append(one)
    for one in others:
        for target, found in targets.items():
            if target <= one.metric.items():
                found.append(_without(target, one))
    return targets


def _told_apart(series: _Series) -> tuple[_Sampled, _Target]:
    """Tell the labels of one of BentoML's series from those of the target.

    A target's label wins over one of the same name, which is kept as ``exported_...``; the Prometheus Operator gives
    every target a label ``endpoint``.
    """
    target = dict(series.metric)
    kind, own = target.pop("__name__"), {}
    for name in _OWN:
        theirs = _EXPORTED + name if _EXPORTED + name in target else name
        if theirs in target:
            own[name] = target.pop(theirs)
    return _Sampled(kind, own, dict(series.values)), frozenset(target.items())


def _without(target: _Target, series: _Series) -> _Sampled:
    """Return a series with the bento's own labels alone."""
    own = dict(series.metric.items() - target)
    name = own.pop("__name__", "")
    labels = {label.removeprefix(_EXPORTED): value for label, value in own.items()}
    return _Sampled(name, labels, dict(series.values))


def _newest(
    targets: Mapping[_Target, Sequence[_Sampled]], metrics: Collection[NamedMetric]
) -> Snapshot | GarbledAnswer:
    """Return the newest counters of a pod. If it is scraped twice, by two jobs, each tells the same: one is enough."""
    found: list[Snapshot] = []
    garbled = GarbledAnswer(f"it has no series {REQUESTS}: is it dropped on the way?")
    for _, series in sorted(targets.items(), key=lambda target: sorted(target[0])):
        try:
            found.append(_snapshot(series, metrics))
        except GarbledAnswer as error:
            garbled = error
    return max(found, key=lambda snapshot: snapshot.at) if found else garbled


def _snapshot(series: Sequence[_Sampled], metrics: Collection[NamedMetric]) -> Snapshot:
    at, interval = _whole_scrape(series)
    tally, named = Tally(), NamedTally(metrics)
    for one in series:
        value = one.values.get(at)
        if value is None:
            continue
        named.add(one.name, one.labels, value)
        try:
            meaning = meaning_of(one.name, one.labels)
            if meaning is not None:
                tally.add(meaning, value)
        except NotACount as error:
            raise GarbledAnswer(f"{_named(one)} has the value {_quoted(value)}, which is {error}") from None
        except (KeyError, ValueError) as error:
            raise GarbledAnswer(f"{_named(one)} lacks a usable label ({error}): is it dropped on the way?") from None
    if not tally.seen:
        raise GarbledAnswer(f"it has no series {REQUESTS}: is it dropped on the way?")
    counters = replace(_without_histograms(tally.counters()), named=named.readings())
    return Snapshot(at, counters, interval)


def _whole_scrape(series: Sequence[_Sampled]) -> tuple[float, float | None]:
    """Return the time of the newest scrape of which everything is there, and the seconds to the scrape before it.

    A series that was in the scrape before and is not in this one may be on its way, where Prometheus' storage is not
    its own. It is waited for, one scrape long: by then it is gone, as after a restart of the pod.
    """
    times = sorted({time for one in series for time in one.values})
    for before, time in zip(times[-2::-1], times[:0:-1], strict=True):
        if all(time in one.values for one in series if before in one.values):
            return time, time - before
    if not times:
        raise GarbledAnswer("it has no samples")
    return times[0], None


def _without_histograms(counters: PodCounters) -> PodCounters:
    """Say of routes that were answered and have no histogram that it has no edges, not that it is empty."""
    answered = {endpoint for (endpoint, code), number in counters.requests.items() if number and code < 400}
    missing: dict[str, dict[float, int]] = {endpoint: {} for endpoint in answered - counters.buckets.keys()}
    return replace(counters, buckets={**counters.buckets, **missing}) if missing else counters


def _any_of(names: Iterable[str]) -> str:
    return "|".join(sorted({name.replace(".", "[.]") for name in names}))


def _named(series: _Sampled) -> str:
    own = ", ".join(f'{name}="{value}"' for name, value in series.labels.items())
    return f"{series.name}{{{_quoted(own)}}}"


def _quoted(text: str) -> str:
    return text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 3] + "..."

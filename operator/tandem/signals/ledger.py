"""From counters to counts: what each pod counted since it was last looked at, added up by revision. Pure.

Counters only say how often something happened since a process began. The ledger remembers what each process had
counted, so that every request enters the evidence once: a pod's first sample is only its baseline, a counter that fell
or a container that restarted starts a new one, a pod that cannot be read is caught up on later, and what a pod counted
between its last sample and its end is lost - which is not the same as bad.

Requests that hang are in no counter of finished requests. Of those that had started an objective's length ago at least
``started then - finished now`` are still not answered, so they are too slow already, whatever comes of them. A pod's
too slow requests are the finished ones plus these; the largest such sum so far is what counts, so that nobody is
counted again when they finish.

A metric of the user's own is a pair of counters that need not be incremented at one moment. It is taken in when at
least as many were counted in all as were counted bad since it was last taken in; until then it waits, so that nothing
is lost and nothing is counted bad that is not counted at all.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tandem.judge import Counts
from tandem.signals.metrics import PodCounters
from tandem.signals.named import NOT_READ, Flaw, Reading
from tandem.signals.sample import ERRORS, PodSample, settled

LONGEST_INTERVAL: Final = 10.0
"""Seconds that may pass between two samples at most: a clock that jumped must not make every open request look old."""

HISTORY_POINTS: Final = 16


@dataclass(frozen=True, slots=True)
class Slowness:
    """A pod's state under one latency objective: finished requests within it and beyond it, and all known beyond it."""

    seconds: float
    within: int
    beyond: int
    known: int


@dataclass(frozen=True, slots=True)
class Tallied:
    """What a pod had counted under a metric of the user's when that was last taken in, and by which counters."""

    counted_by: str
    counts: Counts


@dataclass(frozen=True, slots=True)
class Recent:
    """What of a pod is only kept in memory: when it was read, how long it is quiet, how many requests had started."""

    at: float
    elapsed: float = 0.0
    quiet: float = 0.0
    in_progress: int = 0
    history: tuple[tuple[float, int], ...] = ()


@dataclass(frozen=True, slots=True)
class PodLedger:
    """What one process had counted when it was last read. ``counting``: it has been ready, warm-up is over."""

    revision: str
    counting: bool
    finished: int
    answered: int
    errors: int
    turned_away: int
    slowness: Mapping[str, Slowness] = field(default_factory=dict)
    named: Mapping[str, Tallied] = field(default_factory=dict)
    recent: Recent | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Ledger:
    """The processes whose requests count, by `PodTarget.key`."""

    pods: Mapping[str, PodLedger] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fold:
    """What came of one look at the pods.

    ``counts``: requests since the last look by revision and metric. ``turned_away``: of all that asked, how many were
    refused because the pod was busy (429). ``missing_edges``: latency metrics that a revision's histogram has no edge
    for; they are not in its counts. ``flaws``: metrics of the user's that some pod of a revision cannot be judged by.
    """

    ledger: Ledger
    counts: Mapping[str, Mapping[str, Counts]]
    turned_away: Mapping[str, Counts]
    missing_edges: Mapping[str, tuple[str, ...]]
    flaws: Mapping[str, Mapping[str, Flaw]]


def fold(
    ledger: Ledger,
    samples: Iterable[PodSample],
    objectives: Mapping[str, float],
    present: Collection[str] | None = None,
) -> Fold:
    """Return the ledger after these samples, and what was counted since the last ones.

    ``objectives``: the duration in seconds of each latency metric, such as ``{"latency-p99": 0.15}``. ``present``: keys
    of the pods that still exist, read or not; others are forgotten. Without it all are kept.
    """
    pods = {key: pod for key, pod in ledger.pods.items() if present is None or key in present}
    counts: dict[str, dict[str, Counts]] = {}
    turned_away: dict[str, Counts] = {}
    missing: dict[str, set[str]] = {}
    flaws: dict[str, dict[str, Flaw]] = {}
    for sample in settled(samples):
        key, revision = sample.pod.key, sample.pod.revision
        before = pods.get(key)
        after = pods[key] = _advance(before, sample, objectives)
        if not after.counting:
            continue
        missing.setdefault(revision, set()).update(objectives.keys() - after.slowness.keys())
        of_revision = counts.setdefault(revision, {name: Counts() for name in (ERRORS, *objectives)})
        of_revision.update({metric.name: Counts() for metric in sample.pod.metrics if metric.name not in of_revision})
        turned_away.setdefault(revision, Counts())
        if found := _flaws(sample):
            flaws[revision] = {**found, **flaws.get(revision, {})}
        if before is None or not before.counting or _was_reset(before, after):
            continue
        for name, increment in _increments(before, after).items():
            of_revision[name] += increment
        refused = after.turned_away - before.turned_away
        turned_away[revision] += Counts(after.answered - before.answered + refused, refused)
    for revision, names in missing.items():
        for name in names:
            del counts[revision][name]
    return Fold(
        Ledger(pods),
        counts,
        turned_away,
        {revision: tuple(sorted(names)) for revision, names in missing.items() if names},
        flaws,
    )


def drained(ledger: Ledger, pods: Collection[str], seconds: float) -> bool:
    """Whether all these pods (by key) have had nothing in progress and answered nothing for so many seconds.

    A pod that was never read, or not since a restart of the operator, is not drained.
    """
    return all(_quiet(ledger.pods.get(key)) >= seconds for key in pods)


def _quiet(pod: PodLedger | None) -> float:
    return pod.recent.quiet if pod is not None and pod.recent is not None else -1.0


def _advance(before: PodLedger | None, sample: PodSample, objectives: Mapping[str, float]) -> PodLedger:
    counters = sample.counters
    finished = counters.finished
    if before is not None and finished < before.finished:
        before = None
    recent = _recent(before, sample.at, finished, counters.in_progress, max(objectives.values(), default=0.0))
    slowness = {}
    for name, seconds in objectives.items():
        now = _slowness(before, name, seconds, counters, recent)
        if now is not None:
            slowness[name] = now
    return PodLedger(
        revision=sample.pod.revision,
        counting=sample.pod.ready or (before is not None and before.counting),
        finished=finished,
        answered=counters.answered,
        errors=counters.errors,
        turned_away=counters.turned_away,
        slowness=slowness,
        named=_named(before, sample),
        recent=recent,
    )


def _named(before: PodLedger | None, sample: PodSample) -> dict[str, Tallied]:
    """Return what of the user's metrics is taken in with this sample, beside what was before where that has to wait."""
    found = {}
    for metric in sample.pod.metrics:
        counts, counted_by = _reading(sample, metric.name).counts, metric.counted_by
        then = before.named.get(metric.name) if before is not None and before.counting else None
        if then is None or then.counted_by != counted_by:
            if counts is not None:
                found[metric.name] = Tallied(counted_by, counts)
        elif counts is None or _waits(then.counts, counts) or _reading(sample, metric.name).flaw is not None:
            found[metric.name] = then
        else:
            found[metric.name] = Tallied(counted_by, counts)
    return found


def _waits(then: Counts, now: Counts) -> bool:
    """Tell whether more was counted badly than was counted in all: the rest is on its way."""
    return now.bad - then.bad > now.total - then.total >= 0


def _reading(sample: PodSample, metric: str) -> Reading:
    return sample.counters.named.get(metric, NOT_READ)


def _flaws(sample: PodSample) -> dict[str, Flaw]:
    """Return the metrics that this pod cannot be judged by; nothing is missing of one that has answered nobody yet."""
    if not sample.counters.answered:
        return {}
    found = {metric.name: _reading(sample, metric.name).flaw for metric in sample.pod.metrics}
    return {
        name: Flaw(flaw.reason, f"metric {name} of pod {sample.pod.name}: {flaw.message}")
        for name, flaw in found.items()
        if flaw is not None
    }


def _slowness(
    before: PodLedger | None, name: str, seconds: float, counters: PodCounters, recent: Recent
) -> Slowness | None:
    found = counters.within(seconds)
    if found is None:
        return None
    within, beyond = found
    earlier = before.slowness.get(name) if before is not None else None
    if earlier is None or earlier.seconds != seconds or within < earlier.within or beyond < earlier.beyond:
        return Slowness(seconds, within, beyond, beyond)
    known = max(earlier.known, beyond + _hanging(recent, seconds, counters.finished))
    return Slowness(seconds, within, beyond, known)


def _hanging(recent: Recent, seconds: float, finished: int) -> int:
    """Return how many requests, at least, have been open for longer than ``seconds``.

    A scrape is no atomic look: a request may show as finished and in progress at once. So two old points are taken,
    and the smaller; and no more can hang than are in progress. (Requests whose caller hung up may be in neither.)
    """
    started = [started for elapsed, started in recent.history if recent.elapsed - elapsed >= seconds][-2:]
    if len(started) < 2:
        return 0
    return max(0, min(min(started) - finished, recent.in_progress))


def _recent(before: PodLedger | None, at: float, finished: int, in_progress: int, longest: float) -> Recent:
    started = finished + in_progress
    if before is None or before.recent is None:
        return Recent(at, in_progress=in_progress, history=((0.0, started),))
    last = before.recent
    interval = min(max(at - last.at, 0.0), LONGEST_INTERVAL)
    elapsed = last.elapsed + interval
    still = in_progress == 0 and last.in_progress == 0 and finished == before.finished
    history = last.history
    if elapsed - history[-1][0] >= longest / HISTORY_POINTS:
        history = (*history, (elapsed, started))
        old = sum(elapsed - then >= longest for then, _ in history)
        history = history[max(old - 2, 0) :]
    return Recent(at, elapsed, last.quiet + interval if still else 0.0, in_progress, history)


def _was_reset(before: PodLedger, after: PodLedger) -> bool:
    """Tell whether any part fell: were only the whole looked at, the rest would have grown by more than there was."""
    return any(now < then for then, now in zip(_parts(before), _parts(after), strict=True))


def _parts(pod: PodLedger) -> tuple[int, ...]:
    return pod.finished, pod.answered - pod.errors, pod.errors, pod.turned_away


def _increments(before: PodLedger, after: PodLedger) -> dict[str, Counts]:
    found = {ERRORS: Counts(after.answered - before.answered, after.errors - before.errors)}
    for name, now in after.slowness.items():
        then = before.slowness.get(name)
        if then is None or then.seconds != now.seconds or now.within < then.within or now.known < then.known:
            continue
        found[name] = Counts(now.within - then.within + now.known - then.known, now.known - then.known)
    return found | _named_increments(before, after)


def _named_increments(before: PodLedger, after: PodLedger) -> dict[str, Counts]:
    found = {}
    for name, now in after.named.items():
        then = before.named.get(name)
        if then is None or then.counted_by != now.counted_by:
            continue
        total, bad = now.counts.total - then.counts.total, now.counts.bad - then.counts.bad
        if 0 <= bad <= total:  # a counter that fell begins anew
            found[name] = Counts(total, bad)
    return found

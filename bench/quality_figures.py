"""What `bench.quality` looks at, as figures: pure functions of scrapes and of what a watch saw."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from prometheus_client.parser import text_string_to_metric_families

from dev.kube.watch import Seen
from dev.traffic.summary import quantile

_SO_FAR = re.compile(r"(\d+) requests so far")
_MIB = 2**20


@dataclass(frozen=True)
class Durations:
    """A histogram of Prometheus: how many took at most how many seconds."""

    within: Mapping[float, float]
    total: float
    """Seconds, all together."""

    @property
    def count(self) -> float:
        return max(self.within.values(), default=0.0)

    def since(self, earlier: "Durations") -> "Durations":
        """Return what has come to it."""
        within = {bound: count - earlier.within.get(bound, 0.0) for bound, count in self.within.items()}
        return Durations(within, self.total - earlier.total)

    def bound(self, share: float) -> float:
        """Return the least bound within which this share was; infinity where that is the last."""
        return next((bound for bound in sorted(self.within) if self.within[bound] >= share * self.count), 0.0)

    @property
    def mean(self) -> float:
        return self.total / self.count if self.count else 0.0


@dataclass(frozen=True)
class Sample:
    """The operator at a moment, by its own metrics."""

    at: float
    """Seconds since the epoch."""
    load: float
    """Load average of the machine, of one minute."""
    memory: float
    """Bytes resident."""
    cpu: float
    """Seconds of processor time since its start."""
    reconciles: Durations
    waits: Durations
    """In the queue, from when a reconcile was due."""


@dataclass(frozen=True)
class Reaction:
    """From a change of another model's spec until its status speaks of it."""

    at: float
    seconds: float


def sample(metrics: str, at: float, load: float) -> Sample:
    """Read a scrape of the operator. Raises ``KeyError`` where a metric is missing."""
    found = {family.name: family.samples for family in text_string_to_metric_families(metrics)}
    durations = {}
    for name in ("tandem_reconcile_seconds", "tandem_queue_wait_seconds"):
        lines = found[name]
        within = {float(line.labels["le"]): line.value for line in lines if line.name == f"{name}_bucket"}
        durations[name] = Durations(within, next(line.value for line in lines if line.name == f"{name}_sum"))
    return Sample(
        at,
        load,
        found["process_resident_memory_bytes"][0].value,
        found["process_cpu_seconds"][0].value,
        durations["tandem_reconcile_seconds"],
        durations["tandem_queue_wait_seconds"],
    )


def reactions(history: Iterable[Seen]) -> list[Reaction]:
    """Return how long the status of each generation but an object's first took, from a watch on ModelDeployments."""
    changed: dict[tuple[str, int], float] = {}
    found = []
    for seen in history:
        generation = seen.object["metadata"]["generation"]
        at = changed.setdefault((seen.name, generation), seen.at)
        observed = seen.object.get("status", {}).get("observedGeneration", 0)
        if observed == generation > 1 and at >= 0:
            found.append(Reaction(at, seen.at - at))
            changed[seen.name, generation] = -1.0
    return found


def progress(history: Iterable[Seen]) -> list[int]:
    """Return the counts of requests that were told in the status, one after the other."""
    told: list[int] = []
    for seen in history:
        match = _SO_FAR.search(json.dumps(seen.object.get("status", {})))
        if match is not None and (not told or told[-1] != int(match[1])):
            told.append(int(match[1]))
    return told


def table(phases: Mapping[str, Sequence[Sample]], reacted: Mapping[str, Sequence[float]]) -> str:
    """Return a table in Markdown, a column a phase; each phase has two samples at least."""
    columns = [_column(samples, sorted(reacted[name])) for name, samples in phases.items()]
    head = [f"| | {' | '.join(phases)} |", f"|---{'|---' * len(phases)}|"]
    return "\n".join(head + [f"| {row} | {' | '.join(column[row] for column in columns)} |" for row in columns[0]])


def _column(samples: Sequence[Sample], reacted: Sequence[float]) -> dict[str, str]:
    first, last = samples[0], samples[-1]
    seconds = last.at - first.at
    memory = [each.memory / _MIB for each in samples]
    reconciles, waits = last.reconciles.since(first.reconciles), last.waits.since(first.waits)
    cpu = last.cpu - first.cpu
    times = f"{median(reacted):.2f} s, {quantile(reacted, 0.95):.2f} s, {reacted[-1]:.2f} s" if reacted else "none"
    return {
        "seconds": f"{seconds:.0f}",
        "load average of the machine": f"{fmean(each.load for each in samples):.1f}",
        "operator, resident: mean, most": f"{fmean(memory):.1f} MiB, {max(memory):.1f} MiB",
        "operator, processor": f"{cpu / seconds:.1%} of one",
        "reconciles": f"{reconciles.count:.0f}",
        "a reconcile: mean, 99 % within": f"{reconciles.mean * 1000:.0f} ms, {reconciles.bound(0.99):g} s",
        "processor time for each": f"{cpu / max(reconciles.count, 1) * 1000:.0f} ms",
        "its wait in the queue: 99 % within": f"{waits.bound(0.99):g} s",
        "changes of other models": f"{len(reacted)}",
        "from a change to its status: median, 95 %, most": times,
    }

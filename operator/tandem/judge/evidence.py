"""Evidence of one rollout: everything the judge remembers, a value that goes into status and comes back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from tandem.judge import codec, states
from tandem.judge.batch import Batch, add_batch, next_step_batch
from tandem.judge.counts import CorruptEvidence, Counts, Increment

FORMAT: Final = 1

DEFAULT_ALLOWED: Final = 0.01
"""Bad share that counts as in order where no objective says another."""

NO_INCREMENT: Final = Increment()
Floats = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class MetricEvidence:
    """Evidence under one metric: counts of the rollout, the step and the unfinished block, and the gates' states.

    The states are the rows of `Batch` arrays: see `tandem.judge.states`.
    """

    allowed: float = DEFAULT_ALLOWED
    rollout: Increment = NO_INCREMENT
    step: Increment = NO_INCREMENT
    pending: Increment = NO_INCREMENT
    dispersion: Floats = states.DISPERSION
    relative: Floats = states.RELATIVE
    passing: Floats = states.PASSING
    absolute: Floats = tuple(states.absolute_begin(DEFAULT_ALLOWED).tolist())

    @property
    def uncompared(self) -> bool:
        """Stable answered nothing in this step: there is only the objective and its record to compare with."""
        return self.step.stable.total == 0

    @property
    def tolerated(self) -> float:
        """Share of bad requests that is tolerated where stable answers nothing."""
        return self.absolute[0]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Evidence of one attempt of one candidate, by metric. Another candidate or attempt starts with `empty`."""

    metrics: Mapping[str, MetricEvidence] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values; `from_dict` gives back an equal value."""
        return {"format": FORMAT, "metrics": {name: _metric_to_dict(metric) for name, metric in self.metrics.items()}}

    @classmethod
    def from_dict(cls, data: object) -> "Evidence":
        """Return the evidence that `to_dict` wrote. Raises `CorruptEvidence` for anything else."""
        content = codec.record(data, "evidence", ("format", "metrics"))
        codec.expect_format(content["format"], FORMAT)
        metrics = codec.mapping(content["metrics"], "metrics")
        return cls({name: _metric_from_dict(value, f"metrics.{name}") for name, value in metrics.items()})


def empty(allowed: Mapping[str, float] | None = None) -> Evidence:
    """Return evidence before the first request.

    ``allowed`` names the metrics and the bad share that the objectives grant each: 0.001 for ``errors`` at 99.9 %
    availability, 0.01 for a p99. Metrics that turn up later get `DEFAULT_ALLOWED`.
    """
    return Evidence({name: _begin(share) for name, share in (allowed or {}).items()})


def add(evidence: Evidence, increments: Mapping[str, Increment]) -> Evidence:
    """Return the evidence with what came in since the last call. Metrics without requests are left as they are."""
    came = {name: increment for name, increment in increments.items() if increment.total}
    if not came:
        return evidence
    metrics = dict(evidence.metrics)
    changed = [metrics.get(name) or _begin(DEFAULT_ALLOWED) for name in came]
    counts = np.array([_increment_row(increment) for increment in came.values()], dtype=np.int64)
    batch = add_batch(batch_of(changed), *counts.T)
    metrics.update(zip(came, _rows(batch), strict=True))
    return Evidence(metrics)


def next_step(evidence: Evidence) -> Evidence:
    """Return the evidence at the start of another step, that is of another weight: see `next_step_batch`."""
    if not evidence.metrics:
        return evidence
    batch = next_step_batch(batch_of(list(evidence.metrics.values())), np.array([True]))
    return Evidence(dict(zip(evidence.metrics, _rows(batch), strict=True)))


def batch_of(metrics: Sequence[MetricEvidence]) -> Batch:
    """Return the evidence of one rollout as a batch of one."""
    rollout, step, pending = (
        np.array([[_increment_row(getattr(metric, part)) for metric in metrics]], dtype=np.int64)
        for part in ("rollout", "step", "pending")
    )
    dispersion, relative, passing, absolute = (
        np.array([[getattr(metric, state) for metric in metrics]])
        for state in ("dispersion", "relative", "passing", "absolute")
    )
    allowed = np.array([[metric.allowed for metric in metrics]])
    return Batch(allowed, rollout, step, pending, dispersion, relative, passing, absolute)


def _begin(allowed: float) -> MetricEvidence:
    return next(iter(_rows(Batch.begin(1, [allowed]))))


def _rows(batch: Batch) -> list[MetricEvidence]:
    return [
        MetricEvidence(
            allowed=float(batch.allowed[0, row]),
            rollout=_increment(batch.rollout[0, row].tolist()),
            step=_increment(batch.step[0, row].tolist()),
            pending=_increment(batch.pending[0, row].tolist()),
            dispersion=tuple(batch.dispersion[0, row].tolist()),
            relative=tuple(batch.relative[0, row].tolist()),
            passing=tuple(batch.passing[0, row].tolist()),
            absolute=tuple(batch.absolute[0, row].tolist()),
        )
        for row in range(batch.allowed.shape[1])
    ]


def _increment_row(value: Increment) -> list[int]:
    return [value.candidate.total, value.candidate.bad, value.stable.total, value.stable.bad]


def _increment(row: list[int]) -> Increment:
    return Increment(Counts(row[0], row[1]), Counts(row[2], row[3]))


_FIELDS: Final = ("allowed", "rollout", "step", "pending", "dispersion", "relative", "passing", "absolute")


def _metric_to_dict(metric: MetricEvidence) -> dict[str, Any]:
    return {
        "allowed": metric.allowed,
        "rollout": _increment_row(metric.rollout),
        "step": _increment_row(metric.step),
        "pending": _increment_row(metric.pending),
        "dispersion": list(metric.dispersion),
        "relative": list(metric.relative),
        "passing": list(metric.passing),
        "absolute": list(metric.absolute),
    }


def _metric_from_dict(data: object, where: str) -> MetricEvidence:
    content = codec.record(data, where, _FIELDS)
    rollout, step, pending = (codec.increment(content[key], f"{where}.{key}") for key in ("rollout", "step", "pending"))
    if not _within(pending, step) or not _within(step, rollout):
        raise CorruptEvidence(where, "a part counts more requests than the whole")
    dispersion = codec.floats(content["dispersion"], f"{where}.dispersion", len(states.DISPERSION), least=0.0)
    if dispersion[1] <= 0.0 or dispersion[3] <= 0.0:
        raise CorruptEvidence(f"{where}.dispersion", "nothing was expected of no requests")
    return MetricEvidence(
        allowed=codec.share(content["allowed"], f"{where}.allowed"),
        rollout=rollout,
        step=step,
        pending=pending,
        dispersion=dispersion,
        relative=codec.floats(content["relative"], f"{where}.relative", len(states.RELATIVE)),
        passing=codec.floats(content["passing"], f"{where}.passing", len(states.PASSING), least=0.0),
        absolute=codec.absolute(content["absolute"], f"{where}.absolute"),
    )


def _within(part: Increment, whole: Increment) -> bool:
    return all(_counts_within(p, w) for p, w in ((part.candidate, whole.candidate), (part.stable, whole.stable)))


def _counts_within(part: Counts, whole: Counts) -> bool:
    return part.bad <= whole.bad and part.total - part.bad <= whole.total - whole.bad

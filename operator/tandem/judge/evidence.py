"""Evidence of one rollout: everything the judge remembers, a value that goes into status and comes back."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from tandem.judge import codec, states
from tandem.judge.batch import Batch, add_batch, next_step_batch
from tandem.judge.counts import NONE, CorruptEvidence, Counts, Increment
from tandem.judge.history import History, MetricHistory, dispersion_from

FORMAT: Final = 3
"""Formats 1 and 2 had other bets and another way to learn dispersion: what they hold cannot be read on."""

TURNED_AWAY: Final = "turned-away"
"""Name of the metric that counts requests refused because the version was busy (429). It sends nobody back: it holds a
candidate that refuses more than stable does, as it would refuse still more with a larger share."""

DEFAULT_ALLOWED: Final = 0.01
"""Bad share that counts as in order where no objective says another."""

NO_INCREMENT: Final = Increment()
Floats = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class MetricEvidence:
    """Evidence under one metric: counts of the rollout, the step and the unfinished block, and the gates' states.

    The states are the rows of `Batch` arrays: see `tandem.judge.states`. ``before``: what stable had answered
    before the rollout began, as far as is known; ``warmed``: that was enough to rely on.
    """

    allowed: float = DEFAULT_ALLOWED
    rollout: Increment = NO_INCREMENT
    step: Increment = NO_INCREMENT
    pending: Increment = NO_INCREMENT
    dispersion: Floats = states.DISPERSION
    relative: Floats = states.RELATIVE
    passing: Floats = states.PASSING
    absolute: Floats = tuple(states.absolute_begin(DEFAULT_ALLOWED).tolist())
    warmed: bool = False
    before: Counts = NONE

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


def empty(allowed: Mapping[str, float] | None = None, history: History | None = None) -> Evidence:
    """Return evidence before the first request.

    ``allowed`` names the metrics and the bad share that the objectives grant each: 0.001 for ``errors`` at 99.9 %
    availability, 0.01 for a p99. Metrics that turn up later get `DEFAULT_ALLOWED`. ``history``: what was learned of
    stable before.
    """
    known = history.metrics if history else {}
    return Evidence({name: _begin(share, known.get(name)) for name, share in (allowed or {}).items()})


def add(evidence: Evidence, increments: Mapping[str, Increment]) -> Evidence:
    """Return the evidence with what came in since the last call. Metrics without requests are left as they are."""
    came = {name: increment for name, increment in increments.items() if increment.total}
    if not came:
        return evidence
    metrics = dict(evidence.metrics)
    changed = [metrics.get(name) or _begin(DEFAULT_ALLOWED) for name in came]
    counts = np.array([_increment_row(increment) for increment in came.values()], dtype=np.int64)
    batch = add_batch(batch_of(dict(zip(came, changed, strict=True))), *counts.T)
    metrics.update(zip(came, _rows(batch), strict=True))
    return Evidence(metrics)


def next_step(evidence: Evidence) -> Evidence:
    """Return the evidence at the start of another step, that is of another weight: see `next_step_batch`."""
    if not evidence.metrics:
        return evidence
    batch = next_step_batch(batch_of(evidence.metrics), np.array([True]))
    return Evidence(dict(zip(evidence.metrics, _rows(batch), strict=True)))


def batch_of(metrics: Mapping[str, MetricEvidence]) -> Batch:
    """Return the evidence of one rollout as a batch of one."""
    rows = list(metrics.values())
    rollout, step, pending = (
        np.array([[_increment_row(getattr(row, part)) for row in rows]], dtype=np.int64)
        for part in ("rollout", "step", "pending")
    )
    dispersion, relative, passing, absolute = (
        np.array([[getattr(row, state) for row in rows]]) for state in ("dispersion", "relative", "passing", "absolute")
    )
    return Batch(
        allowed=np.array([[row.allowed for row in rows]]),
        decides=np.array([[name != TURNED_AWAY for name in metrics]]),
        warmed=np.array([[row.warmed for row in rows]]),
        before=np.array([[[row.before.total, row.before.bad] for row in rows]], dtype=np.int64),
        rollout=rollout,
        step=step,
        pending=pending,
        dispersion=dispersion,
        relative=relative,
        passing=passing,
        absolute=absolute,
    )


def _begin(allowed: float, history: MetricHistory | None = None) -> MetricEvidence:
    begun = _rows(Batch.begin(1, [allowed]))[0]
    if history is None:
        return begun
    return replace(begun, dispersion=history.dispersion, warmed=history.enough, before=history.counts)


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
            warmed=bool(batch.warmed[0, row]),
            before=Counts(*batch.before[0, row].tolist()),
        )
        for row in range(batch.allowed.shape[1])
    ]


def _increment_row(value: Increment) -> list[int]:
    return [value.candidate.total, value.candidate.bad, value.stable.total, value.stable.bad]


def _increment(row: list[int]) -> Increment:
    return Increment(Counts(row[0], row[1]), Counts(row[2], row[3]))


_FIELDS: Final = (
    *("allowed", "rollout", "step", "pending"),
    *("dispersion", "relative", "passing", "absolute"),
    *("warmed", "before"),
)


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
        "warmed": metric.warmed,
        "before": [metric.before.total, metric.before.bad],
    }


def _metric_from_dict(data: object, where: str) -> MetricEvidence:
    content = codec.record(data, where, _FIELDS)
    rollout, step, pending = (codec.increment(content[key], f"{where}.{key}") for key in ("rollout", "step", "pending"))
    if not _within(pending, step) or not _within(step, rollout):
        raise CorruptEvidence(where, "a part counts more requests than the whole")
    if not isinstance(content["warmed"], bool):
        raise CorruptEvidence(f"{where}.warmed", f"{content['warmed']!r} is neither true nor false")
    return MetricEvidence(
        allowed=codec.share(content["allowed"], f"{where}.allowed"),
        rollout=rollout,
        step=step,
        pending=pending,
        dispersion=dispersion_from(content["dispersion"], f"{where}.dispersion"),
        relative=codec.floats(content["relative"], f"{where}.relative", len(states.RELATIVE)),
        passing=codec.floats(content["passing"], f"{where}.passing", len(states.PASSING), least=0.0),
        absolute=codec.absolute(content["absolute"], f"{where}.absolute"),
        warmed=content["warmed"],
        before=codec.counts(content["before"], f"{where}.before"),
    )


def _within(part: Increment, whole: Increment) -> bool:
    return all(_counts_within(p, w) for p, w in ((part.candidate, whole.candidate), (part.stable, whole.stable)))


def _counts_within(part: Counts, whole: Counts) -> bool:
    return part.bad <= whole.bad and part.total - part.bad <= whole.total - whole.bad

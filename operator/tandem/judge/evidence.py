"""Evidence of one rollout: everything the judge remembers, a value that goes into status and comes back."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tandem.judge import codec
from tandem.judge.counts import NONE, CorruptEvidence, Counts, Increment
from tandem.judge.states import Absolute, Dispersion, Passing, Relative, tolerated_share

FORMAT: Final = 1
SMALLEST_BLOCK: Final = 10
"""Requests in a block. A block of one request says nothing about a ratio: its share is 0 or 1."""

DEFAULT_ALLOWED: Final = 0.01
"""Bad share that counts as in order where no objective says another."""

NO_INCREMENT: Final = Increment()


@dataclass(frozen=True, slots=True)
class MetricEvidence:
    """Evidence under one metric: counts of the rollout, the step and the unfinished block, and the gates' states."""

    allowed: float = DEFAULT_ALLOWED
    rollout: Increment = NO_INCREMENT
    step: Increment = NO_INCREMENT
    pending: Increment = NO_INCREMENT
    dispersion: Dispersion = field(default_factory=Dispersion)
    relative: Relative = field(default_factory=Relative)
    passing: Passing = field(default_factory=Passing)
    absolute: Absolute = field(default_factory=lambda: Absolute(DEFAULT_ALLOWED))

    @property
    def uncompared(self) -> bool:
        """Stable answered nothing in this step: there is only the objective and its record to compare with."""
        return self.step.stable.total == 0


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
    metrics = dict(evidence.metrics)
    for name, increment in increments.items():
        if increment.total:
            metrics[name] = _add(metrics.get(name) or _begin(DEFAULT_ALLOWED), increment)
    return Evidence(metrics)


def next_step(evidence: Evidence) -> Evidence:
    """Return the evidence at the start of another step, that is of another weight.

    What speaks against the candidate is carried on. What speaks for it is begun afresh: a version that bore 1 % of the
    load has not shown yet that it bears 50 %. The unfinished block is dropped, as it would mix two weights.
    """
    return Evidence({name: _next_step(metric) for name, metric in evidence.metrics.items()})


def _begin(allowed: float) -> MetricEvidence:
    return MetricEvidence(allowed=allowed, absolute=Absolute(tolerated_share(allowed, NONE, 1.0)))


def _add(metric: MetricEvidence, increment: Increment) -> MetricEvidence:
    pending = metric.pending + increment
    changed = replace(metric, rollout=metric.rollout + increment, step=metric.step + increment, pending=pending)
    dispersion = metric.dispersion.factor
    if changed.uncompared:
        changed = replace(changed, absolute=metric.absolute.after(increment.candidate, dispersion))
    if pending.candidate.total == 0 or pending.stable.total == 0 or pending.total < SMALLEST_BLOCK:
        return changed
    return replace(
        changed,
        pending=NO_INCREMENT,
        relative=metric.relative.after(pending, dispersion),
        passing=metric.passing.after(pending, dispersion),
        dispersion=metric.dispersion.after(pending.stable),
    )


def _next_step(metric: MetricEvidence) -> MetricEvidence:
    tolerated = tolerated_share(metric.allowed, metric.rollout.stable, metric.dispersion.factor)
    return replace(
        metric,
        step=NO_INCREMENT,
        pending=NO_INCREMENT,
        passing=Passing(),
        absolute=replace(metric.absolute, tolerated=tolerated),
    )


_FIELDS: Final = ("allowed", "rollout", "step", "pending", "dispersion", "relative", "passing", "absolute")


def _metric_to_dict(metric: MetricEvidence) -> dict[str, Any]:
    dispersion, passing = metric.dispersion, metric.passing
    return {
        "allowed": metric.allowed,
        "rollout": codec.increment_list(metric.rollout),
        "step": codec.increment_list(metric.step),
        "pending": codec.increment_list(metric.pending),
        "dispersion": [dispersion.squares, dispersion.expected, dispersion.bad, dispersion.total],
        "relative": list(metric.relative.logs),
        "passing": [passing.good, passing.bad, *passing.stable],
        "absolute": codec.absolute_list(metric.absolute),
    }


def _metric_from_dict(data: object, where: str) -> MetricEvidence:
    content = codec.record(data, where, _FIELDS)
    rollout, step, pending = (codec.increment(content[key], f"{where}.{key}") for key in ("rollout", "step", "pending"))
    if not _within(pending, step) or not _within(step, rollout):
        raise CorruptEvidence(where, "a part counts more requests than the whole")
    squares, expected, bad, total = codec.floats(content["dispersion"], f"{where}.dispersion", 4, least=0.0)
    if expected <= 0.0 or total <= 0.0:
        raise CorruptEvidence(f"{where}.dispersion", "nothing was expected of no requests")
    passed = codec.floats(content["passing"], f"{where}.passing", 2 + len(Passing().stable), least=0.0)
    return MetricEvidence(
        allowed=codec.share(content["allowed"], f"{where}.allowed"),
        rollout=rollout,
        step=step,
        pending=pending,
        dispersion=Dispersion(squares, expected, bad, total),
        relative=Relative(codec.floats(content["relative"], f"{where}.relative", len(Relative().logs))),
        passing=Passing(passed[0], passed[1], passed[2:]),
        absolute=codec.absolute(content["absolute"], f"{where}.absolute"),
    )


def _within(part: Increment, whole: Increment) -> bool:
    return all(_counts_within(p, w) for p, w in ((part.candidate, whole.candidate), (part.stable, whole.stable)))


def _counts_within(part: Counts, whole: Counts) -> bool:
    return part.bad <= whole.bad and part.total - part.bad <= whole.total - whole.bad

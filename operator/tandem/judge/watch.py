"""The watch window after promotion: the new stable against the record of the old one, which gets no requests now."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tandem.judge import codec, sentences
from tandem.judge.counts import NONE, Counts
from tandem.judge.evidence import DEFAULT_ALLOWED, Evidence, MetricEvidence
from tandem.judge.gates import CAP, absolute_pass_increment, finite_exp, log_mean
from tandem.judge.states import LARGEST_DISPERSION, Absolute, tolerated_share
from tandem.judge.verdict import HOLD_AT, WATCH_PART, Settings, Verdict, VerdictKind, mean_log, threshold

FORMAT: Final = 1
ERRORS: Final = "errors"
STALL_CAP: Final = math.log(1.5)
"""Most that one look at a latency counts for, in the log. With nobody to compare with, a node that stalls for two
seconds looks like a version that turned slow (seen: 50 of 61 answers late, and the version sent back for it). So some
fifteen to thirty looks in a row must be bad before that is believed."""


@dataclass(frozen=True, slots=True)
class WatchedMetric:
    """One metric of a promoted version: what its predecessor had, what it has had since, and the evidence against it.

    ``lately``: what it has had since the evidence against it was at its lowest (``lowest``, a log), which is where it
    went bad if it did.
    """

    record: Counts
    dispersion: float
    absolute: Absolute
    since: Counts = NONE
    lately: Counts = NONE
    lowest: float = 0.0


@dataclass(frozen=True, slots=True)
class WatchEvidence:
    """Evidence of one watch window, by metric."""

    metrics: Mapping[str, WatchedMetric] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values; `from_dict` gives back an equal value."""
        metrics = {
            name: {
                "record": [metric.record.total, metric.record.bad],
                "since": [metric.since.total, metric.since.bad],
                "lately": [metric.lately.total, metric.lately.bad],
                "lowest": metric.lowest,
                "dispersion": metric.dispersion,
                "absolute": codec.absolute_list(metric.absolute),
            }
            for name, metric in self.metrics.items()
        }
        return {"format": FORMAT, "watched": metrics}

    @classmethod
    def from_dict(cls, data: object) -> "WatchEvidence":
        """Return the evidence that `to_dict` wrote. Raises `CorruptEvidence` for anything else."""
        content = codec.record(data, "watch evidence", ("format", "watched"))
        codec.expect_format(content["format"], FORMAT)
        metrics = codec.mapping(content["watched"], "watched")
        return cls({name: _metric_from_dict(value, f"watched.{name}") for name, value in metrics.items()})


def watch_evidence(evidence: Evidence, allowed: Mapping[str, float] | None = None) -> WatchEvidence:
    """Return the evidence at the moment of promotion.

    What is tolerated from now on comes from the record that the old stable left in the rollout's evidence (see
    `tolerated_share`) and from the objectives: ``allowed`` for the new version's own, where they differ from those that
    the rollout was judged by.
    """
    metrics = {name: _watch(metric, metric.allowed) for name, metric in evidence.metrics.items()}
    for name, share in (allowed or {}).items():
        metrics[name] = _watch(evidence.metrics.get(name) or MetricEvidence(), share)
    return WatchEvidence(metrics)


def add_watch(evidence: WatchEvidence, counts: Mapping[str, Counts]) -> WatchEvidence:
    """Return the evidence with what the new version answered since the last call. No requests change nothing."""
    metrics = dict(evidence.metrics)
    for name, increment in counts.items():
        if increment.total:
            metric = metrics.get(name) or _watch(MetricEvidence(), DEFAULT_ALLOWED)
            metrics[name] = _add(metric, increment, CAP if name == ERRORS else STALL_CAP)
    return WatchEvidence(metrics)


def watch_verdict(evidence: WatchEvidence, settings: Settings) -> Verdict:
    """Return what the evidence says of a promoted version.

    RollBack; Hold: suspicious, not enough to send it back; Advance: shown to be good; Undecided: neither. There is
    nobody to compare with at the same time: an outage that would hit every version speaks against this one too.
    """
    if not evidence.metrics:
        return Verdict(
            VerdictKind.UNDECIDED,
            "errors",
            NONE,
            NONE,
            1.0,
            sentences.watched_quietly(_words("errors", settings), NONE, 0.0),
        )
    e_value = finite_exp(mean_log([metric.absolute.log_e for metric in evidence.metrics.values()]))
    if e_value < HOLD_AT:
        return _quiet(evidence, settings)
    name, metric = max(evidence.metrics.items(), key=lambda item: item[1].absolute.log_e)
    needed = threshold(settings, WATCH_PART)
    text = sentences.watched(
        _words(name, settings), metric.lately, metric.record, metric.absolute.tolerated, e_value, needed
    )
    kind = VerdictKind.ROLL_BACK if e_value >= needed else VerdictKind.HOLD
    return Verdict(kind, name, metric.lately, metric.record, e_value, text)


def _add(metric: WatchedMetric, increment: Counts, cap: float) -> WatchedMetric:
    absolute = metric.absolute.after(increment, metric.dispersion, cap)
    return replace(
        metric,
        since=metric.since + increment,
        lately=metric.lately + increment if absolute.log_e > metric.lowest else NONE,
        lowest=min(absolute.log_e, metric.lowest),
        absolute=absolute,
    )


def _quiet(evidence: WatchEvidence, settings: Settings) -> Verdict:
    name, metric = min(evidence.metrics.items(), key=lambda item: _pass_log(item[1]))
    e_value = finite_exp(_pass_log(metric))
    text = sentences.watched_quietly(_words(name, settings), metric.since, metric.absolute.tolerated)
    kind = VerdictKind.ADVANCE if e_value >= 1.0 / settings.false_advance else VerdictKind.UNDECIDED
    return Verdict(kind, name, metric.since, metric.record, e_value, text)


def _pass_log(metric: WatchedMetric) -> float:
    increment = absolute_pass_increment(metric.since.total, metric.since.bad, metric.absolute.tolerated)
    return log_mean(increment / metric.dispersion)


def _words(name: str, settings: Settings) -> sentences.Words:
    return sentences.Words.of(name, settings.objectives)


def _watch(metric: MetricEvidence, allowed: float) -> WatchedMetric:
    record, dispersion = metric.rollout.stable, metric.dispersion.factor
    return WatchedMetric(record, dispersion, Absolute(tolerated_share(allowed, record, dispersion)))


def _metric_from_dict(data: object, where: str) -> WatchedMetric:
    content = codec.record(data, where, ("record", "since", "lately", "lowest", "dispersion", "absolute"))
    return WatchedMetric(
        record=codec.counts(content["record"], f"{where}.record"),
        since=codec.counts(content["since"], f"{where}.since"),
        lately=codec.counts(content["lately"], f"{where}.lately"),
        lowest=codec.number(content["lowest"], f"{where}.lowest", most=0.0),
        dispersion=codec.number(content["dispersion"], f"{where}.dispersion", 1.0, LARGEST_DISPERSION),
        absolute=codec.absolute(content["absolute"], f"{where}.absolute"),
    )

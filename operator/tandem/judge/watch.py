"""The watch window after promotion: the new stable against the record of the old one, which gets no requests now."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from tandem.judge import codec, sentences
from tandem.judge.batch import KINDS
from tandem.judge.counts import NONE, Counts
from tandem.judge.evidence import DEFAULT_ALLOWED, TURNED_AWAY, Evidence, Floats, MetricEvidence, batch_of
from tandem.judge.rules import RULES, STALL_CAP, WATCH_PART, Settings, VerdictKind
from tandem.judge.verdict import Verdict
from tandem.judge.watchbatch import WatchBatch, add_watch_batch, judge_watch_batch

FORMAT: Final = 1
ERRORS: Final = "errors"


@dataclass(frozen=True, slots=True)
class WatchedMetric:
    """One metric of a promoted version: what its predecessor had, what it has had since, and the evidence against it.

    See `WatchBatch` for the fields.
    """

    record: Counts
    dispersion: float
    absolute: Floats
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
                "absolute": list(metric.absolute),
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

    What is tolerated from now on comes from the record that the old stable left in the rollout's evidence and from the
    objectives: ``allowed`` for the new version's own, where they differ from those that the rollout was judged by.
    """
    shares = {name: metric.allowed for name, metric in evidence.metrics.items()} | dict(allowed or {})
    shares.pop(TURNED_AWAY, None)
    if not shares:
        return WatchEvidence()
    before = {name: evidence.metrics.get(name) or MetricEvidence() for name in shares}
    batch = WatchBatch.begin(batch_of(before), _caps(shares), [list(shares.values())])
    return WatchEvidence(dict(zip(shares, _rows(batch), strict=True)))


def add_watch(evidence: WatchEvidence, counts: Mapping[str, Counts]) -> WatchEvidence:
    """Return the evidence with what the new version answered since the last call. No requests change nothing.

    What it turned away does not count: there is nobody to compare with, and being busy is no reason to go back.
    """
    came = {name: increment for name, increment in counts.items() if increment.total and name != TURNED_AWAY}
    if not came:
        return evidence
    new = watch_evidence(Evidence(), {name: DEFAULT_ALLOWED for name in came if name not in evidence.metrics})
    metrics = {**evidence.metrics, **new.metrics}
    total, bad = ([[getattr(increment, part) for increment in came.values()]] for part in ("total", "bad"))
    batch = add_watch_batch(_batch_of({name: metrics[name] for name in came}), total, bad)
    metrics.update(zip(came, _rows(batch), strict=True))
    return WatchEvidence(metrics)


def watch_verdict(evidence: WatchEvidence, settings: Settings) -> Verdict:
    """Return what the evidence says of a promoted version: see `judge_watch_batch`."""
    if not evidence.metrics:
        text = sentences.watched_quietly(_words("errors", settings), NONE, 0.0)
        return Verdict(VerdictKind.UNDECIDED, "errors", NONE, NONE, 1.0, text)
    found = judge_watch_batch(_batch_of(evidence.metrics), settings)
    index, kind = int(found.metric[0]), KINDS[found.kind[0]]
    name = list(evidence.metrics)[index]
    metric, words = evidence.metrics[name], _words(name, settings)
    if kind in (VerdictKind.ROLL_BACK, VerdictKind.HOLD):
        e_value, needed = float(found.against[0]), settings.threshold(WATCH_PART)
        text = sentences.watched(words, metric.lately, metric.record, metric.absolute[0], e_value, needed)
        return Verdict(kind, name, metric.lately, metric.record, e_value, text)
    text = sentences.watched_quietly(words, metric.since, metric.absolute[0])
    return Verdict(kind, name, metric.since, metric.record, float(found.passing[0, index]), text)


def _words(name: str, settings: Settings) -> sentences.Words:
    return sentences.Words.of(name, settings.objectives)


def _caps(names: Mapping[str, object]) -> list[float]:
    return [RULES.cap if name == ERRORS else STALL_CAP for name in names]


def _batch_of(metrics: Mapping[str, WatchedMetric]) -> WatchBatch:
    record, since, lately = (
        np.array([[[counts.total, counts.bad] for counts in (getattr(metric, part) for metric in metrics.values())]])
        for part in ("record", "since", "lately")
    )
    return WatchBatch(
        record=record,
        since=since,
        lately=lately,
        lowest=np.array([[metric.lowest for metric in metrics.values()]]),
        factor=np.array([[metric.dispersion for metric in metrics.values()]]),
        absolute=np.array([[metric.absolute for metric in metrics.values()]]),
        caps=np.array(_caps(metrics)),
    )


def _rows(batch: WatchBatch) -> list[WatchedMetric]:
    return [
        WatchedMetric(
            record=Counts(*batch.record[0, row].tolist()),
            dispersion=float(batch.factor[0, row]),
            absolute=tuple(batch.absolute[0, row].tolist()),
            since=Counts(*batch.since[0, row].tolist()),
            lately=Counts(*batch.lately[0, row].tolist()),
            lowest=float(batch.lowest[0, row]),
        )
        for row in range(batch.lowest.shape[1])
    ]


def _metric_from_dict(data: object, where: str) -> WatchedMetric:
    content = codec.record(data, where, ("record", "since", "lately", "lowest", "dispersion", "absolute"))
    return WatchedMetric(
        record=codec.counts(content["record"], f"{where}.record"),
        since=codec.counts(content["since"], f"{where}.since"),
        lately=codec.counts(content["lately"], f"{where}.lately"),
        lowest=codec.number(content["lowest"], f"{where}.lowest", most=0.0),
        dispersion=codec.number(content["dispersion"], f"{where}.dispersion", 1.0, RULES.largest_dispersion),
        absolute=codec.absolute(content["absolute"], f"{where}.absolute"),
    )

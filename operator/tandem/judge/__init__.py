"""The judge: counts in, verdict out. Pure; what it remembers is a value (`Evidence`) that its caller keeps."""

from tandem.judge.counts import CorruptEvidence, Counts, Increment
from tandem.judge.evidence import Evidence, MetricEvidence, add, empty, next_step
from tandem.judge.verdict import Settings, Verdict, VerdictKind, verdict
from tandem.judge.watch import WatchedMetric, WatchEvidence, add_watch, watch_evidence, watch_verdict

__all__ = [
    "CorruptEvidence",
    "Counts",
    "Evidence",
    "Increment",
    "MetricEvidence",
    "Settings",
    "Verdict",
    "VerdictKind",
    "WatchEvidence",
    "WatchedMetric",
    "add",
    "add_watch",
    "empty",
    "next_step",
    "verdict",
    "watch_evidence",
    "watch_verdict",
]

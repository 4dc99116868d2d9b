"""The judge: counts in, verdict out. Pure; what it remembers is a value (`Evidence`) that its caller keeps."""

from tandem.judge.batch import GATES, KINDS, Batch, BatchVerdict, add_batch, judge_batch, next_step_batch
from tandem.judge.counts import CorruptEvidence, Counts, Increment
from tandem.judge.evidence import TURNED_AWAY, Evidence, MetricEvidence, add, empty, next_step
from tandem.judge.history import History, HistoryBatch, MetricHistory, add_history, add_history_batch
from tandem.judge.rates import Rate
from tandem.judge.rules import RULES, STALL_CAP, Rules, Settings, VerdictKind
from tandem.judge.verdict import Verdict, verdict
from tandem.judge.watch import WatchedMetric, WatchEvidence, add_watch, watch_evidence, watch_verdict
from tandem.judge.watchbatch import WatchBatch, add_watch_batch, judge_watch_batch

__all__ = [
    "GATES",
    "KINDS",
    "RULES",
    "STALL_CAP",
    "TURNED_AWAY",
    "Batch",
    "BatchVerdict",
    "CorruptEvidence",
    "Counts",
    "Evidence",
    "History",
    "HistoryBatch",
    "Increment",
    "MetricEvidence",
    "MetricHistory",
    "Rate",
    "Rules",
    "Settings",
    "Verdict",
    "VerdictKind",
    "WatchBatch",
    "WatchEvidence",
    "WatchedMetric",
    "add",
    "add_batch",
    "add_history",
    "add_history_batch",
    "add_watch",
    "add_watch_batch",
    "empty",
    "judge_batch",
    "judge_watch_batch",
    "next_step",
    "next_step_batch",
    "verdict",
    "watch_evidence",
    "watch_verdict",
]

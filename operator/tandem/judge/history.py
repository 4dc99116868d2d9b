"""What is learned of stable before a rollout: how its bad requests vary when nobody is compared with it.

A rollout that begins without it cannot know what the absence of errors is worth: see `states.passing_factor`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from tandem.judge import codec, states
from tandem.judge.counts import NONE, CorruptEvidence, Counts
from tandem.judge.gates import Array, Flags, Integers, Numbers
from tandem.judge.rules import RULES, Rules

FORMAT: Final = 1
ENOUGH_BLOCKS: Final = 60
ENOUGH_REQUESTS: Final = 5_000
"""A history of so many blocks and requests tells what the absence of errors is worth: ten minutes of a look every 10 s,
and errors enough to see whether they come in bursts."""


@dataclass(frozen=True, slots=True, eq=False)
class HistoryBatch:
    """Histories of many stable versions under the same metrics; all arrays begin with (rollouts, metrics).

    ``dispersion``: see `tandem.judge.states`; ``pending``: requests and bad ones of the unfinished block; ``blocks``
    and ``requests``: how many there were.
    """

    dispersion: Array
    pending: Integers
    blocks: Integers
    requests: Integers

    @classmethod
    def begin(cls, rollouts: int, metrics: int) -> "HistoryBatch":
        """Return histories before the first request."""
        start = np.broadcast_to(np.array(states.DISPERSION), (rollouts, metrics, len(states.DISPERSION)))
        none = np.zeros((rollouts, metrics), dtype=np.int64)
        return cls(start, np.zeros((rollouts, metrics, 2), dtype=np.int64), none, none)

    @property
    def enough(self) -> Flags:
        """Where they are long enough to rely on."""
        flags: Flags = (self.blocks >= ENOUGH_BLOCKS) & (self.requests >= ENOUGH_REQUESTS)
        return flags


def add_history_batch(history: HistoryBatch, total: Numbers, bad: Numbers, rules: Rules = RULES) -> HistoryBatch:
    """Return the histories with what stable answered since the last call: (rollouts, metrics) each."""
    shape = history.pending.shape[:-1]
    came = np.stack([np.broadcast_to(np.asarray(part, dtype=np.int64), shape) for part in (total, bad)], axis=-1)
    pending, requests = history.pending + came, history.requests + came[..., 0]
    full = pending[..., 0] >= rules.smallest_block
    if not full.any():
        return replace(history, pending=pending, requests=requests)
    dispersion = history.dispersion.copy()
    dispersion[full] = states.history_after(dispersion[full], pending[full][:, 0], pending[full][:, 1])
    return HistoryBatch(dispersion, np.where(full[..., None], 0, pending), history.blocks + full, requests)


@dataclass(frozen=True, slots=True)
class MetricHistory:
    """What was learned of stable under one metric: from how many requests and blocks, and the unfinished block."""

    dispersion: tuple[float, ...] = states.DISPERSION
    requests: int = 0
    blocks: int = 0
    pending: Counts = NONE

    @property
    def enough(self) -> bool:
        """Whether it was long enough to rely on."""
        return self.blocks >= ENOUGH_BLOCKS and self.requests >= ENOUGH_REQUESTS


@dataclass(frozen=True, slots=True)
class History:
    """What was learned of stable, by metric. It is stable's alone: another stable version begins a new one."""

    metrics: Mapping[str, MetricHistory] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values; `from_dict` gives back an equal value."""
        metrics = {
            name: {
                "dispersion": list(metric.dispersion),
                "requests": metric.requests,
                "blocks": metric.blocks,
                "pending": [metric.pending.total, metric.pending.bad],
            }
            for name, metric in self.metrics.items()
        }
        return {"format": FORMAT, "history": metrics}

    @classmethod
    def from_dict(cls, data: object) -> "History":
        """Return the history that `to_dict` wrote. Raises `CorruptEvidence` for anything else."""
        content = codec.record(data, "history", ("format", "history"))
        codec.expect_format(content["format"], FORMAT)
        metrics = codec.mapping(content["history"], "history")
        return cls({name: _metric_from_dict(value, f"history.{name}") for name, value in metrics.items()})


def add_history(history: History, counts: Mapping[str, Counts]) -> History:
    """Return the history with what stable answered since the last call, by metric. No requests change nothing."""
    came = {name: increment for name, increment in counts.items() if increment.total}
    if not came:
        return history
    known = [history.metrics.get(name) or MetricHistory() for name in came]
    before = HistoryBatch(
        dispersion=np.array([[metric.dispersion for metric in known]]),
        pending=np.array([[[metric.pending.total, metric.pending.bad] for metric in known]], dtype=np.int64),
        blocks=np.array([[metric.blocks for metric in known]], dtype=np.int64),
        requests=np.array([[metric.requests for metric in known]], dtype=np.int64),
    )
    total, bad = ([[getattr(increment, part) for increment in came.values()]] for part in ("total", "bad"))
    after = add_history_batch(before, total, bad)
    metrics = dict(history.metrics)
    for row, name in enumerate(came):
        metrics[name] = MetricHistory(
            dispersion=tuple(after.dispersion[0, row].tolist()),
            requests=int(after.requests[0, row]),
            blocks=int(after.blocks[0, row]),
            pending=Counts(*after.pending[0, row].tolist()),
        )
    return History(metrics)


def dispersion_from(data: object, where: str) -> tuple[float, ...]:
    """Return a stored dispersion. Raises `CorruptEvidence` for what cannot be one."""
    state = codec.floats(data, where, len(states.DISPERSION), least=0.0)
    width = len(states.FRESH)
    if min(state[0::width] + state[1::width]) < states.PRIOR:
        raise CorruptEvidence(where, "less was seen than was supposed at first")
    return state


def _metric_from_dict(data: object, where: str) -> MetricHistory:
    content = codec.record(data, where, ("dispersion", "requests", "blocks", "pending"))
    return MetricHistory(
        dispersion=dispersion_from(content["dispersion"], f"{where}.dispersion"),
        requests=codec.whole(content["requests"], f"{where}.requests"),
        blocks=codec.whole(content["blocks"], f"{where}.blocks"),
        pending=codec.counts(content["pending"], f"{where}.pending"),
    )

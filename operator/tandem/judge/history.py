"""What is learned of stable before a rollout: how often its requests are bad, and how that varies.

A rollout that begins without it cannot know what the absence of errors is worth: see `states.passing_factor`.

How they vary is learned in parts of a quarter of an hour, and the second most varying of the last four decides: spells
of bad answers that come again and again count in full; a single outage, which most likely would have hit every version,
is no habit and must not make the judge slow for hours. (Nothing in stable's counts tells the two apart but that.)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from tandem.judge import codec, states
from tandem.judge.counts import NONE, CorruptEvidence, Counts
from tandem.judge.gates import Array, Flags, Integers, Numbers
from tandem.judge.rules import RULES, Rules

FORMAT: Final = 2
PART_BLOCKS: Final = 90
"""Blocks in a part: a quarter of an hour of a look every 10 s."""

PARTS: Final = 4
"""Parts that are known at most, with the unfinished one."""

NO_PART: Final = (0.0, 0.0) * len(states.SCALES)
EARLIER: Final = NO_PART * (PARTS - 1)
"""Of each earlier part, the last first, and for each scale: squared deviations and what was expected; 0 for none."""

ENOUGH_BLOCKS: Final = 60
ENOUGH_REQUESTS: Final = 5_000
"""A history of so many blocks and requests tells what the absence of errors is worth: ten minutes of a look every 10 s,
and errors enough to see whether they come in bursts."""


@dataclass(frozen=True, slots=True, eq=False)
class HistoryBatch:
    """Histories of many stable versions under the same metrics; all arrays begin with (rollouts, metrics).

    ``running``: the dispersion of the unfinished part, see `tandem.judge.states`; ``earlier``: what is kept of the
    parts before, (rollouts, metrics, parts, scales, 2); ``pending``: requests and bad ones of the unfinished block;
    ``blocks``, ``requests`` and ``bad``: how many there were.
    """

    running: Array
    earlier: Array
    pending: Integers
    blocks: Integers
    requests: Integers
    bad: Integers

    @classmethod
    def begin(cls, rollouts: int, metrics: int) -> "HistoryBatch":
        """Return histories before the first request."""
        start = np.broadcast_to(np.array(states.DISPERSION), (rollouts, metrics, len(states.DISPERSION)))
        none = np.zeros((rollouts, metrics), dtype=np.int64)
        earlier = np.zeros((rollouts, metrics, PARTS - 1, len(states.SCALES), 2))
        return cls(start, earlier, np.zeros((rollouts, metrics, 2), dtype=np.int64), none, none, none)

    @property
    def dispersion(self) -> Array:
        """What a rollout begins with, see `tandem.judge.states`: the ratio of one part, as sure as all parts are.

        That of the second most varying part on each scale; of the most varying one while there are no three.
        """
        found = states.by_scale(self.running).copy()
        parts = np.concatenate([found[..., None, :, :2], self.earlier], axis=-3)
        squares, expected = parts[..., 0], parts[..., 1]
        known = expected > 0.0
        ratios = np.sort(np.where(known, squares / np.where(known, expected, 1.0), 0.0), axis=-2)
        decisive = np.where(known.sum(axis=-2) < 3, ratios[..., -1, :], ratios[..., -2, :])
        total = states.PRIOR + np.sum(known * (expected - states.PRIOR), axis=-2)
        # Not below what was supposed at first: of a quotient the product may be, by its last digit.
        found[..., 0], found[..., 1] = np.maximum(decisive * total, states.PRIOR), total
        return found.reshape(self.running.shape)

    @property
    def counts(self) -> Integers:
        """Requests and bad ones, on a last axis of two."""
        return np.stack([self.requests, self.bad], axis=-1)

    @property
    def enough(self) -> Flags:
        """Where they are long enough to rely on."""
        flags: Flags = (self.blocks >= ENOUGH_BLOCKS) & (self.requests >= ENOUGH_REQUESTS)
        return flags


def add_history_batch(history: HistoryBatch, total: Numbers, bad: Numbers, rules: Rules = RULES) -> HistoryBatch:
    """Return the histories with what stable answered since the last call: (rollouts, metrics) each."""
    shape = history.pending.shape[:-1]
    came = np.stack([np.broadcast_to(np.asarray(part, dtype=np.int64), shape) for part in (total, bad)], axis=-1)
    pending = history.pending + came
    history = replace(history, requests=history.requests + came[..., 0], bad=history.bad + came[..., 1])
    full = pending[..., 0] >= rules.smallest_block
    if not full.any():
        return replace(history, pending=pending)
    running, blocks = history.running.copy(), history.blocks + full
    running[full] = states.history_after(running[full], pending[full][:, 0], pending[full][:, 1])
    after = replace(history, running=running, pending=np.where(full[..., None], 0, pending), blocks=blocks)
    ended = full & (blocks % PART_BLOCKS == 0)
    return _next_part(after, ended) if ended.any() else after


def _next_part(history: HistoryBatch, ended: Flags) -> HistoryBatch:
    """Return the histories with these parts ended: their sums join the earlier ones, of which the oldest is dropped."""
    running, earlier = history.running.copy(), history.earlier.copy()
    scales = states.by_scale(running[ended])
    earlier[ended] = np.concatenate([scales[..., None, :, :2], earlier[ended][..., :-1, :, :]], axis=-3)
    scales[..., :2] = states.PRIOR
    running[ended] = scales.reshape(running[ended].shape)
    return replace(history, running=running, earlier=earlier)


@dataclass(frozen=True, slots=True)
class MetricHistory:
    """What was learned of stable under one metric, from how many requests and blocks: a row of `HistoryBatch`."""

    running: tuple[float, ...] = states.DISPERSION
    earlier: tuple[float, ...] = EARLIER
    counts: Counts = NONE
    blocks: int = 0
    pending: Counts = NONE

    @property
    def dispersion(self) -> tuple[float, ...]:
        """What a rollout begins with: see `HistoryBatch.dispersion`."""
        return tuple(_batch_of([self]).dispersion[0, 0].tolist())

    @property
    def enough(self) -> bool:
        """Whether it was long enough to rely on."""
        return self.blocks >= ENOUGH_BLOCKS and self.counts.total >= ENOUGH_REQUESTS


@dataclass(frozen=True, slots=True)
class History:
    """What was learned of stable, by metric. It is stable's alone: another stable version begins a new one."""

    metrics: Mapping[str, MetricHistory] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values; `from_dict` gives back an equal value."""
        metrics = {
            name: {
                "running": list(metric.running),
                "earlier": list(metric.earlier),
                "counts": [metric.counts.total, metric.counts.bad],
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
    total, bad = ([[getattr(increment, part) for increment in came.values()]] for part in ("total", "bad"))
    after = add_history_batch(_batch_of(known), total, bad)
    metrics = dict(history.metrics)
    for row, name in enumerate(came):
        metrics[name] = MetricHistory(
            running=tuple(after.running[0, row].tolist()),
            earlier=tuple(after.earlier[0, row].ravel().tolist()),
            counts=Counts(*after.counts[0, row].tolist()),
            blocks=int(after.blocks[0, row]),
            pending=Counts(*after.pending[0, row].tolist()),
        )
    return History(metrics)


def _batch_of(metrics: Sequence[MetricHistory]) -> HistoryBatch:
    """Return the history of one stable version as a batch of one."""
    counts, pending = (
        np.array([[[getattr(metric, part).total, getattr(metric, part).bad] for metric in metrics]], dtype=np.int64)
        for part in ("counts", "pending")
    )
    earlier = np.array([[metric.earlier for metric in metrics]])
    return HistoryBatch(
        running=np.array([[metric.running for metric in metrics]]),
        earlier=earlier.reshape(1, len(metrics), PARTS - 1, len(states.SCALES), 2),
        pending=pending,
        blocks=np.array([[metric.blocks for metric in metrics]], dtype=np.int64),
        requests=counts[..., 0],
        bad=counts[..., 1],
    )


def dispersion_from(data: object, where: str) -> tuple[float, ...]:
    """Return a stored dispersion. Raises `CorruptEvidence` for what cannot be one."""
    state = codec.floats(data, where, len(states.DISPERSION), least=0.0)
    width = len(states.FRESH)
    if min(state[0::width] + state[1::width]) < states.PRIOR:
        raise CorruptEvidence(where, "less was seen than was supposed at first")
    return state


def _earlier_from(data: object, where: str) -> tuple[float, ...]:
    sums = codec.floats(data, where, len(EARLIER), least=0.0)
    if any(pair != (0.0, 0.0) and min(pair) < states.PRIOR for pair in zip(sums[0::2], sums[1::2], strict=True)):
        raise CorruptEvidence(where, "less was seen than was supposed at first")
    return sums


def _metric_from_dict(data: object, where: str) -> MetricHistory:
    content = codec.record(data, where, ("running", "earlier", "counts", "blocks", "pending"))
    return MetricHistory(
        running=dispersion_from(content["running"], f"{where}.running"),
        earlier=_earlier_from(content["earlier"], f"{where}.earlier"),
        counts=codec.counts(content["counts"], f"{where}.counts"),
        blocks=codec.whole(content["blocks"], f"{where}.blocks"),
        pending=codec.counts(content["pending"], f"{where}.pending"),
    )

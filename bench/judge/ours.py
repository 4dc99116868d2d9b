"""Tandem's judge on simulated traffic: one step of a rollout, or all of it. The operator's own code, for thousands."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from bench.judge.traffic import Answers, Case, Floats, Ints, Span, Traffic
from bench.judge.windows import Decisions
from tandem.judge.batch import ADVANCE, ROLL_BACK, Batch, add_batch, judge_batch, next_step_batch
from tandem.judge.history import HistoryBatch, add_history_batch
from tandem.judge.rules import RELATIVE_PART, RULES, Rules, Settings
from tandem.simulate.answers import rows as rows_of

ALLOWED: Final = (0.01, 0.05)
"""Shares of errors and of slow answers that the objectives grant; they count where stable answers nothing."""

CROWDED: Final = 0.7
"""Rows of decided runs are dropped once fewer than this part of the rows is open."""


@dataclass(frozen=True, slots=True)
class Judge:
    """A setting of the judge."""

    name: str
    rules: Rules
    settings: Settings


SHIPPED: Final = Judge("Tandem", RULES, Settings())
"""The defaults: a version up to 1.25 times as bad counts as equal; 0.4 of the declared 1 % is for the comparison."""

SHARP: Final = Judge("Tandem, ratio 1", replace(RULES, ratio=1.0), Settings(false_rollback=0.01 / RELATIVE_PART))
"""Any difference counts, and the comparison may spend 1 % by itself: what the goals of detection are stated for."""

JUDGES: Final = (SHIPPED, SHARP)


class Step(NamedTuple):
    """What one step comes to: when each run is sent back, and when it earns the next step; infinity for never."""

    back: Decisions
    passed: Floats


def judge_step(
    judge: Judge, answers: Answers, span: Span, next_share: float = 1.0, history: HistoryBatch | None = None
) -> Step:
    """Judge the answers of one step, [ticks, runs], at each tick."""
    runs, metrics = answers.candidate_bad.shape[1:]
    back, passed = np.full(runs, np.inf), np.full(runs, np.inf)
    batch = _begin(runs, metrics, history)
    rows = np.arange(runs)
    for tick, end in enumerate(span.ends):
        mine = Answers(*(part[tick][rows] for part in answers))
        batch = _add(batch, mine, judge.rules)
        kind = judge_batch(batch, judge.settings, np.full(len(rows), next_share), judge.rules).kind
        for when, wanted in ((back, ROLL_BACK), (passed, ADVANCE)):
            which = rows[kind == wanted]
            when[which] = np.minimum(when[which], end)
        open_ = np.isinf(back[rows])
        if not open_.any():
            break
        if open_.mean() < CROWDED:
            batch, rows = rows_of(batch, open_), rows[open_]
    return Step(Decisions(back, np.zeros(runs, dtype=bool)), passed)


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of a rollout, as shares of requests, and the seconds that each takes at least."""

    name: str
    steps: tuple[float, ...]
    hold: float

    @property
    def following(self) -> Floats:
        """Share of the step after each: after the last, everything."""
        return np.array([*self.steps[1:], 1.0])


LONG_PLAN: Final = Plan("5 > 10 > 25 > 50 > 100 %", (0.05, 0.1, 0.25, 0.5), 60.0)
DEFAULT_PLAN: Final = Plan("10 > 50 > 100 %", (0.1, 0.5), 30.0)


class Rollout(NamedTuple):
    """How whole rollouts ended: seconds until promoted, until sent back (infinity: not), and bad responses served.

    ``bad``, [runs, metrics]: the candidate's until then. ``step``: the index of the step in which each run ended.
    """

    promoted: Floats
    back: Floats
    bad: Ints
    step: Ints


def roll_out(judge: Judge, plan: Plan, traffic: Traffic, history: HistoryBatch | None = None) -> Rollout:
    """Take each run through the steps until it is promoted, sent back, or the span is over."""
    runs, span = traffic.runs, traffic.span
    result = Rollout(
        np.full(runs, np.inf), np.full(runs, np.inf), np.zeros((runs, len(ALLOWED)), np.int64), np.zeros(runs, np.int64)
    )
    batch = _begin(runs, len(ALLOWED), history)
    rows, since = np.arange(runs), np.zeros(runs)
    shares, following = np.array(plan.steps), plan.following
    for tick, end in enumerate(span.ends):
        step = result.step[rows]
        answers = traffic.answers(tick, shares[step])
        result.bad[rows] += answers.candidate_bad
        batch = _add(batch, answers, judge.rules)
        kind = judge_batch(batch, judge.settings, following[step], judge.rules).kind
        result.back[rows[kind == ROLL_BACK]] = end
        earned = (kind == ADVANCE) & (end - since[rows] >= plan.hold)
        last = step == len(shares) - 1
        result.promoted[rows[earned & last]] = end
        onward = earned & ~last
        result.step[rows[onward]] += 1
        since[rows[onward]] = end
        batch = next_step_batch(batch, onward, judge.rules)
        open_ = np.isinf(result.back[rows]) & np.isinf(result.promoted[rows])
        if not open_.any():
            break
        if not open_.all():
            batch, rows = rows_of(batch, open_), rows[open_]
            traffic.keep(open_)
    return result


@lru_cache(maxsize=8)
def learned(case: Case, span: Span, runs: int, part: int) -> HistoryBatch:
    """Return what the judge learns of stable before the rollout, while it serves everything."""
    traffic = Traffic(case, span, runs, part)
    history = HistoryBatch.begin(runs, len(ALLOWED))
    for tick in range(span.ticks):
        answers = traffic.answers(tick, 0.0)
        history = add_history_batch(history, answers.stable[:, None], answers.stable_bad)
    return history


def _add(batch: Batch, answers: Answers, rules: Rules) -> Batch:
    candidate, stable = (requests[:, None] for requests in (answers.candidate, answers.stable))
    return add_batch(batch, candidate, answers.candidate_bad, stable, answers.stable_bad, rules)


def _begin(runs: int, metrics: int, history: HistoryBatch | None) -> Batch:
    allowed = ALLOWED[:metrics]
    if history is None:
        return Batch.begin(runs, allowed)
    return Batch.begin(runs, allowed, history.dispersion, warmed=history.enough, before=history.counts)

"""What the judge makes of a version, foretold by simulation with its own code: no cluster, pods or route.

A request goes to the candidate with the step's share as its probability, as gateways do; each of the candidate's is bad
with the version's share; stable's are good. The counts are put before the judge at each look.
"""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from bench.canary.plan import ALLOWED, BUDGET, FALSE_ROLLBACK, STEPS
from tandem.judge import KINDS, Batch, Settings, VerdictKind, add_batch, judge_batch, next_step_batch
from tandem.simulate.answers import rows as rows_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

LOOK: Final = 0.5
"""Seconds between two looks, as the operator's."""

RUNS: Final = 1000
SPAN: Final = 1800.0
"""Seconds that are simulated at most."""

SEED: Final = 4
SHORTEST_LIMIT: Final = 30.0

SETTINGS: Final = Settings(false_rollback=FALSE_ROLLBACK, budget=BUDGET)
SHARES: Final = np.array([share for share, _ in STEPS])
HOLDS: Final = np.array([hold for _, hold in STEPS])
FOLLOWING: Final = np.array([*SHARES[1:], 1.0])


@dataclass(frozen=True, slots=True)
class Case:
    """Requests per second, and the share of the candidate's that are bad by one metric; the budget of the rollout."""

    rate: float
    share: float
    metric: int
    budget: float = BUDGET


@dataclass(frozen=True, slots=True, eq=False)
class Foretold:
    """How simulated rollouts ended; seconds since the candidate first had weight, infinity for what never came.

    ``first``, ``last``: when bad requests were sent, up to the look that decided; ``bad``: how many those are.
    ``step``: the index of the step in which it ended.
    """

    case: Case
    first: Floats
    last: Floats
    bad: Ints
    step: Ints
    sent_back: Floats
    promoted: Floats

    def after(self, lag: float) -> tuple[Floats, Ints]:
        """Return seconds from the first bad response to the last, and how many, if requests went on for ``lag``.

        Only of those that were sent back.
        """
        ours = np.isfinite(self.sent_back)
        sent = np.arange(math.floor(lag * self.case.rate)) / self.case.rate
        shares = SHARES[self.step[ours]] * self.case.share
        bad = np.random.default_rng(SEED).random((int(ours.sum()), len(sent))) < shares[:, None]
        later = np.where(bad, self.sent_back[ours, None] + sent, -np.inf).max(axis=1, initial=-np.inf)
        return np.maximum(self.last[ours], later) - self.first[ours], self.bad[ours] + bad.sum(axis=1)


def foretell(case: Case, runs: int = RUNS, span: float = SPAN) -> Foretold:
    """Take simulated rollouts through the steps, each until it is sent back, promoted, or the span is over."""
    random = np.random.default_rng(SEED)
    never = np.full(runs, np.inf)
    found = Foretold(
        case, never, never.copy(), np.zeros(runs, np.int64), np.zeros(runs, np.int64), never.copy(), never.copy()
    )
    settings = replace(SETTINGS, budget=case.budget)
    batch, rows, since = Batch.begin(runs, ALLOWED), np.arange(runs), np.zeros(runs)
    for look in range(math.ceil(span / LOOK)):
        end = (look + 1) * LOOK
        sent = _sent(case.rate, look)
        ours = random.random((len(rows), len(sent))) < SHARES[found.step[rows]][:, None]
        bad = ours & (random.random(ours.shape) < case.share)
        _note(found, rows, sent, bad)
        batch = _add(batch, case.metric, ours, bad)
        kind = judge_batch(batch, settings, FOLLOWING[found.step[rows]]).kind
        found.sent_back[rows[kind == KINDS.index(VerdictKind.ROLL_BACK)]] = end
        passed = (kind == KINDS.index(VerdictKind.ADVANCE)) & (end - since[rows] >= HOLDS[found.step[rows]])
        onward = passed & (found.step[rows] < len(STEPS) - 1)
        found.promoted[rows[passed & ~onward]] = end
        found.step[rows[onward]] += 1
        since[rows[onward]] = end
        batch = next_step_batch(batch, onward)
        going = np.isinf(found.sent_back[rows]) & np.isinf(found.promoted[rows])
        if not going.any():
            break
        if not going.all():
            batch, rows = rows_of(batch, going), rows[going]
    return found


def _sent(rate: float, look: int) -> Floats:
    """Return when the requests of one interval were sent: they come evenly."""
    first, end = math.ceil(look * LOOK * rate), math.ceil((look + 1) * LOOK * rate)
    return np.arange(first, end) / rate


def _note(found: Foretold, rows: Ints, sent: Floats, bad: Flags) -> None:
    which = bad.any(axis=1)
    if not which.any():
        return
    seen = rows[which]
    first = sent[bad[which].argmax(axis=1)]
    found.first[seen] = np.minimum(found.first[seen], first)
    found.last[seen] = sent[len(sent) - 1 - bad[which][:, ::-1].argmax(axis=1)]
    found.bad[seen] += bad[which].sum(axis=1)


def _add(batch: Batch, metric: int, ours: Flags, bad: Flags) -> Batch:
    candidate = ours.sum(axis=1)[:, None]
    candidate_bad = np.zeros((len(ours), len(ALLOWED)), np.int64)
    candidate_bad[:, metric] = bad.sum(axis=1)
    return add_batch(batch, candidate, candidate_bad, ours.shape[1] - candidate, np.zeros_like(candidate))


def time_limit(seconds: Floats) -> float:
    """Return for how long an end is waited for: three times what 99 % of the simulated rollouts took at most."""
    return max(SHORTEST_LIMIT, 3.0 * min(quantile(seconds, 0.99), SPAN))


def quantile(values: npt.ArrayLike, share: float) -> float:
    """Return a quantile that is one of the values, so that infinite ones do no harm; NaN of nothing."""
    ascending = np.sort(np.asarray(values, dtype=float))
    return float(ascending[max(0, math.ceil(share * len(ascending)) - 1)]) if len(ascending) else math.nan

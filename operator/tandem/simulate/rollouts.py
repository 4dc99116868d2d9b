"""Many simulated rollouts at once, decided by the operator's judge and moved on by the rules of `tandem.rollout`.

Time runs from when the gateway gives the candidate its first requests; pods are taken to be ready when they are needed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from tandem.judge import KINDS, Batch, VerdictKind, add_batch, judge_batch, next_step_batch
from tandem.judge.gates import Array, Flags, Integers
from tandem.simulate.answers import Source, joined, look, rows, source
from tandem.simulate.plan import LONGEST, Plan, Traffic, Version
from tandem.simulate.watches import watched

ADVANCE: Final = KINDS.index(VerdictKind.ADVANCE)
UNDECIDED: Final = KINDS.index(VerdictKind.UNDECIDED)
ROLL_BACK: Final = KINDS.index(VerdictKind.ROLL_BACK)


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is simulated: rollouts of each version, and for how many seconds each (None: its maxDuration)."""

    runs: int = 400
    limit: float | None = None
    seed: int = 1
    progress: Callable[[float], None] = lambda _: None
    """Told the share of the work that is done."""
    coarseness: float = 0.01
    """Length of a look as a part of the time gone by; 0 for the operator's own looks throughout. See `look`."""

    def seconds(self, plan: Plan) -> float:
        """Return for how long a rollout is simulated."""
        return self.limit or plan.longest or LONGEST


@dataclass(frozen=True, slots=True, eq=False)
class Ended:
    """How the rollouts of one version ended, (runs,) each.

    ``promoted`` and ``back``: seconds until then, infinity for never; ``back`` on evidence, in the watch window too.
    ``given_up``: sent back by whenUndecided. ``unproven``: promoted, but not on evidence throughout. ``bad``: bad
    answers of the version until it was sent back, or until the simulation ended.
    """

    promoted: Array
    back: Array
    given_up: Array
    unproven: Flags
    bad: Integers


def simulate(plan: Plan, traffic: Traffic, tried: Sequence[Version], effort: Effort) -> list[Ended]:
    """Roll each of these versions out so many times; all are judged together, as one batch."""
    run = _Run(plan, traffic, tried, effort)
    seconds, elapsed = effort.seconds(plan), 0.0
    while run.active.size and elapsed < seconds:
        span = min(look(elapsed, effort.coarseness), seconds - elapsed)
        elapsed += span
        run.look(span, elapsed)
        effort.progress(0.9 * max(1.0 - run.active.size / run.back.size, elapsed / seconds))
    run.watch()
    effort.progress(1.0)
    return run.ended(len(tried))


class _Run:
    """The rollouts while they are simulated. ``active``: the numbers of those that are still going on, in the order of
    the batch's rows; the other arrays that go with them are ``step``, ``since`` and ``shares``."""

    def __init__(self, plan: Plan, traffic: Traffic, tried: Sequence[Version], effort: Effort) -> None:
        self.plan = plan
        self.source: Source = source(traffic, traffic.base(plan), np.random.default_rng(effort.seed))
        total = effort.runs * len(tried)
        self.all_shares = np.repeat([version.shares for version in tried], effort.runs, axis=0)
        self.metric = np.repeat([version.metric for version in tried], effort.runs)
        self.promoted, self.back, self.given_up = (np.full(total, np.inf) for _ in range(3))
        self.unproven, self.bad = np.zeros(total, dtype=bool), np.zeros(total, dtype=np.int64)
        self.active = np.arange(total)
        self.step, self.since = np.zeros(total, dtype=np.int64), np.zeros(total)
        self.weights, self.holds = np.array(plan.weights), np.array(plan.holds)
        own = {metric.name for metric in plan.rollout.evidence.metrics or []}
        self.named = np.array([name in own for name in plan.allowed])
        self.settings = plan.settings[0]
        self.next_shares = np.array([settings.next_share for settings in plan.settings])
        history = self.source.history(effort.runs, traffic.history)
        self.batch = Batch.begin(
            total,
            list(plan.allowed.values()),
            np.tile(history.dispersion, (len(tried), 1, 1)),
            warmed=np.tile(history.enough, (len(tried), 1)),
            before=np.tile(history.counts, (len(tried), 1, 1)),
        )
        self.left: list[tuple[Integers, Batch]] = []
        if not plan.weights:
            self._leave(np.ones(total, dtype=bool), 0.0)

    def look(self, span: float, now: float) -> None:
        """Judge what was answered in the last seconds, and move on what has earned it."""
        answers = self.source.answers(span, self.weights[self.step], self.all_shares[self.active])
        self._count(self.active, answers.candidate_bad)
        self.batch = add_batch(self.batch, *answers)
        kind = judge_batch(self.batch, self.settings, self.next_shares[self.step]).kind
        back = kind == ROLL_BACK
        by_time = (kind == UNDECIDED) & (self.plan.rollout.pace == "Time")
        earned = (kind == ADVANCE) | by_time
        lapsed = ~earned & ~back & (now >= (self.plan.longest or np.inf))
        let_go = lapsed & (kind == UNDECIDED) & (self._when_undecided == "Promote")
        given_up = lapsed & (self._when_undecided == "RollBack")
        on = earned & (now - self.since >= self.holds[self.step])
        self.back[self.active[back]] = self.given_up[self.active[given_up]] = now
        self.unproven[self.active[(on & by_time) | let_go]] = True
        self.batch = self._by_record(next_step_batch(self.batch, on), on)
        self.step, self.since = self.step + on, np.where(on, now, self.since)
        self._leave((self.step >= self.weights.size) | let_go, now, gone=back | given_up)

    def watch(self) -> None:
        """Judge what was promoted in its watch window."""
        if not self.left:
            return
        members = np.concatenate([numbers for numbers, _ in self.left])
        batch = joined([batch for _, batch in self.left])
        found = watched(batch, self.all_shares[members], self.source, self.settings, self.plan.watch)
        self.back[members] = self.promoted[members] + found.back
        self._count(members, found.bad)

    def ended(self, versions: int) -> list[Ended]:
        """Return how they ended, version by version."""
        parts = (self.promoted, self.back, self.given_up, self.unproven, self.bad)
        return [Ended(*each) for each in zip(*(np.split(part, versions) for part in parts), strict=True)]

    @property
    def _when_undecided(self) -> str:
        return self.plan.rollout.evidence.when_undecided

    def _by_record(self, batch: Batch, on: Flags) -> Batch:
        """Allow what has all the requests from now on what stable's record allows, where no objective says it."""
        alone = on & (np.append(self.weights, 0.0)[self.step + on] == 1.0)
        return replace(batch, allowed=np.where(alone[:, None] & self.named, batch.absolute[..., 0], batch.allowed))

    def _count(self, members: Integers, bad: Integers) -> None:
        self.bad[members] += np.take_along_axis(bad, self.metric[members][:, None], axis=1)[:, 0]

    def _leave(self, promoted: Flags, now: float, gone: Flags | None = None) -> None:
        """Take the rollouts that are over out of the batch; the promoted ones' evidence goes on into the watch."""
        ended = promoted if gone is None else promoted | gone
        if not ended.any():
            return
        if promoted.any():
            self.promoted[self.active[promoted]] = now
            self.left.append((self.active[promoted], rows(self.batch, promoted)))
        staying = ~ended
        self.active, self.step, self.since = self.active[staying], self.step[staying], self.since[staying]
        self.batch = rows(self.batch, staying)

"""Random walks of one candidate: what the judge says, what can be seen, pods, spec, people and time, in any order."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tandem.judge import VerdictKind
from tests.unit.rollout.checks import check_decision, check_world
from tests.unit.rollout.profiles import WALKS
from tests.unit.rollout.test_walk import STEP_LISTS, settles
from tests.unit.rollout.world import World, trouble, verdict_of

LIMITS = st.sampled_from([None, "1m", "3m"])
PACES = st.sampled_from(["Evidence", "Time"])
ENDS = st.sampled_from(["Hold", "Promote", "RollBack"])
SAYINGS = st.sampled_from([VerdictKind.UNDECIDED, *VerdictKind])


class PaceWalk(RuleBasedStateMachine):
    """Pods come and the gateway answers, mostly; every rule is followed by a round of Tandem."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.ids = 0

    @initialize(pace=PACES, longest=LIMITS, then=ENDS, steps=st.sampled_from(STEP_LISTS[:-1]), automatic=st.booleans())
    def begin(self, pace: str, longest: str | None, then: str, steps: list[dict[str, Any]], automatic: bool) -> None:
        self.world = World(steps=steps, pace=pace, max_duration=longest, when_undecided=then, automatic=automatic)
        self.world.run(12)
        self.try_another()

    @invariant()
    def a_round(self) -> None:
        check_world(self.world, self.world.round(check=check_decision))

    def in_order(self) -> None:
        self.world.kubelet()
        self.world.make_ready(pod for pod in self.world.pods() if not pod.terminating)
        self.world.answer_route()

    @precondition(lambda self: self.world.slots.candidate is None)
    @rule()
    def try_another(self) -> None:
        self.ids += 1
        self.world.declare(version=f"v{self.ids}")
        for _ in range(4):
            self.in_order()
            self.a_round()

    @rule(kind=SAYINGS, seconds=st.sampled_from([1, 10, 31, 61]), count=st.integers(1, 4))
    def time_passes(self, kind: VerdictKind, seconds: int, count: int) -> None:
        for _ in range(count):
            self.in_order()
            self.world.judge(verdict_of(kind))
            self.world.pass_time(seconds)
            self.a_round()

    @rule(reason=st.sampled_from([None, None, "EdgeMissing", "MetricsUnreadable"]))
    def evidence_is(self, reason: str | None) -> None:
        self.world.evidence_trouble = trouble(reason, "pod x: 403 on /metrics") if reason else None

    @rule(read=st.booleans())
    def counters_are(self, read: bool) -> None:
        candidate = self.world.slots.candidate
        self.world.unread = frozenset() if read or candidate is None else frozenset({candidate.revision})

    @rule(missing=st.booleans())
    def config_map_is(self, missing: bool) -> None:
        self.world.blocked = trouble("ConfigMapMissing", "ConfigMap limits does not exist") if missing else None

    @precondition(lambda self: self.world.slots.candidate is not None)
    @rule(verb=st.sampled_from(["Pause", "Resume", "Promote", "Abort"]))
    def order(self, verb: str) -> None:
        candidate = self.world.slots.candidate
        assert candidate is not None
        self.ids += 1
        self.world.order(candidate.revision, verb, str(self.ids))

    @precondition(lambda self: self.world.slots.candidate is not None)
    @rule(ready=st.integers(0, 1))
    def pods_are_lost(self, ready: int) -> None:
        candidate = self.world.slots.candidate
        assert candidate is not None
        self.world.make_unready(self.world.pods(candidate.revision)[ready:])

    @rule(pace=PACES, longest=LIMITS, then=ENDS)
    def declare_pace(self, pace: str, longest: str | None, then: str) -> None:
        self.world.declare(pace=pace, max_duration=longest, when_undecided=then)

    @rule(steps=st.sampled_from(STEP_LISTS))
    def declare_steps(self, steps: list[dict[str, Any]]) -> None:
        self.world.declare(steps=steps)

    def teardown(self) -> None:
        settles(self.world)


TestPaceWalk = PaceWalk.TestCase
TestPaceWalk.settings = settings(WALKS, max_examples=WALKS.max_examples // 4, stateful_step_count=20)

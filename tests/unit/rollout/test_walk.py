"""Random walks: people, pods, the gateway, the judge, the clock and bad luck, in any order."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tandem.judge import VerdictKind
from tests.unit.rollout.checks import check_decision, check_world
from tests.unit.rollout.profiles import WALKS
from tests.unit.rollout.world import NAME, Luck, World, trouble, verdict_of

VERBS = ["Promote", "Abort", "Retry", "Pause", "Resume", "Rollback", "Freeze", "Accept"]
CONTRACTS: list[dict[str, Any]] = [
    {"requirements": {"latency": {"p99": "150ms"}, "availability": "99.9%"}},
    {"requirements": {"latency": {"p99": "1s"}}},
    {"interface": [{"path": "/predict", "request": {"type": "integer"}}, {"path": "/batch"}]},
    {"interface": [{"path": "/predict", "request": {"type": "integer", "minimum": 1}}]},
    {"consumers": [{"team": "checkout"}]},
    {"consumers": []},
    {"accept_weakening": ["wfcd33f3cda1"]},
    {"accept_weakening": []},
]
QUESTIONS: list[dict[str, Any] | None] = [
    None,
    {"path": "/predict"},
    {"path": "/predict", "compare": {"maxChanged": "5%"}},
]
STEP_LISTS: list[list[dict[str, Any]]] = [
    [{"weight": 10, "hold": "30s"}, {"weight": 50, "hold": "30s"}],
    [{"weight": 1, "hold": "5s"}, {"weight": 25, "hold": "1m"}, {"weight": 75, "hold": "0s"}],
    [{"weight": 100}],
    [{"weight": 20, "hold": "10s"}, {"weight": 100, "hold": "10s"}],
    [],
]
WRITES = 12
lucks = st.builds(
    Luck,
    crash_before=st.one_of(st.none(), st.none(), st.integers(0, WRITES)),
    failing=st.one_of(st.just(frozenset()), st.frozensets(st.integers(0, WRITES), max_size=3)),
    conflict=st.sampled_from([False, False, False, True]),
    stale=st.sampled_from([False, False, False, True]),
    shuffle=st.one_of(st.none(), st.integers(0, 5)),
)


class Walk(RuleBasedStateMachine):
    """A ModelDeployment's life."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.ids = 0

    @initialize(
        gateway=st.sampled_from([True, True, False]),
        settled=st.sampled_from(["", "a", "ab"]),
        questions=st.sampled_from(QUESTIONS),
    )
    def begin(self, gateway: bool, settled: str, questions: dict[str, Any] | None) -> None:
        self.world = World(gateway=gateway, quality=questions)
        for version in settled:
            self.world.declare(version=version)
            self.world.run(12)

    # ------------------------------------------------------------------ Tandem

    @rule()
    def reconcile(self) -> None:
        check_world(self.world, self.world.round(check=check_decision))

    @rule(count=st.integers(2, 8), seconds=st.sampled_from([1, 5, 31]))
    def all_goes_well(self, count: int, seconds: int) -> None:
        for _ in range(count):
            self.world.favour(seconds)
            self.reconcile()

    @rule(luck=lucks)
    def reconcile_with(self, luck: Luck) -> None:
        result = self.world.round(luck, check_decision)
        if result.complete:
            check_world(self.world, result)

    # ------------------------------------------------------------------ people

    @rule(version=st.sampled_from("abc"))
    def declare_version(self, version: str) -> None:
        self.world.declare(version=version)

    @rule(version=st.sampled_from("abc"))
    def declare_and_reconcile(self, version: str) -> None:
        self.world.declare(version=version)
        self.reconcile()

    @rule(replicas=st.integers(1, 4))
    def declare_replicas(self, replicas: int) -> None:
        self.world.declare(replicas=replicas)

    @rule(steps=st.sampled_from(STEP_LISTS))
    def declare_steps(self, steps: list[dict[str, Any]]) -> None:
        self.world.declare(steps=steps)

    @rule(watch=st.sampled_from(["10m", "1500ms", "0s"]), automatic=st.booleans(), keep=st.integers(1, 3))
    def declare_rules(self, watch: str, automatic: bool, keep: int) -> None:
        self.world.declare(watch=watch, automatic=automatic, keep=keep)

    @rule(
        pace=st.sampled_from(["Evidence", "Time"]),
        longest=st.sampled_from([None, "1m", "10m"]),
        then=st.sampled_from(["Hold", "Promote", "RollBack"]),
    )
    def declare_pace(self, pace: str, longest: str | None, then: str) -> None:
        self.world.declare(pace=pace, max_duration=longest, when_undecided=then)

    @rule(contract=st.sampled_from(CONTRACTS))
    def declare_contract(self, contract: dict[str, Any]) -> None:
        self.world.declare(**contract)

    @rule(questions=st.sampled_from(QUESTIONS))
    def declare_questions(self, questions: dict[str, Any] | None) -> None:
        self.world.declare(quality=questions)

    @rule()
    def change_rows(self) -> None:
        self.world.rows_edition += 1

    @rule(attempt=st.sampled_from(["1", "2", "3"]))
    def declare_attempt(self, attempt: str) -> None:
        if attempt != self.world.attempt:
            self.world.declare(attempt=attempt)

    @precondition(lambda self: self.world.revisions)
    @rule(data=st.data(), verb=st.sampled_from(VERBS), again=st.sampled_from([False, False, True]))
    def order(self, data: st.DataObject, verb: str, again: bool) -> None:
        name = data.draw(st.sampled_from(sorted(self.world.revisions)), label="revision")
        self.ids += 0 if again else 1
        before = self.world.revisions[name].decision
        if before != {"verb": verb, "id": str(self.ids)} and not (before and before["id"] == str(self.ids)):
            self.world.order(name, verb, str(self.ids))

    @precondition(lambda self: self.world.revisions)
    @rule(data=st.data())
    def delete_revision(self, data: st.DataObject) -> None:
        self.world.delete_revision(data.draw(st.sampled_from(sorted(self.world.revisions)), label="revision"))

    @rule(missing=st.booleans())
    def config_map(self, missing: bool) -> None:
        self.world.blocked = (
            trouble("ConfigMapMissing", "ConfigMap limits does not exist; create it") if missing else None
        )

    @rule(taken=st.booleans())
    def host_and_path(self, taken: bool) -> None:
        self.world.conflict = trouble("RouteConflict", "payments/other has it") if taken else None

    @rule()
    def lose_status(self) -> None:
        self.world.lose_status()

    # ------------------------------------------------------------------ pods, gateway, judge, clock

    @rule()
    def kubelet(self) -> None:
        self.world.kubelet()

    @rule()
    def all_ready(self) -> None:
        self.world.kubelet()
        self.world.make_ready(pod for pod in self.world.pods() if not pod.terminating)

    @precondition(lambda self: self.world.pods())
    @rule(
        data=st.data(), what=st.sampled_from(["ready", "unready", "restart", "stuck", "gone", "going", "other image"])
    )
    def pod(self, data: st.DataObject, what: str) -> None:
        pods = self.world.pods()
        pod = pods[data.draw(st.integers(0, len(pods) - 1), label="pod")]
        if what == "ready" and not pod.terminating:
            self.world.make_ready([pod])
        elif what == "unready":
            self.world.make_unready([pod])
        elif what == "restart":
            self.world.restart(pod)
        elif what == "stuck":
            self.world.make_unready([pod], trouble())
            pod.failing_since = None
        elif what == "gone":
            for workload in self.world.workloads.values():
                workload.pods = [other for other in workload.pods if other is not pod]
        elif what == "going":
            pod.terminating = True
        elif what == "other image":
            pod.image_id = "sha256:pushed-again"

    @precondition(lambda self: self.world.examiners)
    @rule(verdict=st.sampled_from(["Passed", "Passed", "Failed"]))
    def examinations_end(self, verdict: str) -> None:
        self.world.end_examinations(verdict)

    @precondition(lambda self: self.world.examiners)
    @rule(missed=st.sampled_from([None, None, "young: /risk is above 1"]))
    def smokes_end(self, missed: str | None) -> None:
        self.world.end_smokes(missed)

    @precondition(lambda self: self.world.examiners)
    @rule(data=st.data(), what=st.sampled_from(["trouble", "evicted", "gone"]))
    def examination(self, data: st.DataObject, what: str) -> None:
        name = data.draw(st.sampled_from(sorted(self.world.examiners)), label="examination")
        if what == "gone":
            del self.world.examiners[name]
        else:
            self.world.end_examination(name, {"trouble": "no rows"} if what == "trouble" else None, "Failed")

    @precondition(lambda self: self.world.revisions)
    @rule(data=st.data(), ready=st.booleans())
    def all_of_one(self, data: st.DataObject, ready: bool) -> None:
        name = data.draw(st.sampled_from(sorted(self.world.revisions)), label="revision")
        self.world.kubelet()
        if ready:
            self.world.make_ready(pod for pod in self.world.pods(name) if not pod.terminating)
        else:
            self.world.make_unready(self.world.pods(name))

    @rule(answer=st.sampled_from(["answers", "answers", "refuses", "comes round"]))
    def gateway_does(self, answer: str) -> None:
        if self.world.route is None:
            return
        if answer == "answers":
            self.world.answer_route()
        else:
            self.world.route.refused = answer == "refuses"

    @rule(kind=st.sampled_from(list(VerdictKind)), metric=st.sampled_from(["errors", "latency-p99"]))
    def judge_says(self, kind: VerdictKind, metric: str) -> None:
        candidate = self.world.slots.candidate
        if candidate is None or candidate.weight > 0 or self.world.slots.fallback is not None:
            self.world.judge(verdict_of(kind, metric=metric))

    @rule(kind=st.sampled_from(list(VerdictKind)), count=st.integers(2, 4))
    def judge_goes_on_saying(self, kind: VerdictKind, count: int) -> None:
        for _ in range(count):
            self.world.favour(31)
            self.judge_says(kind, "errors")
            self.reconcile()

    @rule(reason=st.sampled_from([None, None, "EdgeMissing", "MetricsUnreadable"]))
    def evidence_is(self, reason: str | None) -> None:
        self.world.evidence_trouble = trouble(reason, "pod x: 403 on /metrics") if reason else None

    @precondition(lambda self: self.world.revisions)
    @rule(data=st.data(), count=st.integers(0, 1))
    def counters_are_read(self, data: st.DataObject, count: int) -> None:
        names = st.sampled_from(sorted(self.world.revisions))
        self.world.unread = data.draw(st.frozensets(names, max_size=count), label="unread")
        self.world.blind = data.draw(st.frozensets(names, max_size=count), label="blind")

    @rule(drained=st.booleans())
    def requests_in_progress(self, drained: bool) -> None:
        self.world.drained = set(self.world.revisions) if drained else set()

    @rule(seconds=st.sampled_from([1, 9, 10, 20, 31, 181, 700]))
    def time_passes(self, seconds: int) -> None:
        self.world.pass_time(seconds)

    # ------------------------------------------------------------------ in the end

    def teardown(self) -> None:
        settles(self.world)


def settles(world: World) -> None:
    """Once everything goes well, what the spec declares becomes stable, unless a person or the judge said no."""
    world.blocked = world.conflict = world.evidence_trouble = None
    world.unread = world.blind = frozenset()
    world.steps = STEP_LISTS[0]
    if world.route is not None:
        world.route.refused = False
    for pod in world.pods():
        pod.restarts, pod.terminating = 0, False
    result = world.round()
    for count in range(30):
        world.favour()
        result = world.round(check=check_decision)
        check_world(world, result)
        status = result.decision.status
        if status.frozen_by:
            _resume(world, f"resume-{count}")
        elif status.candidate and status.candidate.paused:
            world.order(status.candidate.revision, "Resume", f"resume-{count}")
        elif status.candidate and status.weakened:
            world.order(status.candidate.revision, "Accept", f"accept-{count}")
        elif status.rejected and status.rejected.revision == world.declared and not status.candidate:
            if status.rejected.reason == "MixedImages":
                world.declare(version=f"pushed-once-{count}")
            else:
                world.order(status.rejected.revision, "Retry", f"retry-{count}")
        elif status.candidate and _other_image_seen(world, status.candidate.revision):
            world.declare(version=f"pushed-once-{count}")
    world.pass_time(int(timedelta(minutes=15).total_seconds()))
    for _ in range(6):
        world.favour()
        result = world.round(check=check_decision)
    status = result.decision.status
    assert status.stable is not None, status
    assert status.stable.revision == world.declared
    assert status.candidate is None
    assert status.fallback is None
    assert status.phase == "Serving"
    assert {name for name, workload in world.workloads.items() if workload.replicas} == {world.declared}
    assert len(world.revisions) <= world.keep + 1, f"{NAME} keeps {sorted(world.revisions)}"


def _resume(world: World, id_: str) -> None:
    if world.revisions:
        world.order(sorted(world.revisions)[0], "Resume", id_)


def _other_image_seen(world: World, name: str) -> bool:
    return len(world.revisions[name].status.get("imageIds", [])) > 1


TestWalk = Walk.TestCase
TestWalk.settings = WALKS

"""A cluster in miniature: what Tandem decides is written and carried out here, and may fail at every single write.

Pods become ready, crash and go when a test says so; the gateway answers when a test says so; nothing happens by itself
but what Kubernetes' own controllers do (`kubelet`: pods appear and disappear as their Deployment asks).
"""

import json
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from tandem.api.names import revision_name
from tandem.api.objects import ModelDeployment, parse_deployment, parse_revision
from tandem.api.status import ModelDeploymentStatus, ReadinessFinding
from tandem.cluster.examined import asked_by, examination_state, examined_revision, nothing_examined
from tandem.cluster.smoked import smoke_state
from tandem.judge import Counts, Verdict, VerdictKind
from tandem.manifests.examination import ASKS, EXAMINER, EXAMINES_LABEL, Examination
from tandem.manifests.smoke import SMOKES_LABEL, SmokeTest
from tandem.rollout.decide import decide
from tandem.rollout.decision import NOBODY, Decision, Happening
from tandem.rollout.observation import (
    Observation,
    PodState,
    QualityState,
    RevisionState,
    RouteState,
    SmokeState,
    Trouble,
    Watched,
)

NAME = "fraud"
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
STEPS: list[dict[str, Any]] = [{"weight": 10, "hold": "30s"}, {"weight": 50, "hold": "30s"}]


def verdict_of(kind: VerdictKind, sentence: str = "3 of 100 requests failed", metric: str = "errors") -> Verdict:
    return Verdict(kind, metric, Counts(100, 3), Counts(900, 1), 2.0, sentence)


@dataclass
class Pod:
    """A pod; `failing_since` as Tandem's observation defines it."""

    name: str
    created: datetime
    image_id: str
    ready: bool = False
    ready_since: datetime | None = None
    restarts: int = 0
    last_exit: datetime | None = None
    failing_since: datetime | None = None
    trouble: Trouble | None = None
    terminating: bool = False

    def seen(self) -> PodState:
        return PodState(
            name=self.name,
            uid=f"uid-{self.name}",
            ip="10.0.0.1",
            ready=self.ready,
            terminating=self.terminating,
            created=self.created,
            ready_since=self.ready_since,
            restarts=self.restarts,
            last_exit=self.last_exit,
            failing_since=self.failing_since,
            image_id=self.image_id,
            trouble=self.trouble,
        )


@dataclass
class Workload:
    replicas: int
    pods: list[Pod] = field(default_factory=list)


@dataclass
class Revision:
    name: str
    number: int
    image: str
    status: dict[str, Any] = field(default_factory=dict)
    declared: str = "{}"
    decision: dict[str, str] | None = None

    def body(self) -> dict[str, Any]:
        spec: dict[str, Any] = {
            "number": self.number,
            "image": self.image,
            "declared": self.declared,
            "template": "{}",
            "renderer": "1",
        }
        if self.decision:
            spec["decision"] = self.decision
        return {"metadata": {"name": self.name, "uid": f"uid-{self.name}"}, "spec": spec, "status": self.status}


@dataclass
class Route:
    weights: dict[str, int]
    generation: int = 1
    answered: int = 0
    refused: bool = False

    @property
    def accepted(self) -> bool:
        return self.answered == self.generation and not self.refused


@dataclass(frozen=True)
class Luck:
    """What goes wrong in one round. Writes are counted from 0, the status being the first."""

    crash_before: int | None = None
    failing: frozenset[int] = frozenset()
    conflict: bool = False
    stale: bool = False
    shuffle: int | None = None


GOOD_LUCK = Luck()


@dataclass
class Round:
    """What was seen and decided in one round, and whether all of it was carried out."""

    deployment: ModelDeployment
    seen: Observation
    decision: Decision
    complete: bool


@dataclass
class World:
    gateway: bool = True
    version: str = "a"
    replicas: int = 2
    steps: list[dict[str, Any]] = field(default_factory=lambda: [dict(step) for step in STEPS])
    watch: str = "10m"
    pace: str = "Evidence"
    max_duration: str | None = None
    when_undecided: str = "Hold"
    attempt: str | None = None
    automatic: bool = True
    keep: int = 2
    requirements: dict[str, Any] = field(default_factory=dict)
    interface: list[dict[str, Any]] = field(default_factory=list)
    consumers: list[dict[str, Any]] = field(default_factory=list)
    accept_weakening: list[str] = field(default_factory=list)
    quality: dict[str, Any] | None = None

    now: datetime = NOON
    generation: int = 1
    status: dict[str, Any] = field(default_factory=dict)
    revisions: dict[str, Revision] = field(default_factory=dict)
    workloads: dict[str, Workload] = field(default_factory=dict)
    route: Route | None = None
    service_target: str | None = None
    drained: set[str] = field(default_factory=set)
    moods: dict[tuple[str, int, str], Verdict] = field(default_factory=dict)
    blocked: Trouble | None = None
    conflict: Trouble | None = None
    unread: frozenset[str] = frozenset()
    watched: Watched | None = None
    readiness: tuple[ReadinessFinding, ...] | None = None
    blind: frozenset[str] = frozenset()
    examiners: dict[str, dict[str, Any]] = field(default_factory=dict)
    rows_edition: int = 1
    evidence_trouble: Trouble | None = None
    refusals: tuple[Trouble, ...] = ()
    route_as_declared: bool = True
    image_ids: dict[str, str] = field(default_factory=dict)
    happenings: list[Happening] = field(default_factory=list)
    pods_made: int = 0
    # What the test knows and Tandem does not have to:
    passed: set[str] = field(default_factory=set)
    good: set[str] = field(default_factory=set)
    banned: set[str] = field(default_factory=set)
    begun: set[tuple[str, int, str]] = field(default_factory=set)
    _cached: dict[str, tuple[PodState, ...]] = field(default_factory=dict)
    _answered: int = 0

    # ------------------------------------------------------------------ what people do

    def declare(self, **changes: Any) -> None:
        """Change the spec."""
        before = self.declared
        for name, value in changes.items():
            setattr(self, name, value)
        self.generation += 1
        if "attempt" in changes:
            self.banned.clear()
        if self.declared != before:
            self.banned.discard(before or "")

    def order(self, revision: str, verb: str, id_: str) -> None:
        self.revisions[revision].decision = {"verb": verb, "id": id_}
        if verb == "Retry":
            self.banned.discard(revision)

    def delete_revision(self, name: str) -> None:
        """A person deletes it; its children go with it."""
        self.revisions.pop(name)
        self.workloads.pop(name, None)
        self.examiners = {
            key: pod for key, pod in self.examiners.items() if pod["metadata"]["labels"][EXAMINES_LABEL] != name
        }
        self.good.discard(name)
        self.banned.discard(name)
        self.begun = {item for item in self.begun if item[0] != name}

    def lose_status(self) -> None:
        self.status = {}
        self.banned.clear()

    def lose_every_status(self) -> None:
        """Of the revisions too: a backup holds no status of anything."""
        self.lose_status()
        for revision in self.revisions.values():
            revision.status = {}
        self.moods.clear()
        self.begun.clear()

    # ------------------------------------------------------------------ what the cluster does

    def pass_time(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    def kubelet(self) -> None:
        """Deployments get the pods that they ask for: not ready ones go first, new ones are not ready."""
        for name, workload in self.workloads.items():
            workload.pods = [pod for pod in workload.pods if not pod.terminating]
            while len(workload.pods) > workload.replicas:
                unready = [pod for pod in workload.pods if not pod.ready]
                workload.pods.remove(unready[-1] if unready else workload.pods[-1])
            while len(workload.pods) < workload.replicas:
                self.pods_made += 1
                image = self.image_ids.get(self.revisions[name].image, f"sha256:{self.revisions[name].image}")
                workload.pods.append(Pod(f"{name}-{self.pods_made}", self.now, image))

    def pods(self, revision: str | None = None) -> list[Pod]:
        names = [revision] if revision else sorted(self.workloads)
        return [pod for name in names if name in self.workloads for pod in self.workloads[name].pods]

    def make_ready(self, pods: Iterable[Pod]) -> None:
        for pod in pods:
            if not pod.ready:
                pod.ready, pod.ready_since, pod.trouble, pod.failing_since = True, self.now, None, None

    def make_unready(self, pods: Iterable[Pod], trouble: Trouble | None = None) -> None:
        for pod in pods:
            pod.ready, pod.ready_since = False, None
            pod.failing_since = pod.failing_since or self.now
            pod.trouble = trouble or Trouble("NotReady", f"pod {pod.name} runs and is not ready yet", True)

    def restart(self, pod: Pod) -> None:
        self.make_unready([pod], Trouble("Error", f"pod {pod.name}: its container exited (exit code 1)", True))
        pod.restarts += 1
        pod.last_exit = self.now

    @property
    def rows(self) -> dict[str, str]:
        """Editions of the rows that are asked."""
        return {"cases": str(self.rows_edition)}

    def end_examination(self, name: str, word: dict[str, Any] | None, phase: str = "Succeeded") -> None:
        """The pod of an examination ends, with this last word."""
        terminated = {"finishedAt": self.now.isoformat(), "message": json.dumps(word)} if word else {}
        statuses = [{"name": EXAMINER, "state": {"terminated": terminated}}]
        self.examiners[name]["status"] = {"phase": phase, "containerStatuses": statuses}

    def end_examinations(self, outcome: str, message: str = "1 of 9 missed") -> None:
        """All examinations that are on come to this verdict."""
        for name, pod in self.examiners.items():
            if SMOKES_LABEL in pod["metadata"]["labels"]:
                continue
            if pod["status"]["phase"] == "Running":
                self.passed |= {pod["inputs"]} if outcome == "Passed" else set()
                self.end_examination(name, {"outcome": outcome, "message": message, "asked": 9, "gates": []})

    def end_smokes(self, missed: str | None = None) -> None:
        """All pods that are asked later answer well, or each of them misses this."""
        for name, pod in self.examiners.items():
            if SMOKES_LABEL in pod["metadata"]["labels"] and pod["status"]["phase"] == "Running":
                uids = asked_by(pod)[1:]
                found = dict.fromkeys(uids, missed) if missed is not None else {}
                self.end_examination(name, {"passed": [] if found else [*uids], "missed": found, "asked": 9})

    def answer_route(self) -> None:
        """The gateway takes the route over as it is now."""
        if self.route is not None:
            self.route.answered = self.route.generation

    def judge(self, verdict: Verdict) -> None:
        """Let the judge say this about whoever is on trial."""
        subject = self.subject()
        if subject is not None:
            self.moods[subject] = verdict

    def subject(self) -> tuple[str, int, str] | None:
        """Return whose trial is on: revision, attempt, part; a trial of another attempt begins afresh."""
        status = ModelDeploymentStatus.model_validate(self.status)
        stable, candidate = status.stable, status.candidate
        if stable is None:
            return None
        if status.fallback is not None and (candidate is None or candidate.weight == 0):
            return stable.revision, int(stable.since.timestamp()), "watch"
        if candidate is not None and not candidate.restore:
            return candidate.revision, candidate.attempt, f"step {candidate.step}"
        return None

    # ------------------------------------------------------------------ one round of Tandem

    @property
    def declared(self) -> str | None:
        """The newest revision that is what the spec declares."""
        found = [item for item in self.revisions.values() if item.image == self.version]
        return max(found, key=lambda item: item.number).name if found else None

    @property
    def slots(self) -> ModelDeploymentStatus:
        return ModelDeploymentStatus.model_validate(self.status)

    def deployment(self, status: dict[str, Any] | None = None) -> ModelDeployment:
        spec: dict[str, Any] = {
            "owners": {"engineering": {"team": "payments", "contact": "payments@example.com"}},
            "consumers": self.consumers,
            "model": {"image": self.version, "service": "Fraud", "interface": self.interface},
            "requirements": self.requirements,
            "serving": {"replicas": {"min": self.replicas}},
            "rollout": {"steps": self.steps, "watch": self.watch},
            "rollback": {"automatic": self.automatic, "keepRevisions": self.keep},
        }
        spec["rollout"]["acceptWeakening"] = self.accept_weakening
        spec["rollout"] |= {"pace": self.pace, "evidence": {"whenUndecided": self.when_undecided}}
        if self.quality is not None:
            spec["quality"] = self.quality
        if self.max_duration is not None:
            spec["rollout"]["evidence"]["maxDuration"] = self.max_duration
        if self.attempt is not None:
            spec["rollout"]["attempt"] = self.attempt
        if self.gateway:
            spec["traffic"] = {"gateway": {"parentRefs": [{"name": "public"}], "path": "/fraud"}}
        meta = {"name": NAME, "namespace": "payments", "uid": "uid-md", "generation": self.generation}
        return parse_deployment({"metadata": meta, "spec": spec, "status": self.status if status is None else status})

    def observe(self, stale: bool = False) -> Observation:
        """Gather what is; `stale`: other people's changes since the last look have not arrived yet, one's own have."""
        if not stale:
            self._cached = {
                name: tuple(pod.seen() for pod in workload.pods) for name, workload in self.workloads.items()
            }
            self._answered = self.route.answered if self.route else 0
        subject = self.subject()
        declared = None if self.blocked else self.declared
        return Observation(
            revisions={name: self._state(item) for name, item in self.revisions.items()},
            declared=declared,
            route=self._route_state(),
            service_target=self.service_target,
            verdict=self.moods.get(subject, verdict_of(VerdictKind.UNDECIDED)) if subject else None,
            evidence_trouble=self.evidence_trouble,
            unread=self.unread,
            blind=self.blind,
            quality=self._quality_state(),
            smoke=self._smoke_state(),
            blocked=self.blocked,
            conflict=self.conflict,
            watched=self.watched,
            readiness=self.readiness,
            refusals=self.refusals,
        )

    def _state(self, revision: Revision) -> RevisionState:
        workload = self.workloads.get(revision.name)
        pods = self._cached.get(revision.name, ()) if workload else ()
        troubles = [pod.trouble for pod in pods if pod.trouble and not pod.terminating]
        return RevisionState(
            revision=parse_revision(revision.body()),
            workload=workload is not None,
            wanted=workload.replicas if workload else 0,
            pods=pods,
            trouble=next((item for item in troubles if item.own_fault), troubles[0] if troubles else None),
            drained=revision.name in self.drained,
        )

    def _quality_state(self) -> QualityState | None:
        deployment, pods = self.deployment(), list(self.examiners.values())
        state = examined_revision(deployment, {name: self._state(item) for name, item in self.revisions.items()})
        if state is None:
            return nothing_examined(pods)
        return examination_state(deployment, state, pods, self.rows, self.now, {})

    def _smoke_state(self) -> SmokeState:
        states = {name: self._state(item) for name, item in self.revisions.items()}
        return smoke_state(self.deployment(), states, self.examiners.values(), self.rows, self.now)

    def _route_state(self) -> RouteState | None:
        if self.route is None:
            return None
        accepted = self._answered == self.route.generation and not self.route.refused
        reason, message = ("Accepted", "") if accepted else ("Pending", "gateway public has not looked at it yet")
        return RouteState(dict(self.route.weights), accepted, reason, message, self.route_as_declared)

    def round(self, luck: Luck = GOOD_LUCK, check: Callable[["World", Round], None] | None = None) -> Round:
        """Observe, decide, write the status down, carry the decision out: one write after the other."""
        deployment, seen = self.deployment(), self.observe(luck.stale)
        decision = decide(deployment, seen, self.now)
        result = Round(deployment, seen, decision, complete=False)
        if check is not None:
            check(self, result)
        writes = self._writes(decision, luck)
        failing = luck.failing
        if luck.conflict and decision.status.to_dict() != self.status:
            return result
        for number, write in enumerate(writes):
            if number == luck.crash_before:
                return result
            if number not in failing:
                write()
            elif number == 0:
                return result
        result.complete = not failing and luck.crash_before is None and not luck.stale
        return result

    def _writes(self, decision: Decision, luck: Luck) -> list[Callable[[], None]]:
        children = [*self._traffic_writes(decision), *self._child_writes(decision)]
        if luck.shuffle is not None:
            random.Random(luck.shuffle).shuffle(children)
        records = [partial(self._write_record, name, status.to_dict()) for name, status in decision.revisions.items()]
        return [lambda: self._write_status(decision), *children, *records]

    def _traffic_writes(self, decision: Decision) -> list[Callable[[], None]]:
        desired = decision.desired
        return [
            lambda: self._write_route(desired.weights),
            lambda: self._write_service(desired.service_target),
        ]

    def _child_writes(self, decision: Decision) -> list[Callable[[], None]]:
        desired = decision.desired
        writes: list[Callable[[], None]] = []
        if desired.new_revision is not None:
            writes.append(partial(self._make_revision, desired.new_revision))
        for name, replicas in desired.replicas.items():
            writes.append(partial(self._scale, name, replicas))
        if desired.examine is not None:
            writes.append(partial(self._examine, desired.examine))
        if desired.smoke is not None:
            writes.append(partial(self._smoke, desired.smoke))
        writes += [partial(self._dismiss, name) for name in desired.dismiss]
        return [*writes, *(partial(self.delete_revision, name) for name in desired.delete)]

    def _write_status(self, decision: Decision) -> None:
        self.status = decision.status.to_dict()
        self.happenings += decision.happenings
        stable, rejected = decision.status.stable, decision.status.rejected
        if stable is not None:
            self.good.add(stable.revision)
        if rejected is not None and rejected.attempt == self.attempt and rejected.revision == self.declared:
            self.banned.add(rejected.revision)

    def _write_route(self, weights: Any) -> None:
        if weights is None:
            return
        if self.route is None:
            self.route = Route(dict(weights))
        elif self.route.weights != dict(weights):
            self.route.weights = dict(weights)
            self.route.generation += 1

    def _write_service(self, target: str | None) -> None:
        if target is not None:
            self.service_target = None if target == NOBODY else target

    def _make_revision(self, number: int | None) -> None:
        assert number is not None
        name = revision_name(NAME, number)
        assert name not in self.revisions, "a revision's number was given twice"
        self.revisions[name] = Revision(name, number, self.version)

    def _scale(self, name: str, replicas: int) -> None:
        if name in self.revisions:
            self.workloads.setdefault(name, Workload(replicas)).replicas = replicas

    def _examine(self, examination: Examination) -> None:
        labels, annotations = {EXAMINES_LABEL: examination.revision}, {ASKS: ",".join(examination.pods)}
        metadata = {"name": examination.name, "uid": examination.name, "labels": labels, "annotations": annotations}
        pod: dict[str, Any] = {
            "metadata": {**metadata, "creationTimestamp": self.now.isoformat()},
            "status": {"phase": "Running", "startTime": self.now.isoformat()},
        }
        pod["inputs"] = examination.inputs
        self.examiners.setdefault(examination.name, pod)

    def _smoke(self, smoke: SmokeTest) -> None:
        labels = {EXAMINES_LABEL: smoke.revision, SMOKES_LABEL: smoke.revision}
        annotations = {ASKS: ",".join((smoke.beside_uid, *smoke.pods))}
        metadata = {"name": smoke.name, "uid": smoke.name, "labels": labels, "annotations": annotations}
        now = self.now.isoformat()
        status = {"phase": "Running", "startTime": now}
        pod = {"metadata": {**metadata, "creationTimestamp": now}, "status": status}
        self.examiners.setdefault(smoke.name, pod)

    def _dismiss(self, name: str) -> None:
        self.examiners.pop(name, None)

    def _write_record(self, name: str, status: dict[str, Any]) -> None:
        if name in self.revisions:
            self.revisions[name].status = status
        candidate = self.slots.candidate
        if candidate is not None and candidate.revision == name:
            self.begun.add((name, candidate.attempt, candidate.since.isoformat()))

    # ------------------------------------------------------------------ everything goes well

    def favour(self, seconds: int = 31) -> None:
        """Pods become ready, the gateway answers, the judge is content, time passes."""
        self.kubelet()
        self.make_ready(pod for pod in self.pods() if not pod.terminating)
        self.answer_route()
        self.end_examinations("Passed", "passed")
        self.end_smokes()
        self.judge(verdict_of(VerdictKind.ADVANCE, "0 of 500 requests failed"))
        self.pass_time(seconds)

    def run(self, rounds: int = 20, **favour: int) -> "World":
        """Let everything go well for some rounds."""
        for _ in range(rounds):
            self.favour(**favour)
            self.round()
        return self


def trouble(reason: str = "Unschedulable", message: str = "no node takes it", own_fault: bool = False) -> Trouble:
    return Trouble(reason, message, own_fault)


def with_status(world: World, **changes: Any) -> World:
    """Return the world with fields of its status replaced (as objects of the API)."""
    status = world.slots.with_changes(**changes)
    return replace(world, status=status.to_dict())

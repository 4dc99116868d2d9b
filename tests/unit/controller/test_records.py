"""A crash between any two writes loses no evidence, counts none of it twice, and gives none to another attempt."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from tandem.api.names import DEPLOYMENT_LABEL
from tandem.api.objects import ModelDeployment, ModelRevision, parse_deployment, parse_revision
from tandem.api.status import ModelDeploymentStatus
from tandem.cluster.cache import Cache
from tandem.cluster.errors import ClusterRefused
from tandem.cluster.kinds import MODEL_DEPLOYMENT, MODEL_REVISION, Kind, Object
from tandem.controller.history import Histories
from tandem.controller.records import Records
from tandem.controller.trials import Trials
from tandem.rollout.decision import Decision, Desired
from tandem.rollout.observation import Observation, PodState, RevisionState
from tandem.signals import PodCounters, PodSample, PodTarget, Unreadable
from tandem.signals.prometheus import PrometheusClient
from tandem.signals.sources import Sources
from tests.unit.cluster.recorded import ObjectStore
from tests.unit.controller.virtual_time import in_virtual_time

KEY = ("payments", "fraud")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SINCE = "2026-03-01T11:00:00Z"
ATTEMPT = 2
STABLE, CANDIDATE = "fraud-r1", "fraud-r2"
PLACES = ((MODEL_DEPLOYMENT, KEY[1]), (MODEL_REVISION, CANDIDATE))
NOTHING = Desired(new_revision=None, replicas={}, weights=None, service_target=None)


class Crash(Exception):
    """The process ended here."""


class Statuses(ObjectStore):
    """Keeps objects; the process that writes to it may end before any write."""

    writes_left = 1000
    refused: frozenset[str] = frozenset()

    def put(self, kind: Kind, obj: Object) -> Object:
        body = {"apiVersion": kind.api_version, "kind": kind.kind, **obj}
        self.objects[kind.kind, KEY[0], obj["metadata"]["name"]] = body
        return body

    async def update_status(
        self, kind: Kind, namespace: str, name: str, resource_version: str, status: Object
    ) -> Object:
        if self.writes_left == 0:
            raise Crash
        if name in self.refused:
            raise ClusterRefused(f"write status of {name}", "Forbidden", "no")
        self.writes_left -= 1
        before = self.objects[kind.kind, namespace, name]
        assert before["metadata"]["resourceVersion"] == resource_version
        meta = {**before["metadata"], "resourceVersion": str(int(resource_version) + 1)}
        self.objects[kind.kind, namespace, name] = {**before, "metadata": meta, "status": status}
        return self.objects[kind.kind, namespace, name]


@dataclass
class Pods:
    """Every pod has answered this many requests, one in ten with an error."""

    answered: int = 0

    async def scrape(self, pods: Sequence[PodTarget]) -> list[PodSample | Unreadable]:
        at = asyncio.get_running_loop().time()
        requests = {("/predict", 200): self.answered - self.answered // 10, ("/predict", 500): self.answered // 10}
        return [PodSample(pod, at, PodCounters(requests)) for pod in pods]


@dataclass
class Process:
    """Tandem from its start to its end: what it has in memory is gone afterwards."""

    store: Statuses
    pods: Pods
    cache: Cache = field(default_factory=Cache)
    read: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        for obj in self.store.objects.values():
            self.cache.feed("ADDED", obj)
        sources = Sources(self.pods, PrometheusClient())
        self.trials = Trials(sources, Histories(), lambda _: self.read.set(), asyncio.get_running_loop().time)
        self.records = Records(self.store, self.cache, self.trials)

    @property
    def deployment(self) -> ModelDeployment:
        body = self.cache.get(MODEL_DEPLOYMENT, *KEY)
        assert body is not None
        return parse_deployment(body)

    @property
    def revisions(self) -> dict[str, ModelRevision]:
        bodies = self.cache.children(*KEY)[MODEL_REVISION.kind]
        return {body["metadata"]["name"]: parse_revision(body) for body in bodies}

    async def look(self) -> dict[str, Any]:
        """Read the pods once more; return the evidence as it would be written."""
        states = {name: _state(revision) for name, revision in self.revisions.items()}
        self.trials.judge(KEY, self.deployment, states)
        self.read.clear()
        self.trials.follow(KEY, self.deployment, self.deployment.status, Observation(states, CANDIDATE))
        await self.read.wait()
        self.trials.judge(KEY, self.deployment, states)
        kept = self.trials.to_persist(KEY, due=True)
        assert kept is not None
        return kept.evidence

    async def write(self, **candidate: Any) -> None:
        """Write the decision that changes the candidate's slot."""
        deployment, body = self.deployment, self.cache.get(MODEL_DEPLOYMENT, *KEY)
        slot = deployment.status.candidate
        assert slot is not None and body is not None
        status = deployment.status.with_changes(candidate=slot.with_changes(**candidate) if candidate else None)
        decision = Decision(status, {}, NOTHING, (), None)
        await self.records.write_decision(body, deployment, self.revisions, decision, NOW)


def _state(revision: ModelRevision) -> RevisionState:
    name = revision.metadata.name
    return RevisionState(revision, True, 1, (PodState(f"{name}-1", f"uid-{name}-1", "10.0.0.1", ready=True),))


def rolling() -> Statuses:
    """The candidate's second attempt is on; the record of that was never written."""
    store = Statuses()
    status = ModelDeploymentStatus.model_validate(
        {
            "stable": {"revision": STABLE, "since": SINCE},
            "candidate": {"revision": CANDIDATE, "attempt": ATTEMPT, "since": SINCE, "size": 1, "weight": 10},
        }
    )
    owner = {"team": "payments", "contact": "payments@example.com"}
    spec = {"owners": {"engineering": owner}, "model": {"image": "fraud:2"}}
    store.put(MODEL_DEPLOYMENT, {"metadata": _meta(KEY[1]), "spec": spec, "status": status.to_dict()})
    for number, name in enumerate((STABLE, CANDIDATE), start=1):
        made = {"number": number, "image": f"fraud:{number}", "declared": "{}", "template": "{}", "renderer": "1"}
        store.put(MODEL_REVISION, {"metadata": _meta(name), "spec": made, "status": {"attempt": ATTEMPT - 1}})
    return store


def _meta(name: str) -> dict[str, Any]:
    labels = {DEPLOYMENT_LABEL: KEY[1]}
    return {"namespace": KEY[0], "name": name, "uid": f"uid-{name}", "resourceVersion": "1", "labels": labels}


async def _counted(writes: int) -> list[dict[str, Any]]:
    """Return the evidence on 100 requests of each version and that on 200; the process ends after so many writes."""
    store, pods = rolling(), Pods()
    process = Process(store, pods)
    await process.look()
    pods.answered = 100
    early = await process.look()
    store.writes_left = writes
    with contextlib.suppress(Crash):
        await process.write(weight=20)
    process.trials.close()
    pods.answered = 200
    if store.writes_left == 0:
        process = Process(store, pods)
    late = await process.look()
    process.trials.close()
    return [early["evidence"], late["evidence"]]


@pytest.mark.parametrize(
    "writes",
    [pytest.param(1, id="after the evidence was written"), pytest.param(2, id="after the status was, too")],
)
def test_evidence_counts_on_after_a_crash(writes: int) -> None:
    found, undisturbed = in_virtual_time(_counted(writes)), in_virtual_time(_counted(1000))
    assert found == undisturbed
    assert found[0] != found[1]


def test_the_record_knows_the_attempt_that_its_evidence_is_of() -> None:
    """Otherwise the next attempt might get the same number after a crash, and go on with evidence of this one."""

    async def story() -> Object:
        store, pods = rolling(), Pods()
        process = Process(store, pods)
        await process.look()
        store.writes_left = 1
        with pytest.raises(Crash):
            await process.write()
        process.trials.close()
        written: Object = store.objects[MODEL_REVISION.kind, KEY[0], CANDIDATE]["status"]
        return written

    written = in_virtual_time(story())
    assert (written["evidence"]["attempt"], written["attempt"]) == (ATTEMPT, ATTEMPT)


def test_a_rollback_waits_for_no_evidence_that_cannot_be_written() -> None:
    async def story() -> tuple[Object, Object]:
        store, pods = rolling(), Pods()
        store.refused = frozenset({CANDIDATE})
        process = Process(store, pods)
        await process.look()
        await process.write()
        process.trials.close()
        deployment, revision = (store.objects[kind.kind, KEY[0], name] for kind, name in PLACES)
        return deployment["status"], revision["status"]

    status, record = in_virtual_time(story())
    assert "candidate" not in status
    assert "evidence" not in record


async def test_of_a_spec_that_cannot_be_read_only_that_is_said_and_what_runs_stays_told() -> None:
    store, later = Statuses(), NOW.replace(hour=13)
    available = {
        "type": "Available", "status": "True", "reason": "StableServes", "message": "fraud-r1 serves with 2 ready pods",
        "lastTransitionTime": SINCE, "observedGeneration": 1,
    }  # fmt: skip
    ready = {**available, "type": "Ready", "reason": "Serving", "message": "fraud-r1 serves everything"}
    meta = {"namespace": KEY[0], "name": KEY[1], "generation": 2, "resourceVersion": "1"}
    status = {"conditions": [available, ready], "observedGeneration": 1}
    body = store.put(MODEL_DEPLOYMENT, {"metadata": meta, "spec": {}, "status": status})
    cache = Cache()
    cache.feed("ADDED", body)
    records = Records(store, cache, Trials(Sources(Pods(), PrometheusClient()), Histories(), lambda _: None))

    async def told(generation: int, now: datetime) -> Object:
        live = store.objects[MODEL_DEPLOYMENT.kind, *KEY]
        await records.write_invalid({**live, "metadata": {**live["metadata"], "generation": generation}}, "no", now)
        found: Object = store.objects[MODEL_DEPLOYMENT.kind, *KEY]["status"]
        return found

    first = await told(2, NOW)
    assert [(each["type"], each["status"], each["reason"]) for each in first["conditions"]] == [
        ("Available", "True", "StableServes"),
        ("Ready", "False", "InvalidSpec"),
        ("Stalled", "True", "InvalidSpec"),
    ]
    assert first["conditions"][1]["lastTransitionTime"] == "2026-03-01T12:00:00Z"
    writes_left = store.writes_left
    assert await told(2, later) == first
    assert store.writes_left == writes_left, "said once"
    again = await told(3, later)
    assert again["observedGeneration"] == 3
    assert [each["observedGeneration"] for each in again["conditions"]] == [1, 3, 3]
    since = [each["lastTransitionTime"] for each in first["conditions"]]
    assert [each["lastTransitionTime"] for each in again["conditions"]] == since

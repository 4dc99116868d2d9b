"""What the pod of an examination says of it, and what it depends on."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from tandem.api.objects import ModelDeployment, ModelRevision, parse_deployment
from tandem.api.revision import QualityReport
from tandem.controller.examinations import AGAIN_AFTER, Examinations
from tandem.manifests.examination import EXAMINES_LABEL, examination_name, inputs_digest
from tandem.rollout.observation import QualityState, RevisionState
from tests.unit.rollout.situations import R2, started
from tests.unit.rollout.world import NOON, World

QUALITY = {"path": "/predict", "edgeCases": {"rows": [{"configMap": "cases"}]}}
VERDICT = {
    "outcome": "Failed",
    "message": "edgeCases: 1 of 2 missed",
    "asked": 7,
    "gates": [
        {
            "name": "edgeCases",
            "met": 1,
            "missed": 1,
            "tooFew": 0,
            "findings": [{"name": "a", "outcome": "Missed", "why": "b"}],
        }
    ],
}


class Editions:
    """The metadata of ConfigMaps, as the reader of the cluster gives it."""

    def __init__(self, version: str | None = "7") -> None:
        self.version = version

    async def read(self, namespace: str, name: str, max_age: float = 30.0) -> Any:
        del namespace, name, max_age
        return None if self.version is None else {"metadata": {"uid": "u", "resourceVersion": self.version}}


def world() -> tuple[ModelDeployment, dict[str, RevisionState]]:
    made: World = started()
    made.declare(quality=QUALITY)
    return made.deployment(), dict(made.observe().revisions)


def pod(name: str, phase: str, **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": {EXAMINES_LABEL: R2}}, "status": {"phase": phase, **status}}


def ended(message: str | None, at: datetime = NOON, **more: Any) -> dict[str, Any]:
    state = {"terminated": {"finishedAt": at.strftime("%Y-%m-%dT%H:%M:%SZ"), **more}}
    if message is not None:
        state["terminated"]["message"] = message
    return {"containerStatuses": [{"name": "examiner", "state": state}]}


async def look(*pods: dict[str, Any], now: datetime = NOON, image: str | None = "tandem:1") -> QualityState:
    deployment, states = world()
    found = await Examinations(Editions(), image).state(deployment, states, pods, now)  # type: ignore[arg-type]
    assert found is not None
    return found


async def name() -> str:
    return examination_name(R2, (await look()).inputs)


async def test_a_verdict_is_read_off_the_last_word() -> None:
    found = await look(pod(await name(), "Succeeded", **ended(json.dumps(VERDICT))))
    assert (found.outcome, found.message, found.trouble) == ("Failed", "edgeCases: 1 of 2 missed", None)


@pytest.mark.parametrize(
    ("phase", "status", "says"),
    [
        ("Failed", ended('{"trouble": "ConfigMap cases does not exist"}'), "ConfigMap cases does not exist"),
        ("Failed", ended(None, reason="OOMKilled"), "OOMKilled"),
        ("Failed", {"reason": "Evicted", "message": "low on memory"}, "low on memory"),
        ("Succeeded", ended("no JSON"), "without a verdict"),
        ("Succeeded", ended('{"outcome": "Perhaps"}'), "without a verdict"),
        ("Pending", {"containerStatuses": [{"name": "examiner", "state": {"waiting": {"reason": "ErrImagePull"}}}]}, "ErrImagePull"),
        ("Pending", {"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/3 nodes"}]}, "0/3 nodes"),
    ],
)  # fmt: skip
async def test_what_keeps_it_from_a_verdict_is_trouble(phase: str, status: dict[str, Any], says: str) -> None:
    found = await look(pod(await name(), phase, **status))
    assert found.outcome is None
    assert found.trouble is not None and says in found.trouble


async def test_a_pod_without_a_verdict_is_replaced_after_a_while() -> None:
    failed = pod(await name(), "Failed", **ended('{"trouble": "no rows"}'))
    assert (await look(failed, now=NOON + timedelta(seconds=5))).obsolete == ()
    assert (await look(failed, now=NOON + AGAIN_AFTER)).obsolete == (await name(),)
    assert (await look(pod(await name(), "Failed", reason="Evicted"))).obsolete == (await name(),)


async def test_one_that_runs_is_waited_for_and_those_of_other_inputs_are_not() -> None:
    found = await look(pod(await name(), "Running"), pod("fraud-r2-quality-old", "Running"))
    assert (found.outcome, found.trouble, found.obsolete) == (None, None, ("fraud-r2-quality-old",))


async def test_without_an_image_of_its_own_it_can_ask_nobody() -> None:
    found = await look(image=None)
    assert found.trouble is not None and "--examiner-image" in found.trouble


async def test_a_verdict_on_record_needs_no_pod() -> None:
    deployment, states = world()
    inputs = (await look()).inputs
    kept = QualityReport.model_validate({**VERDICT, "inputs": inputs, "at": NOON})
    state = states[R2]
    revision = state.revision.with_changes(status=state.revision.status.with_changes(quality=kept))
    states[R2] = RevisionState(revision, workload=True, wanted=1)
    looking = Examinations(Editions(), "tandem:1")  # type: ignore[arg-type]
    found = await looking.state(deployment, states, [pod(await name(), "Succeeded")], NOON)
    assert found is not None
    assert (found.outcome, found.obsolete) == ("Failed", (await name(),))


def test_a_verdict_depends_on_rows_questions_and_attempt_only() -> None:
    deployment, states = world()
    revision: ModelRevision = states[R2].revision

    def digest(given: ModelDeployment = deployment, attempt: int = 1, edition: str = "7") -> str:
        return inputs_digest(given, revision, attempt, {"cases": edition})

    assert digest() == digest(deployment.with_changes(status=deployment.status.with_changes(phase="Starting")))
    body = {"metadata": {"name": "fraud"}, "spec": {**deployment.spec.to_dict(), "quality": {"path": "/other"}}}
    assert len({digest(), digest(attempt=2), digest(edition="8"), digest(parse_deployment(body))}) == 4


async def test_where_nothing_is_declared_nothing_is_looked_at() -> None:
    made = started()
    looking = Examinations(Editions(), "tandem:1")  # type: ignore[arg-type]
    assert await looking.state(made.deployment(), made.observe().revisions, [], NOON) is None

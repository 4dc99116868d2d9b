"""What the pod of an examination says of it, and what it depends on."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from tandem.api.objects import ModelDeployment, parse_deployment
from tandem.api.quality import Quality
from tandem.api.revision import QualityReport
from tandem.cluster.examined import (
    AGAIN_AFTER,
    LONGEST_AGAIN_AFTER,
    OVERDUE_AFTER,
    examination_state,
    gated_revision,
    nothing_examined,
    overdue,
    requests_asked,
)
from tandem.manifests.examination import EXAMINES_LABEL, examination_name, inputs_digest, longest_seconds
from tandem.rollout.observation import QualityState, RevisionState
from tests.unit.rollout.situations import R1, R2, canary, started
from tests.unit.rollout.world import NOON

QUALITY: dict[str, Any] = {"path": "/predict", "edgeCases": {"rows": [{"configMap": "cases"}]}}
ROWS = {"cases": "7"}
VERDICT: dict[str, Any] = {
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


def candidate() -> tuple[ModelDeployment, RevisionState]:
    world = started()
    world.declare(quality=QUALITY)
    return world.deployment(), world.observe().revisions[R2]


DEPLOYMENT, STATE = candidate()
INPUTS = inputs_digest(DEPLOYMENT, STATE.revision, ROWS)
NAME = examination_name(R2, 1, INPUTS)
ASKED = {f"uid-of-{NAME}": 4300}
ENDED = "2026-03-01T12:00:00Z"


def pod(phase: str, name: str = NAME, **status: Any) -> dict[str, Any]:
    metadata = {"name": name, "uid": f"uid-of-{name}", "labels": {EXAMINES_LABEL: R2}, "creationTimestamp": ENDED}
    return {"metadata": metadata, "status": {"phase": phase, **status}}


def ended(message: str | None, **more: Any) -> dict[str, Any]:
    state: dict[str, Any] = {"terminated": {"finishedAt": ENDED, **more}}
    if message is not None:
        state["terminated"]["message"] = message
    return {"containerStatuses": [{"name": "examiner", "state": state}]}


def look(*pods: dict[str, Any], now: datetime = NOON, state: RevisionState = STATE) -> QualityState:
    return examination_state(DEPLOYMENT, state, pods, ROWS, now, ASKED)


def known(**changes: Any) -> RevisionState:
    """The candidate, with this verdict on record."""
    report = QualityReport.model_validate({**VERDICT, "inputs": INPUTS, "attempt": 1, "at": NOON, **changes})
    revision = STATE.revision.with_changes(status=STATE.revision.status.with_changes(quality=report))
    return RevisionState(revision, workload=True, wanted=1)


def test_a_verdict_is_read_off_the_last_word_and_counts_once_it_is_on_record() -> None:
    found = look(pod("Succeeded", **ended(json.dumps(VERDICT))))
    assert (found.outcome, found.trouble, found.obsolete) == (None, None, ())
    about = {"inputs": INPUTS, "questions": INPUTS, "attempt": 1, "at": NOON}
    assert found.report == QualityReport.model_validate({**VERDICT, **about})


@pytest.mark.parametrize(
    ("report", "outcome"),
    [
        ({}, "Failed"),
        ({"outcome": "Passed"}, "Passed"),
        ({"outcome": "Passed", "attempt": 7}, "Passed"),
        ({"attempt": 7}, None),
        ({"outcome": "Passed", "inputs": "others"}, None),
    ],
)
def test_a_verdict_on_record_counts_for_what_it_was_asked(report: dict[str, Any], outcome: str | None) -> None:
    found = look(pod("Succeeded"), state=known(**report))
    assert found.outcome == outcome
    assert found.obsolete == ((NAME,) if outcome else ())


WAITING = {"name": "examiner", "state": {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}}
STARTING = {"name": "examiner", "state": {"waiting": {"reason": "ContainerCreating"}}}
COPYING = {"name": "cases-0", "state": {"terminated": {"exitCode": 1}}}


@pytest.mark.parametrize(
    ("phase", "status", "says"),
    [
        ("Failed", ended('{"trouble": "ConfigMap cases does not exist"}'), "ConfigMap cases does not exist"),
        ("Failed", ended(None, reason="OOMKilled"), "OOMKilled"),
        ("Failed", {"reason": "Evicted", "message": "low on memory"}, "low on memory"),
        ("Failed", {"initContainerStatuses": [COPYING]}, "out of the bento's image"),
        ("Succeeded", ended("no JSON"), "without a verdict"),
        ("Succeeded", ended("[1]"), "without a verdict"),
        ("Succeeded", ended('{"outcome": "Perhaps"}'), "without a verdict"),
        ("Pending", {"containerStatuses": [WAITING]}, "ErrImagePull: no such image"),
        ("Pending", {"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/3 nodes"}]}, "0/3 nodes"),
    ],
)
def test_what_keeps_it_from_a_verdict_is_trouble(phase: str, status: dict[str, Any], says: str) -> None:
    found = look(pod(phase, **status))
    assert (found.outcome, found.report) == (None, None)
    assert found.trouble is not None
    assert says in found.trouble


@pytest.mark.parametrize("status", [{}, {"containerStatuses": [STARTING]}])
def test_what_only_takes_its_time_is_no_trouble(status: dict[str, Any]) -> None:
    assert look(pod("Pending", **status)).trouble is None


@pytest.mark.parametrize("status", [ended('{"trouble": "no rows"}'), {"reason": "Evicted"}])
def test_a_pod_without_a_verdict_is_replaced_after_a_while(status: dict[str, Any]) -> None:
    assert look(pod("Failed", **status), now=NOON + timedelta(seconds=5)).obsolete == ()
    assert look(pod("Failed", **status), now=NOON + AGAIN_AFTER).obsolete == (NAME,)


@pytest.mark.parametrize(
    ("tried", "pause"),
    [
        (timedelta(seconds=-1), AGAIN_AFTER),
        (timedelta(seconds=2), AGAIN_AFTER),
        (timedelta(seconds=70), timedelta(seconds=70)),
        (timedelta(hours=3), LONGEST_AGAIN_AFTER),
    ],
)
def test_it_is_left_alone_for_as_long_as_it_was_tried_before(tried: timedelta, pause: timedelta) -> None:
    status = DEPLOYMENT.status
    assert status.candidate is not None
    slot = status.candidate.with_changes(asked_since=NOON - tried)
    asked = DEPLOYMENT.with_changes(status=status.with_changes(candidate=slot))
    failed = pod("Failed", **ended('{"trouble": "no rows"}'))

    def at(now: datetime) -> QualityState:
        return examination_state(asked, STATE, [failed], ROWS, now, ASKED)

    assert at(NOON + pause - timedelta(seconds=1)).obsolete == ()
    found = at(NOON + pause)
    assert found.obsolete == (NAME,)
    assert found.trouble == f"no rows; it is asked again at {NOON + pause:%H:%M:%S} UTC"


def test_one_that_runs_is_waited_for_and_those_of_other_inputs_are_not() -> None:
    found = look(pod("Running"), pod("Running", "fraud-r2-quality-1-old"))
    assert (found.outcome, found.trouble, found.obsolete) == (None, None, ("fraud-r2-quality-1-old",))


def test_one_that_its_node_does_not_end_is_trouble() -> None:
    """The node is dead: the API shows the pod as it was, for ever."""
    running, late = pod("Running", startTime=ENDED), timedelta(seconds=longest_seconds(quality_of(DEPLOYMENT)))
    assert look(running, now=NOON + late).trouble is None
    found = look(running, now=NOON + late + OVERDUE_AFTER)
    assert found.trouble is not None and f"kubectl delete pod {NAME} --force" in found.trouble


def test_one_that_may_take_any_length_of_time_is_waited_for() -> None:
    assert overdue(pod("Running", startTime=ENDED), 10**15, NOON) is None


def quality_of(deployment: ModelDeployment) -> Quality:
    assert deployment.spec.quality is not None
    return deployment.spec.quality


def test_how_far_it_is_is_told() -> None:
    assert look(pod("Running")).message == "it is being asked, 4300 requests so far"


@pytest.mark.parametrize(
    ("log", "count"),
    [
        ("100 requests asked\n200 requests asked\n", 200),
        ("", None),
        ("Traceback (most recent call last):\n", None),
        ("requests asked", None),
        ("many requests asked", None),
    ],
)
def test_the_count_is_in_the_last_line(log: str, count: int | None) -> None:
    assert requests_asked(log) == count


def declaring(**quality: Any) -> ModelDeployment:
    spec = {**DEPLOYMENT.spec.to_dict(), "quality": {**QUALITY, **quality}}
    return parse_deployment({"metadata": {"name": "fraud"}, "spec": spec, "status": DEPLOYMENT.status.to_dict()})


def test_a_verdict_depends_on_the_rows_and_the_questions() -> None:
    def digest(given: ModelDeployment = DEPLOYMENT, edition: str = "7") -> str:
        return inputs_digest(given, STATE.revision, {"cases": edition})

    assert digest() == digest(declaring()) == digest(declaring(report="None"))
    assert len({digest(), digest(edition="8"), digest(declaring(path="/other"))}) == 3


def test_a_verdict_depends_on_stable_where_that_is_asked_too() -> None:
    def digest(stable: str, **quality: Any) -> str:
        deployment = declaring(**quality)
        slot = deployment.status.stable
        assert slot is not None
        status = deployment.status.with_changes(stable=slot.with_changes(revision=stable))
        return inputs_digest(deployment.with_changes(status=status), STATE.revision, ROWS)

    assert digest(R1) == digest("fraud-r0")
    assert digest(R1, compare={"maxChanged": "5%"}) != digest("fraud-r0", compare={"maxChanged": "5%"})


def test_only_a_candidate_that_has_had_no_request_is_asked() -> None:
    world = started()
    states = world.observe().revisions
    assert gated_revision(world.deployment(), states) is None
    world.declare(quality=QUALITY)
    gated = gated_revision(world.deployment(), states)
    assert gated is not None
    assert gated.name == R2
    later = canary()
    later.declare(quality=QUALITY)
    assert gated_revision(later.deployment(), later.observe().revisions) is None


def test_pods_that_are_left_are_known_when_nobody_is_asked() -> None:
    other = {"metadata": {"name": "fraud-r2-abc", "labels": {}}, "status": {"phase": "Running"}}
    assert nothing_examined([other]) is None
    assert nothing_examined([other, pod("Running")]) == QualityState("", "", obsolete=(NAME,))

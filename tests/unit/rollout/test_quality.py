"""No weight before a verdict where spec.quality is declared; and nothing else is ever held up by it."""

from dataclasses import replace
from typing import Any

import pytest

from tandem.rollout.observation import QualityState
from tests.unit.rollout.situations import R1, R2, canary, decided, outcome, rounds, settled, started, starting
from tests.unit.rollout.world import World

QUALITY = {"path": "/predict"}
REPORT = {"outcome": "Failed", "message": "edgeCases: 1 of 9 missed (young)", "asked": 9, "gates": []}
PENDING = QualityState(R2, "digest")
FAILED = replace(PENDING, outcome="Failed", message=REPORT["message"], report=REPORT)
PASSED = replace(PENDING, outcome="Passed", message="passed", report={**REPORT, "outcome": "Passed"})
TROUBLE = replace(PENDING, trouble="ConfigMap cases does not exist or is empty")


def asked(state: QualityState | None, **spec: Any) -> World:
    """b's pods are ready, and this is known of its examination."""
    world = started(**spec)
    world.declare(quality=QUALITY)
    world.make_ready(world.pods())
    world.quality = state
    return world


@pytest.mark.parametrize("state", [None, PENDING, TROUBLE, replace(PASSED, revision=R1)])
def test_there_is_no_weight_before_a_verdict_on_this_very_version(state: QualityState | None) -> None:
    world = asked(state)
    for _ in range(5):
        world.pass_time(600)
        world.favour()
        assert outcome(decided(world), "weight", "candidate", "weights") == {
            "weight": 0,
            "candidate": R2,
            "weights": {R1: 100},
        }


def test_the_examination_is_asked_for_when_enough_pods_are_ready() -> None:
    world = asked(PENDING)
    examination = decided(world).decision.desired.examine
    assert examination is not None
    assert (examination.revision, examination.inputs, examination.candidate) == (R2, "digest", ("10.0.0.1",))
    world.make_unready(world.pods(R2))
    assert decided(world).decision.desired.examine is None


def test_what_has_a_verdict_or_had_weight_is_not_asked_again() -> None:
    assert decided(asked(PASSED)).decision.desired.examine is None
    world = canary()
    world.declare(quality=QUALITY)
    world.quality = PENDING
    found = decided(world)
    assert found.decision.desired.examine is None
    assert outcome(found, "weight") == {"weight": 10}


def test_it_goes_on_once_it_has_passed_and_the_report_is_kept() -> None:
    world = asked(PASSED)
    found = decided(world)
    assert outcome(found, "weight") == {"weight": 10}
    kept = found.decision.revisions[R2].quality
    assert kept is not None and (kept.outcome, kept.inputs, kept.at) == ("Passed", "digest", world.now)


def test_it_is_sent_back_with_the_reason_and_stable_keeps_everything() -> None:
    found = outcome(decided(asked(FAILED)), "rejected", "weights", "told", "messages", "replicas")
    assert found["rejected"] == (R2, "QualityFailed")
    assert found["weights"] == {R1: 100}
    assert "young" in found["messages"]["Stalled"]


def test_without_automatic_rollback_it_is_held_and_a_person_may_promote_it() -> None:
    world = asked(FAILED)
    world.declare(rollback={"automatic": False})
    found = outcome(decided(world), "candidate", "weight", "conditions")
    assert (found["candidate"], found["weight"]) == (R2, 0)
    assert found["conditions"]["Stalled"] == ("True", "QualityFailed")
    world.order(R2, "Promote", "p1")
    for _ in range(8):
        world.kubelet()
        world.make_ready(world.pods())
        world.answer_route()
        decided(world)
    assert outcome(decided(world), "stable") == {"stable": R2}


def test_trouble_is_told_and_rejects_nobody() -> None:
    found = outcome(decided(asked(TROUBLE)), "candidate", "conditions", "waits", "rejected")
    assert found["candidate"] == R2 and found["rejected"] is None
    assert found["conditions"]["Stalled"] == ("True", "QualityUnchecked")
    assert "ConfigMap cases" in found["waits"]


def test_the_first_version_gets_nothing_either() -> None:
    world = starting(quality=QUALITY)
    world.make_ready(world.pods())
    world.quality = QualityState(R1, "digest")
    for _ in range(3):
        assert outcome(decided(world), "weight", "weights", "service", "stable") == {
            "weight": 0,
            "weights": None,
            "service": None,
            "stable": None,
        }
    world.quality = replace(PASSED, revision=R1)
    for _ in range(3):
        world.answer_route()
        decided(world)
    assert outcome(decided(world), "stable", "service") == {"stable": R1, "service": R1}


def test_a_return_is_held_up_by_nothing() -> None:
    world = settled()
    world.declare(quality=QUALITY)
    world.quality = replace(FAILED, revision=R1)
    world.order(R2, "Rollback", "back")
    rounds(world, 2)
    for _ in range(8):
        world.kubelet()
        world.make_ready(world.pods())
        world.answer_route()
        decided(world)
    assert outcome(decided(world), "stable") == {"stable": R1}

"""No weight before a verdict where spec.quality is declared; and nothing else is ever held up by it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.rollout.situations import R1, R2, canary, decided, outcome, rounds, settled, started, starting
from tests.unit.rollout.world import World

QUALITY = {"path": "/predict"}
MISSED = "edgeCases: 1 of 9 missed (young)"


def asked(**spec: Any) -> World:
    """b's pods are ready, and the pod that asks them is there."""
    world = started(**spec)
    world.declare(quality=QUALITY)
    world.make_ready(world.pods())
    decided(world)
    [name] = world.examiners
    assert name.startswith(f"{R2}-quality-1-")
    return world


def answered(verdict: str, **spec: Any) -> World:
    """b has answered, and its verdict is on record."""
    world = asked(**spec)
    world.end_examinations(verdict, MISSED)
    decided(world)
    return world


def trouble(world: World) -> None:
    [name] = world.examiners
    world.end_examination(name, {"trouble": "ConfigMap cases does not exist or is empty"}, "Failed")


def evicted(world: World) -> None:
    [name] = world.examiners
    world.end_examination(name, None, "Failed")


def gone(world: World) -> None:
    world.examiners.clear()


def rows_change(world: World) -> None:
    world.rows_edition += 1


@pytest.mark.parametrize("change", [lambda _: None, trouble, evicted, gone, rows_change])
def test_there_is_no_weight_before_a_verdict(change: Callable[[World], None]) -> None:
    world = asked()
    change(world)
    for _ in range(5):
        world.pass_time(600)
        world.answer_route()
        assert outcome(decided(world), "weight", "candidate", "weights") == {
            "weight": 0,
            "candidate": R2,
            "weights": {R1: 100},
        }


def test_a_verdict_counts_once_it_is_on_record_and_its_pod_goes() -> None:
    world = asked()
    world.end_examinations("Passed", "passed")
    found = decided(world)
    assert outcome(found, "weight", "wake") == {"weight": 0, "wake": 0.0}
    kept = found.decision.revisions[R2].quality
    assert kept is not None and (kept.outcome, kept.attempt, kept.at) == ("Passed", 1, world.now)
    found = decided(world)
    assert outcome(found, "weight") == {"weight": 10}
    assert [each.message for each in found.decision.happenings if each.reason == "QualityPassed"] == [f"{R2}: passed"]
    decided(world)
    assert world.examiners == {}


def test_since_when_it_is_asked_is_noted_until_there_is_a_verdict() -> None:
    world = asked()
    since = world.now
    world.pass_time(10)
    world.make_unready(world.pods(R2))
    asking = decided(world).decision.status.candidate
    assert asking is not None
    assert asking.asked_since == since
    world.make_ready(world.pods(R2))
    world.end_examinations("Passed", "passed")
    rounds(world, 1)
    done = decided(world).decision.status.candidate
    assert done is not None
    assert done.asked_since is None


def test_it_is_asked_when_enough_pods_are_ready() -> None:
    world = started()
    world.declare(quality=QUALITY)
    assert decided(world).decision.desired.examine is None
    world.make_ready(world.pods())
    examination = decided(world).decision.desired.examine
    assert examination is not None
    assert (examination.revision, examination.attempt, examination.candidate) == (R2, 1, ("10.0.0.1",))


def test_it_waits_for_stable_that_is_to_be_compared_with_and_is_not_ready_for_a_moment() -> None:
    world = started()
    world.declare(quality={**QUALITY, "compare": {"maxChanged": "1%"}})
    world.make_unready(world.pods(R1))
    world.make_ready(world.pods(R2))
    assert decided(world).decision.desired.examine is None
    world.make_ready(world.pods(R1))
    examination = decided(world).decision.desired.examine
    assert examination is not None and examination.stable


def test_stable_that_is_down_is_not_waited_for() -> None:
    world = started()
    world.declare(quality={**QUALITY, "compare": {"maxChanged": "1%"}})
    world.make_unready(world.pods(R1))
    world.make_ready(world.pods(R2))
    decided(world)
    world.pass_time(20)
    examination = decided(world).decision.desired.examine
    assert examination is not None and examination.stable == ()


def test_what_had_weight_already_is_not_asked() -> None:
    world = canary()
    world.declare(quality=QUALITY)
    found = decided(world)
    assert found.decision.desired.examine is None
    assert outcome(found, "weight") == {"weight": 10}


def test_it_is_sent_back_with_the_reason_and_stable_keeps_everything() -> None:
    found = outcome(decided(answered("Failed")), "rejected", "weights", "told", "messages")
    assert found["rejected"] == (R2, "QualityFailed")
    assert found["weights"] == {R1: 100}
    assert "young" in found["messages"]["Stalled"]


def test_what_failed_is_asked_again_at_the_next_attempt_only() -> None:
    world = answered("Failed")
    rounds(world, 3)
    assert not any(name.startswith(R2) for name in world.examiners)
    world.order(R2, "Retry", "again")
    rounds(world, 2)
    world.kubelet()
    world.make_ready(world.pods())
    rounds(world, 2)
    [name] = world.examiners
    assert name.startswith(f"{R2}-quality-2-")


def test_changed_rows_are_asked_anew_and_the_older_pod_goes() -> None:
    world = asked()
    [before] = world.examiners
    rows_change(world)
    rounds(world, 2)
    [now] = world.examiners
    assert now != before


def test_a_version_that_passed_and_comes_back_is_not_asked_the_same_again() -> None:
    world = World(quality=QUALITY).run(12)
    world.declare(version="b")
    world.run(20)
    world.pass_time(600)
    world.run(3)
    world.declare(version="a")
    rounds(world, 2)
    world.kubelet()
    world.make_ready(world.pods())
    assert outcome(decided(world), "candidate", "weight") == {"candidate": R1, "weight": 10}
    assert not any("-quality-" in name for name in world.examiners)


def test_without_automatic_rollback_it_is_held_and_a_person_may_promote_it() -> None:
    world = answered("Failed", automatic=False)
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
    world = asked()
    trouble(world)
    found = outcome(decided(world), "candidate", "conditions", "waits", "rejected")
    assert found["candidate"] == R2 and found["rejected"] is None
    assert found["conditions"]["Stalled"] == ("True", "QualityUnchecked")
    assert "ConfigMap cases" in found["waits"]


def test_the_first_version_gets_nothing_either() -> None:
    world = starting(quality=QUALITY)
    world.make_ready(world.pods())
    for _ in range(3):
        assert outcome(decided(world), "weight", "weights", "service", "stable") == {
            "weight": 0,
            "weights": None,
            "service": None,
            "stable": None,
        }
    world.end_examinations("Passed", "passed")
    for _ in range(4):
        world.answer_route()
        decided(world)
    assert outcome(decided(world), "stable", "service") == {"stable": R1, "service": R1}


def test_a_return_is_held_up_by_nothing() -> None:
    world = settled()
    world.declare(quality=QUALITY)
    world.order(R2, "Rollback", "back")
    rounds(world, 2)
    for _ in range(8):
        world.kubelet()
        world.make_ready(world.pods())
        world.answer_route()
        found = decided(world)
        assert found.decision.status.candidate is None or found.decision.desired.examine is None
    assert outcome(decided(world), "stable") == {"stable": R1}


def test_what_serves_is_asked_when_questions_are_declared_and_goes_on_serving() -> None:
    world = settled()
    world.declare(quality=QUALITY)
    asking = decided(world)
    assert outcome(asking, "stable", "candidate", "wake") == {"stable": R2, "candidate": None, "wake": 5.0}
    [name] = world.examiners
    assert name.startswith(f"{R2}-quality-1-")
    world.end_examinations("Failed", MISSED)
    rounds(world, 1)
    found = outcome(decided(world), "stable", "candidate", "weights", "told", "conditions", "messages")
    assert (found["stable"], found["candidate"], found["weights"]) == (R2, None, {R2: 100})
    assert found["told"] == ["QualityMissed"]
    assert found["conditions"]["QualityMissed"] == ("True", "QuestionsMissed")
    assert found["conditions"]["Ready"] == ("True", "Serving")
    assert "young" in found["messages"]["QualityMissed"]
    rounds(world, 1)
    assert world.examiners == {}


def test_the_condition_is_gone_when_what_serves_has_passed_the_changed_questions() -> None:
    world = settled()
    world.declare(quality=QUALITY)
    rounds(world, 1)
    world.end_examinations("Failed", MISSED)
    rounds(world, 3)
    rows_change(world)
    assert "QualityMissed" in outcome(decided(world), "conditions")["conditions"], "what was found last stands"
    world.end_examinations("Passed", "passed")
    rounds(world, 1)
    found = outcome(decided(world), "conditions", "told")
    assert "QualityMissed" not in found["conditions"]
    assert found["told"] == ["QualityPassed"]


def test_what_serves_and_cannot_be_asked_is_not_known() -> None:
    world = settled()
    world.declare(quality=QUALITY)
    rounds(world, 1)
    trouble(world)
    result = decided(world)
    found = outcome(result, "conditions", "wake")
    assert found["conditions"]["QualityMissed"] == ("Unknown", "QualityUnchecked")
    assert found["conditions"]["Ready"] == ("True", "Serving")
    assert found["wake"] == 30.0
    stable = result.decision.status.stable
    assert stable is not None
    assert stable.asked_since is None, "its objectives are looked at meanwhile"
    [name] = world.examiners
    world.pass_time(600)
    rounds(world, 2)
    assert world.examiners[name]["status"]["phase"] == "Running", "it is asked again after a while"


def test_what_was_asked_as_a_candidate_is_not_asked_again_once_it_serves() -> None:
    world = World(quality={**QUALITY, "compare": {"maxChanged": "5%"}}).run(12)
    world.declare(version="b")
    world.run(20)
    world.pass_time(600)
    for _ in range(4):
        world.favour()
        assert decided(world).decision.desired.examine is None
    assert outcome(decided(world), "stable", "fallback") == {"stable": R2, "fallback": None}


def test_a_new_version_is_not_held_up_by_what_serves_being_asked() -> None:
    world = settled()
    world.declare(quality=QUALITY)
    rounds(world, 1)
    world.declare(version="c")
    rounds(world, 2)
    world.kubelet()
    world.make_ready(world.pods())
    rounds(world, 2)
    [name] = world.examiners
    assert name.startswith("fraud-r3-quality-1-")


def test_what_serves_is_not_asked_when_a_new_version_is_declared_with_the_questions() -> None:
    world = settled()
    world.declare(version="c", quality=QUALITY)
    for _ in range(3):
        assert decided(world).decision.desired.examine is None
    assert world.examiners == {}

"""Pods that come after their version's verdict are asked shortly; nothing waits for it, and what is found is told."""

from typing import Any

import pytest

from tandem.api.revision import Smoke
from tandem.cluster.examined import asked_by
from tandem.manifests.smoke import SMOKES_LABEL
from tests.unit.rollout.situations import R1, decided, outcome, rounds
from tests.unit.rollout.world import World

QUALITY = {"path": "/predict"}
WHY = "young: /risk is above 1"


def passed(**spec: Any) -> World:
    """The first version was asked, has passed and serves with two pods; nobody is asked any more."""
    world = World(quality=QUALITY, **spec).run(12)
    assert world.slots.stable is not None and world.slots.stable.revision == R1
    assert smokes(world) == []
    return world


def scaled(replicas: int = 4, before: int = 2) -> World:
    """More pods have come, and are ready."""
    world = passed(replicas=before)
    world.declare(replicas=replicas)
    decided(world)
    more(world)
    return world


def more(world: World) -> None:
    world.kubelet()
    world.make_ready(world.pods())


def smokes(world: World) -> list[dict[str, Any]]:
    return [pod for pod in world.examiners.values() if SMOKES_LABEL in pod["metadata"]["labels"]]


def record(world: World, revision: str = R1) -> Smoke:
    return Smoke.model_validate(world.revisions[revision].status["smoke"])


def uids(world: World, revision: str = R1) -> list[str]:
    return [f"uid-{pod.name}" for pod in world.pods(revision)]


def missed(world: World) -> Any:
    found = decided(world).decision.status.conditions or []
    return next((each for each in found if each.type == "QualityMissed"), None)


def test_the_pods_that_the_gate_asked_are_known_with_its_verdict_and_not_asked_again() -> None:
    world = passed()
    assert sorted(record(world).pods or []) == sorted(uids(world))
    assert decided(world).decision.desired.smoke is None


def test_pods_that_come_later_are_asked_together_beside_one_that_was_asked() -> None:
    world = scaled(6, before=4)
    smoke = decided(world).decision.desired.smoke
    assert smoke is not None
    assert sorted(smoke.pods) == sorted(uids(world)[4:])
    assert smoke.beside_uid in uids(world)[:4]
    world.end_smokes()
    rounds(world, 2)
    assert sorted(record(world).pods or []) == sorted(uids(world))
    assert smokes(world) == []


def test_while_some_are_asked_and_shortly_after_no_others_are() -> None:
    world = scaled()
    decided(world)
    world.declare(replicas=6)
    rounds(world, 1)
    more(world)
    rounds(world, 1)
    assert len(smokes(world)) == 1
    world.end_smokes()
    rounds(world, 2)
    waits = decided(world)
    assert waits.decision.desired.smoke is None
    assert waits.decision.wake_after is not None and 0 < waits.decision.wake_after <= 60
    world.pass_time(60)
    again = decided(world).decision.desired.smoke
    assert again is not None and set(again.pods) == set(uids(world)[4:])


def test_of_very_many_not_all_are_asked_at_once() -> None:
    world = scaled(100)
    smoke = decided(world).decision.desired.smoke
    assert smoke is not None and len(smoke.pods) == 20


def test_pods_that_give_no_answer_do_not_stand_first_in_every_round() -> None:
    world = scaled(8)
    firsts = set()
    for _ in range(6):
        smoke = decided(world).decision.desired.smoke
        assert smoke is not None
        firsts.add(smoke.pods[:3])
        for pod in smokes(world):
            world.end_examination(pod["metadata"]["name"], {"trouble": "none of 4 pods could be asked"}, "Failed")
        rounds(world, 1)
        world.pass_time(121)
        rounds(world, 1)
    assert len(firsts) > 1


@pytest.mark.parametrize(("replicas", "most"), [(3, 2), (4, 2), (7, 3), (8, 4)])
def test_at_most_half_of_the_pods_take_part_and_always_one_is_asked(replicas: int, most: int) -> None:
    """The one that they are compared with takes part: what it counts meanwhile is no evidence either."""
    world = scaled(replicas)
    decided(world)
    [pod] = smokes(world)
    assert len(asked_by(pod)) == most


def test_a_pod_of_what_serves_that_answers_wrongly_is_named_until_it_is_gone() -> None:
    world = scaled(3)
    decided(world)
    bad = world.pods(R1)[2]
    world.end_smokes(WHY)
    found = missed(world)
    assert (found.status, found.reason) == ("True", "PodsMissed")
    assert bad.name in found.message and WHY in found.message and f"kubectl delete pod {bad.name}" in found.message
    assert [each.name for each in record(world).missed or []] == [bad.name]
    assert [each.reason for each in world.happenings].count("QualityMissed") == 1
    for _ in range(3):
        assert missed(world) is not None
    assert [each.reason for each in world.happenings].count("QualityMissed") == 1
    world.workloads[R1].pods.remove(bad)
    assert missed(world) is None
    assert record(world).missed is None


def test_nothing_is_sent_back_or_taken_away_of_what_serves() -> None:
    world = scaled(3)
    decided(world)
    before = uids(world)
    world.end_smokes(WHY)
    found = decided(world)
    assert outcome(found, "weights") == {"weights": {R1: 100}}
    assert found.decision.status.stable is not None and found.decision.status.rejected is None
    rounds(world, 3)
    assert uids(world) == before


def test_a_pod_that_answered_wrongly_is_asked_again_after_some_time_and_may_pass() -> None:
    world = scaled(3)
    decided(world)
    world.end_smokes(WHY)
    rounds(world, 2)
    world.pass_time(598)
    waits = decided(world)
    assert waits.decision.desired.smoke is None
    assert waits.decision.wake_after == 2
    world.pass_time(1)
    assert decided(world).decision.desired.smoke is None
    world.pass_time(1)
    smoke = decided(world).decision.desired.smoke
    assert smoke is not None and list(smoke.pods) == uids(world)[2:]
    world.end_smokes()
    rounds(world, 2)
    assert missed(world) is None


def test_one_that_answered_wrongly_is_asked_again_though_others_keep_coming() -> None:
    world = scaled(3)
    decided(world)
    [bad] = uids(world)[2:]
    world.end_smokes(WHY)
    rounds(world, 2)
    world.pass_time(60)
    assert decided(world).decision.desired.smoke is None, "it alone is left alone for ten minutes"
    world.declare(replicas=9)
    decided(world)
    more(world)
    asked: set[str] = set()
    while bad not in asked:
        smoke = decided(world).decision.desired.smoke
        assert smoke is not None, "all others were asked, and it was not"
        asked |= {*smoke.pods}
        world.end_smokes()
        rounds(world, 2)
        world.pass_time(60)
    assert missed(world) is None


def in_rollout() -> World:
    """Another version is on its way, was asked, gets requests, and more of its pods have just become ready."""
    world = passed(replicas=4)
    world.declare(version="b")
    for _ in range(20):
        world.kubelet()
        world.make_ready(world.pods())
        world.answer_route()
        world.end_examinations("Passed", "passed")
        world.round()
        candidate = world.slots.candidate
        if candidate is not None and candidate.weight > 0:
            break
        world.pass_time(5)
    candidate = world.slots.candidate
    assert candidate is not None and candidate.weight > 0
    world.pass_time(60)
    world.workloads[candidate.revision].replicas = 3
    more(world)
    return world


def test_a_candidate_is_sent_back_for_a_later_pod_that_answers_wrongly() -> None:
    world = in_rollout()
    candidate = world.slots.candidate
    assert candidate is not None
    smoke = decided(world).decision.desired.smoke
    assert smoke is not None and smoke.revision == candidate.revision
    world.end_smokes(WHY)
    found = outcome(decided(world), "rejected", "weights", "messages")
    assert found["rejected"] == (candidate.revision, "QualityFailed")
    assert found["weights"] == {R1: 100}
    assert WHY in found["messages"]["Stalled"] and candidate.revision in found["messages"]["Stalled"]


def test_what_a_person_promoted_is_not_sent_back_for_it() -> None:
    world = in_rollout()
    candidate = world.slots.candidate
    assert candidate is not None
    decided(world)
    world.order(candidate.revision, "Promote", "p")
    world.end_smokes(WHY)
    found = decided(world)
    assert found.decision.status.rejected is None


def test_a_candidate_that_cannot_be_asked_goes_on() -> None:
    world = in_rollout()
    smoke = decided(world).decision.desired.smoke
    assert smoke is not None
    world.end_examination(smoke.name, {"trouble": "none of 1 pods could be asked"}, "Failed")
    world.run(12)
    assert world.slots.stable is not None and world.slots.stable.revision == smoke.revision


def test_that_pods_cannot_be_asked_is_told_only_when_it_lasts() -> None:
    world, found = scaled(3), None
    decided(world)
    for seconds, status in ((0, None), (300, None), (301, "Unknown")):
        world.pass_time(seconds)
        for pod in smokes(world):
            world.end_examination(pod["metadata"]["name"], {"trouble": "no way there"}, "Failed")
        found = missed(world)
        assert (found.status if found is not None else None) == status
        rounds(world, 2)
    assert found is not None
    assert "no way there" in found.message and world.pods(R1)[2].name in found.message


def test_that_pods_cannot_be_asked_does_not_come_and_go_with_each_try() -> None:
    world = scaled(3)
    decided(world)
    world.pass_time(601)
    told = []
    for _ in range(60):
        for pod in smokes(world):
            if pod["status"]["phase"] == "Running":
                world.end_examination(pod["metadata"]["name"], {"trouble": "no way there"}, "Failed")
        for _ in range(3):
            found = missed(world)
            told.append(found.status if found is not None else None)
            world.pass_time(10)
    assert set(told) == {"Unknown"}
    decided(world)
    world.pass_time(121)
    rounds(world, 2)
    world.end_smokes()
    rounds(world, 2)
    assert missed(world) is None


def test_a_pod_that_asks_on_a_node_that_died_asks_nobody_and_is_told_of() -> None:
    """The API shows it as running for ever: what the pods count that it would ask is evidence again."""
    world = scaled(3)
    decided(world)
    [name] = [pod["metadata"]["name"] for pod in smokes(world)]
    assert world.observe().smoke.asked
    assert decided(world).decision.wake_after == 30.0
    world.pass_time(240)
    assert not world.observe().smoke.asked
    world.pass_time(360)
    found = missed(world)
    assert (found.status, found.reason) == ("Unknown", "QualityUnchecked")
    assert f"kubectl delete pod {name} --force" in found.message


def test_a_pod_that_could_not_be_asked_is_asked_again_and_not_at_once() -> None:
    world = scaled(3)
    decided(world)
    [first] = smokes(world)
    world.end_examination(first["metadata"]["name"], None, "Failed")
    rounds(world, 2)
    assert [pod["metadata"]["name"] for pod in smokes(world)] == [first["metadata"]["name"]]
    world.pass_time(120)
    rounds(world, 1)
    assert smokes(world) == []
    rounds(world, 1)
    assert [asked_by(pod) for pod in smokes(world)] == [asked_by(first)]


def test_a_pod_that_goes_while_it_is_asked_is_no_failure() -> None:
    world = scaled(3)
    decided(world)
    world.workloads[R1].pods.pop()
    world.workloads[R1].replicas = 2
    rounds(world, 2)
    assert smokes(world) == []
    assert missed(world) is None


@pytest.mark.parametrize("change", [{"quality": None}, {"quality": {"path": "/predict", "deterministic": False}}])
def test_other_questions_end_it_and_the_full_examination_goes_first(change: dict[str, Any]) -> None:
    world = scaled(3)
    decided(world)
    world.declare(**change)
    rounds(world, 2)
    assert smokes(world) == []
    assert decided(world).decision.desired.smoke is None


def test_a_version_that_has_not_passed_what_is_asked_is_not_asked_shortly() -> None:
    world = scaled(3)
    world.rows_edition += 1
    found = decided(world).decision.desired
    assert found.smoke is None
    assert found.examine is not None
    world.end_examinations("Failed")
    rounds(world, 3)
    assert decided(world).decision.desired.smoke is None

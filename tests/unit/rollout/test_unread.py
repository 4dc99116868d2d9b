"""A version whose metrics cannot be read gets no request: nobody could tell that it is bad."""

import pytest

from tests.unit.rollout.situations import R1, R2, canary, decided, outcome, started, watching
from tests.unit.rollout.world import World, trouble

WHY = trouble("MetricsUnreadable", "metrics of pod fraud-r2-x cannot be read: HTTP 404")


def unread(**spec: object) -> World:
    world = started(**spec)
    world.make_ready(world.pods())
    world.unread = frozenset({R2})
    return world


def test_it_waits_without_weight_and_says_for_what() -> None:
    world = unread()
    world.evidence_trouble = WHY
    decision = decided(world).decision
    assert decision.status.candidate is not None
    assert decision.status.candidate.weight == 0
    assert decision.status.waiting_for is not None
    assert WHY.message in decision.status.waiting_for.what


def test_it_is_stalled_after_a_while_and_stable_keeps_everything() -> None:
    world = unread()
    world.evidence_trouble = WHY
    decided(world)
    world.pass_time(31)
    decision = decided(world).decision
    stalled = next(c for c in decision.status.conditions or [] if c.type == "Stalled")
    assert (stalled.reason, WHY.message in stalled.message) == ("MetricsUnreadable", True)
    assert R2 not in (decision.desired.weights or {})


def test_it_gets_weight_as_soon_as_it_was_read() -> None:
    world = unread()
    assert outcome(decided(world), "weight") == {"weight": 0}
    world.unread = frozenset()
    assert outcome(decided(world), "weight") == {"weight": 10}


def test_a_person_may_promote_it_unseen() -> None:
    world = unread()
    world.order(R2, "Promote", "p1")
    for _ in range(6):
        world.kubelet()
        world.make_ready(world.pods())
        world.answer_route()
        decided(world)
    assert outcome(decided(world), "stable") == {"stable": R2}


def out_of_sight(weight: int = 10) -> World:
    world = canary(weight)
    world.evidence_trouble, world.blind = WHY, frozenset({R2})
    return world


@pytest.mark.parametrize("weight", [10, 50])
def test_it_loses_its_weight_when_it_cannot_be_read_any_more(weight: int) -> None:
    world = out_of_sight(weight)
    found = outcome(decided(world), "weight", "weights", "told", "step", "waits")
    assert (found["weight"], found["weights"], found["told"]) == (0, {R1: 100}, ["WeightChanged"])
    assert WHY.message in found["waits"]
    world.answer_route()
    assert outcome(decided(world), "weight", "told") == {"weight": 0, "told": []}


def test_it_gets_its_weight_back_when_it_can_be_read_again() -> None:
    world = out_of_sight(50)
    decided(world)
    world.answer_route()
    world.evidence_trouble, world.blind = None, frozenset()
    assert outcome(decided(world), "weight", "step") == {"weight": 50, "step": 1}


def test_a_restart_of_the_operator_that_has_not_read_it_yet_takes_nothing_from_it() -> None:
    world = canary()
    world.unread = frozenset({R2})
    assert outcome(decided(world), "weight") == {"weight": 10}


def test_what_a_person_promoted_or_nobody_compares_keeps_its_weight() -> None:
    world = out_of_sight()
    world.order(R2, "Promote", "p1")
    assert outcome(decided(world), "weight")["weight"] != 0
    watched = watching()
    watched.blind = frozenset({R2})
    assert outcome(decided(watched), "stable", "weights") == {"stable": R2, "weights": {R2: 100}}

"""A first version that is sent back after it was given requests: none go to it any more, and its pods stop."""

from typing import Any

import pytest

from tests.unit.rollout.changes import Change, after_a_round, all_ready, deleted, later, restarts
from tests.unit.rollout.checks import check_decision, check_world
from tests.unit.rollout.situations import R1, R2, Situation, canary, decided, outcome, rounds, sent_back, starting
from tests.unit.rollout.world import Luck, World


def given_everything(**spec: Any) -> World:
    """The first version is at 100 %, which the gateway has not accepted yet; the Service points at it."""
    world = starting(**spec)
    world.make_ready(world.pods())
    decided(world)
    assert world.service_target == R1
    return world


def left_alone(world: World) -> None:
    """Time passes, and the gateway takes over what it is given."""
    for _ in range(6):
        world.pass_time(60)
        world.kubelet()
        world.answer_route()
        check_world(world, world.round(check=check_decision))


SENT_BACK: dict[str, Change] = {
    "a person aborts it": lambda world: world.order(R1, "Abort", "no"),
    "its pods restart": restarts(R1, 3),
}


@pytest.mark.parametrize("gateway", [True, False])
@pytest.mark.parametrize("change", list(SENT_BACK.values()), ids=list(SENT_BACK))
def test_a_first_version_that_is_sent_back_gets_nothing_and_stops(change: Change, gateway: bool) -> None:
    world = given_everything(gateway=gateway)
    change(world)
    result = decided(world)
    assert outcome(result, "stable", "candidate", "phase") == {"stable": None, "candidate": None, "phase": "Failed"}
    assert (world.route.weights if world.route else {}, world.service_target) == ({}, None)
    left_alone(world)
    assert outcome(decided(world), "replicas", "wake") == {"replicas": {R1: 0}, "wake": None}
    assert world.pods() == []


def test_its_pods_go_on_while_the_gateway_may_still_send_them_requests() -> None:
    world = given_everything()
    world.order(R1, "Abort", "no")
    decided(world)
    world.pass_time(3600)
    assert outcome(decided(world), "replicas") == {"replicas": {R1: 2}}


LATER: dict[str, Change] = {
    "it is tried again": lambda world: world.order(R1, "Retry", "again"),
    "another version is declared": lambda world: world.declare(version="b"),
}


@pytest.mark.parametrize("gateway", [True, False])
@pytest.mark.parametrize("change", list(LATER.values()), ids=list(LATER))
def test_what_comes_after_it_serves(change: Change, gateway: bool) -> None:
    world = given_everything(gateway=gateway)
    world.order(R1, "Abort", "no")
    decided(world)
    left_alone(world)
    change(world)
    world.run(12)
    declared = world.declared
    assert declared is not None
    assert outcome(decided(world), "stable", "service", "phase") == {
        "stable": declared,
        "service": declared,
        "phase": "Serving",
    }
    assert world.route is None or world.route.weights == {declared: 100}


@pytest.mark.parametrize("crash", range(4))
def test_it_gets_nothing_whatever_crashes(crash: int) -> None:
    world = given_everything()
    world.order(R1, "Abort", "no")
    world.round(Luck(crash_before=crash))
    world.declare(version="b")
    rounds(world, 3)
    assert world.route is not None
    assert (world.route.weights, world.service_target) == ({}, None)


LEFT: dict[str, tuple[Situation, Change, dict[str, int]]] = {
    "another one is declared: it is not to blame": (
        given_everything,
        lambda world: world.declare(version="b"),
        {R1: 100},
    ),
    "stable is deleted: nobody was sent back": (canary, deleted(R1), {R1: 90, R2: 10}),
    "there is a stable version": (sent_back, later(60), {R1: 100}),
    "it is tried, and ready": (starting, after_a_round(all_ready, later(5)), {R1: 100}),
}


@pytest.mark.parametrize(("situation", "change", "weights"), list(LEFT.values()), ids=list(LEFT))
def test_a_route_is_emptied_only_of_what_was_sent_back(
    situation: Situation, change: Change, weights: dict[str, int]
) -> None:
    world = situation()
    change(world)
    rounds(world, 3)
    assert world.route is not None
    assert world.route.weights == weights


def test_what_was_sent_back_gets_nothing_where_stable_is_deleted() -> None:
    """Its share of a route that was not written yet is not what it gets for good."""
    world = canary()
    world.order(R2, "Abort", "no")
    world.round(Luck(crash_before=1))
    world.delete_revision(R1)
    rounds(world, 2)
    assert world.route is not None
    assert (world.route.weights, world.service_target) == ({}, R1)

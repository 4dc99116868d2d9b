"""A rollout under any bad luck ends as it does without: crashes between any two writes, failing writes, stale views."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.judge import VerdictKind
from tests.unit.rollout.checks import check_decision
from tests.unit.rollout.profiles import STORIES
from tests.unit.rollout.situations import BAD, R1, R2, canary, outcome, returning, serving, watching
from tests.unit.rollout.world import Luck, World, verdict_of

lucks = st.builds(
    Luck,
    crash_before=st.one_of(st.none(), st.integers(0, 9)),
    failing=st.one_of(st.just(frozenset()), st.frozensets(st.integers(0, 9), max_size=4)),
    conflict=st.booleans(),
    stale=st.booleans(),
    shuffle=st.one_of(st.none(), st.integers(0, 5)),
)


def begun() -> World:
    world = serving()
    world.declare(version="b")
    return world


def bad_canary() -> World:
    """Every verdict on b from now on is that it is bad."""
    world = canary()
    world.judge(BAD)
    return world


def bad_watched() -> World:
    world = watching()
    world.judge(BAD)
    return world


def ordered_back() -> World:
    world = watching()
    world.order(R2, "Rollback", "1")
    return world


STORIES_TOLD: dict[str, tuple[Callable[[], World], dict[str, object]]] = {
    "a better version": (begun, {"stable": R2, "candidate": None, "rejected": None}),
    "a bad version": (bad_canary, {"stable": R1, "candidate": None, "rejected": (R2, "TooManyErrors")}),
    "a bad version, found out late": (
        bad_watched,
        {"stable": R1, "candidate": None, "rejected": (R2, "TooManyErrors")},
    ),
    "ordered back": (ordered_back, {"stable": R1, "candidate": None, "rejected": (R2, "RolledBackByPerson")}),
    "a return": (returning, {"stable": R1, "candidate": None, "rejected": (R2, "RolledBackByPerson")}),
}


@pytest.mark.parametrize(("situation", "expected"), list(STORIES_TOLD.values()), ids=list(STORIES_TOLD))
@given(luck=st.lists(lucks, min_size=1, max_size=25))
@STORIES
def test_bad_luck_changes_nothing_in_the_end(
    situation: Callable[[], World], expected: dict[str, object], luck: list[Luck]
) -> None:
    world = situation()
    for each in luck:
        world.round(each, check_decision)
        _goes_on(world, 7)
    for _ in range(12):
        world.round(check=check_decision)
        _goes_on(world, 31)
    result = world.round(check=check_decision)
    assert outcome(result, *expected) == expected
    assert world.route is not None
    assert {name: weight for name, weight in world.route.weights.items() if weight} == {expected["stable"]: 100}
    assert world.service_target == expected["stable"]
    reasons = [happening.reason for happening in world.happenings]
    assert reasons.count("RolledBack") <= 1
    assert reasons.count("Promoted") <= 3


def _goes_on(world: World, seconds: int) -> None:
    """Pods and gateway do what they should; the judge keeps to what it said, and else is content."""
    world.kubelet()
    world.make_ready(world.pods())
    world.answer_route()
    if world.subject() not in world.moods:
        world.judge(verdict_of(VerdictKind.ADVANCE))
    world.pass_time(seconds)


@pytest.mark.parametrize("crash", range(9))
@pytest.mark.parametrize("phase", range(8))
def test_a_crash_at_any_write_of_any_round_of_a_rollout(phase: int, crash: int) -> None:
    world = begun()
    for number in range(20):
        world.favour()
        world.round(Luck(crash_before=crash) if number == phase else Luck(), check_decision)
    assert outcome(world.round(check=check_decision), "stable", "fallback") == {"stable": R2, "fallback": R1}

"""ObjectiveMissed: told when it is no chance, over when it is kept again, and without any other effect."""

from dataclasses import replace
from typing import Any

import pytest

from tandem.judge import Counts
from tandem.rollout.decide import decide
from tandem.rollout.objectives import REFRESH_SECONDS, missed
from tandem.rollout.observation import Watched
from tests.unit.rollout.situations import R1, R2, canary, serving, watching
from tests.unit.rollout.world import World

ERRORS, SLOW = "errors", "latency-p99-150ms"
SHARES = {ERRORS: 0.001, SLOW: 0.01}
REQUIREMENTS = {"availability": "99.9%", "latency": {"p99": "150ms"}}


@pytest.mark.parametrize(
    ("errors", "slow", "was_missed", "expected"),
    [
        pytest.param(Counts(), Counts(), False, (), id="no-requests"),
        pytest.param(Counts(20, 1), Counts(20), False, (), id="one-of-twenty-proves-nothing"),
        pytest.param(Counts(12_400, 10), Counts(12_400, 100), False, (), id="kept"),
        pytest.param(Counts(12_400, 15), Counts(12_400), False, (), id="a-little-more-by-chance"),
        pytest.param(Counts(12_400, 84), Counts(12_400), False, (ERRORS,), id="too-many-errors"),
        pytest.param(Counts(12_400), Counts(12_400, 400), False, (SLOW,), id="too-slow"),
        pytest.param(Counts(100, 100), Counts(100, 100), False, (ERRORS, SLOW), id="nothing-works"),
        pytest.param(Counts(12_400, 15), Counts(12_400), True, (ERRORS,), id="not-over-yet"),
        pytest.param(Counts(12_400, 12), Counts(12_400), True, (), id="over"),
        pytest.param(Counts(), Counts(), True, (), id="nobody-asks-any-more"),
    ],
)
def test_the_rule(errors: Counts, slow: Counts, was_missed: bool, expected: tuple[str, ...]) -> None:
    assert missed(SHARES, {ERRORS: errors, SLOW: slow}, was_missed) == expected


def watched(errors: Counts, revision: str = R1, **more: Any) -> Watched:
    told: dict[str, Any] = {"lately": {}, "seconds": 3600.0, "silent": 5.0, **more}
    return Watched(revision, {ERRORS: errors, SLOW: Counts(errors.total)}, **told)


BAD, GOOD, FEW = Counts(12_400, 84), Counts(12_400, 1), Counts(20, 1)


def told(world: World) -> tuple[str, str, str] | None:
    """Return the condition after a round."""
    world.round()
    found = [each for each in world.slots.conditions or [] if each.type == "ObjectiveMissed"]
    return (found[0].status, found[0].reason, found[0].message) if found else None


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        pytest.param(None, watched(BAD), "True", id="missed"),
        pytest.param(None, watched(GOOD), None, id="kept"),
        pytest.param(None, None, None, id="nobody-has-looked"),
        pytest.param(None, watched(BAD, R2), None, id="of-another-version"),
        pytest.param(watched(BAD), watched(GOOD), None, id="kept-again"),
        pytest.param(watched(BAD), None, "True", id="a-restart-forgets-nothing"),
        pytest.param(watched(BAD), watched(GOOD, seconds=20.0), "True", id="too-soon-after-a-restart"),
        pytest.param(watched(BAD), watched(GOOD, silent=301.0), "True", id="nobody-can-read-it"),
        pytest.param(watched(BAD), watched(FEW), "True", id="not-shown-to-be-kept"),
        pytest.param(watched(BAD, seconds=20.0), watched(BAD, seconds=40.0), "True", id="goes-on-from-the-start"),
        pytest.param(None, watched(GOOD, edgeless=(SLOW,)), "Unknown", id="no-edge"),
        pytest.param(None, watched(BAD, edgeless=(SLOW,)), "True", id="missed-and-no-edge"),
        pytest.param(None, watched(GOOD, edgeless=("latency-p50-1s",)), None, id="no-edge-that-anybody-needs"),
    ],
)
def test_the_condition(before: Watched | None, now: Watched | None, expected: str | None) -> None:
    world = serving(requirements=REQUIREMENTS)
    world.watched = before
    told(world)
    world.watched = now
    found = told(world)
    assert (found[0] if found else None) == expected


def test_the_message_says_how_much_and_whose_side_acts() -> None:
    world = serving(requirements=REQUIREMENTS)
    world.watched = watched(BAD, lately={ERRORS: Counts(1_030, 3)})
    assert told(world) == (
        "True",
        "AvailabilityMissed",
        (
            "in the last hour fraud-r1 failed 84 of 12,400 requests (0.68%, and 0.1% may), in its last 5 minutes 3 of "
            "1,030. No version is sent back for it. It is for engineering (payments) to act: nothing of the version "
            "has changed since it was promoted: look at its pods, its load and what it calls"
        ),
    )
    slow = {ERRORS: Counts(12_400), SLOW: Counts(12_400, 400)}
    world.watched = replace(watched(GOOD), hour=slow)
    found = told(world)
    assert found is not None and found[1] == "LatencyMissed"
    assert "fraud-r1 took longer than 150ms for 400 of 12,400 requests (3.23%, and 1% may)" in found[2]


def test_the_judge_alone_speaks_in_the_watch_window_and_a_canary_hides_nothing() -> None:
    world = watching(requirements=REQUIREMENTS)
    world.watched = watched(BAD, R2)
    assert told(world) is None
    world = canary(requirements=REQUIREMENTS)
    world.watched = watched(BAD)
    assert told(world) is not None


@pytest.mark.parametrize("situation", [serving, canary])
def test_it_changes_nothing_else(situation: Any) -> None:
    world: World = situation(requirements=REQUIREMENTS)
    world.watched = watched(GOOD)
    kept = decide(world.deployment(), world.observe(), world.now)
    world.watched = watched(BAD)
    gone = decide(world.deployment(), world.observe(), world.now)
    assert "ObjectiveMissed" in {each.type for each in gone.status.conditions or []}
    rest = [each for each in gone.status.conditions or [] if each.type != "ObjectiveMissed"]
    assert gone.status.with_changes(conditions=rest) == kept.status
    assert (gone.desired, gone.happenings, gone.revisions) == (kept.desired, kept.happenings, kept.revisions)
    assert gone.wake_after is not None and gone.wake_after <= REFRESH_SECONDS


def test_changing_an_objective_judges_the_running_version_and_starts_no_rollout() -> None:
    world = serving(requirements={"availability": "99%"})
    world.watched = watched(BAD)
    assert told(world) is None
    before = world.slots
    world.requirements = {"availability": "99.9%"}
    world.generation += 1
    found = told(world)
    assert found is not None and found[:2] == ("True", "AvailabilityMissed")
    after = world.slots
    assert (after.stable.revision if after.stable else None) == R1
    assert (after.candidate, after.last_revision, after.phase) == (None, before.last_revision, "Serving")
    world.requirements = {"availability": "99%"}
    world.generation += 1
    assert told(world) is None
    world.requirements = {}
    world.generation += 1
    assert told(world) is None


def test_relaxing_an_objective_counts_at_once_however_short_it_was_watched() -> None:
    world = serving(requirements=REQUIREMENTS)
    world.watched = watched(BAD, seconds=20.0)
    assert told(world) is not None
    world.requirements = {"availability": "99%"}
    world.generation += 1
    assert told(world) is None


def test_what_was_told_of_a_version_is_not_said_of_its_successor() -> None:
    world = canary(requirements=REQUIREMENTS, watch="0s")
    world.watched = watched(BAD)
    assert told(world) is not None
    for _ in range(12):
        world.favour()
        world.round()
    assert (world.slots.stable.revision if world.slots.stable else None, world.slots.fallback) == (R2, None)
    assert told(world) is None

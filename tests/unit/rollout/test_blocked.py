"""While the spec cannot be read as a version, nobody knows whether it still declares the one that is being tried."""

from functools import partial
from typing import Any

import pytest

from tandem.judge import VerdictKind
from tests.unit.rollout.changes import Change, after_a_round, after_change, all_ready, both, later, ready, says, unready
from tests.unit.rollout.situations import R1, R2, Situation, canary, decided, outcome, returning, started, starting
from tests.unit.rollout.world import World, trouble

MISSING = "ConfigMap limits does not exist; create it"


def blocked(world: World) -> None:
    world.blocked = trouble("ConfigMapMissing", MISSING)


def readable(world: World) -> None:
    world.blocked = None


def promote(world: World) -> None:
    world.order(R2, "Promote", "1")


ROWS: dict[str, tuple[Situation, Change, dict[str, Any]]] = {
    "it keeps its weight and goes no further": (
        canary,
        both(blocked, says(VerdictKind.ADVANCE), later(3600), all_ready),
        {"candidate": R2, "weight": 10, "step": 0, "told": [], "weights": {R1: 90, R2: 10}},
    ),
    "and that is said": (
        canary,
        blocked,
        {
            "phase": "Stalled",
            "conditions": {
                "Available": ("True", "StableServes"),
                "Ready": ("False", "ConfigMapMissing"),
                "Stalled": ("True", "ConfigMapMissing"),
            },
            "waits": f"a correction: {MISSING}; until then {R2} stays at 10 %, and can still be sent back",
        },
    ),
    "it goes on once the spec can be read": (
        lambda: after_change(canary(), both(blocked, says(VerdictKind.ADVANCE), later(3600))),
        readable,
        {"candidate": R2, "step": 1, "told": ["StepPassed"]},
    ),
    "it gets no first weight": (
        started,
        both(all_ready, blocked),
        {"candidate": R2, "weight": 0, "weights": {R1: 100}},
    ),
    "past its last step it does not get everything": (
        lambda: after_change(
            canary(30, replicas=4, steps=[{"weight": 30}]), both(says(VerdictKind.ADVANCE), later(30))
        ),
        both(blocked, all_ready),
        {"weight": 30, "step": 1},
    ),
    "with everything it is not promoted": (
        lambda: after_change(started(steps=[]), all_ready),
        both(World.answer_route, blocked),
        {"stable": R1, "candidate": R2, "weight": 100, "service": R1},
    ),
    "evidence sends it back": (
        canary,
        both(blocked, says(VerdictKind.ROLL_BACK)),
        {"candidate": None, "rejected": (R2, "TooManyErrors"), "weights": {R1: 100}, "stable": R1},
    ),
    "time alone does not": (
        partial(canary, max_duration="2h", when_undecided="RollBack"),
        both(blocked, says(VerdictKind.UNDECIDED), later(7200)),
        {"candidate": R2, "weight": 10},
    ),
    "lost pods lower its weight": (canary, both(blocked, unready(R2)), {"candidate": R2, "weight": 0}),
    "a person may promote it by name": (
        canary,
        after_a_round(both(blocked, promote), all_ready, World.answer_route),
        {"stable": R2, "candidate": None},
    ),
    "a return that a person ordered goes on": (
        returning,
        after_a_round(both(blocked, all_ready), World.answer_route),
        {"stable": R1, "candidate": None},
    ),
    "the first version goes on: nobody else serves": (
        starting,
        after_a_round(both(blocked, all_ready), World.answer_route),
        {"stable": R1, "weights": {R1: 100}},
    ),
    "it takes over from a stable version that is down": (
        started,
        after_a_round(both(blocked, unready(R1)), both(later(20), ready(R2, 1))),
        {"candidate": R2, "weight": 100},
    ),
}


@pytest.mark.parametrize(("situation", "change", "expected"), list(ROWS.values()), ids=list(ROWS))
def test_a_spec_that_cannot_be_read(situation: Situation, change: Change, expected: dict[str, Any]) -> None:
    world = situation()
    change(world)
    assert outcome(decided(world), *expected) == expected

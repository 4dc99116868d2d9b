"""What ends a step, and what becomes of a rollout that evidence does not settle in time."""

from functools import partial
from typing import Any

import pytest

from tandem.judge import VerdictKind
from tests.unit.rollout.changes import (
    Change,
    after_a_round,
    after_change,
    all_ready,
    both,
    declares,
    later,
    nothing,
    ready,
    says,
    unready,
)
from tests.unit.rollout.situations import R1, R2, Situation, canary, decided, outcome, started
from tests.unit.rollout.world import Luck, World, trouble, verdict_of

ADVANCE, HOLD, ROLL_BACK, UNDECIDED = (
    VerdictKind.ADVANCE,
    VerdictKind.HOLD,
    VerdictKind.ROLL_BACK,
    VerdictKind.UNDECIDED,
)
SAID = "3 of 100 requests failed"
GENTLE: list[dict[str, Any]] = [{"weight": 10}, {"weight": 30}]
TO_EVERYTHING: list[dict[str, Any]] = [{"weight": 10}, {"weight": 100, "hold": "1m"}]
by_time = partial(canary, pace="Time")
at_everything = partial(canary, 100, steps=TO_EVERYTHING)
limited = partial(canary, max_duration="2h")
promoting = partial(canary, max_duration="2h", when_undecided="Promote")
returning = partial(canary, max_duration="2h", when_undecided="RollBack")
TOO_LATE = 7200


def unseen(reason: str = "MetricsUnreadable") -> Change:
    return lambda world: setattr(world, "evidence_trouble", trouble(reason, "pod x: 403 on /metrics"))


def unread(world: World) -> None:
    world.unread = frozenset({R2})


def ordered(verb: str, id_: str) -> Change:
    return lambda world: world.order(R2, verb, id_)


def stalled(reason: str, message: str) -> dict[str, Any]:
    return {"phase": "Stalled", "stalled": (reason, message)}


ROWS: dict[str, tuple[Situation, Change, dict[str, Any]]] = {
    # ---------------------------------------------------------------- by time
    "by time: the hold time is waited for": (
        by_time,
        both(says(UNDECIDED), later(29)),
        {"step": 0, "waits": "the hold time at 10 %: until 12:06:42Z"},
    ),
    "by time: the step ends with it, and that is marked": (
        by_time,
        both(says(UNDECIDED), later(30)),
        {
            "step": 1,
            "told": ["StepPassed"],
            "unproven": f"it passed 10 % by its hold time alone: {SAID}",
            "event": f"{R2} passed 10 % without evidence, by its hold time alone: {SAID}",
        },
    ),
    "by time: a step that evidence speaks for is not marked": (
        by_time,
        both(says(ADVANCE), later(30)),
        {"step": 1, "unproven": None, "event": f"{R2} passed 10 %: {SAID}"},
    ),
    "by time: suspicion holds": (
        by_time,
        both(says(HOLD), later(3600)),
        {"step": 0, "weight": 10, "waits": f"evidence at 10 %: {SAID}"},
    ),
    "by time: evidence sends back": (by_time, says(ROLL_BACK), {"rejected": (R2, "TooManyErrors")}),
    "by time: nobody passes unseen": (
        by_time,
        both(says(UNDECIDED), unseen(), later(3600)),
        {"step": 0, "waits": f"evidence at 10 %: {SAID} (pod x: 403 on /metrics)"},
    ),
    "by time: nobody passes whose counters were not read yet": (
        by_time,
        both(says(UNDECIDED), unread, later(3600)),
        {"step": 0, "told": []},
    ),
    "by time: an objective that is not compared holds nobody up": (
        by_time,
        both(says(UNDECIDED), unseen("EdgeMissing"), later(30)),
        {"step": 1},
    ),
    "by time: what turns suspicious after its last step does not get everything": (
        lambda: after_change(by_time(30, replicas=4, steps=GENTLE), both(says(UNDECIDED), later(30))),
        both(all_ready, says(HOLD)),
        {"step": 2, "weight": 30, "waits": f"evidence at 30 %: {SAID}", "phase": "Promoting"},
    ),
    "by time: what has passed gets everything": (
        lambda: after_change(by_time(50), both(says(UNDECIDED), later(30))),
        after_a_round(both(all_ready, says(UNDECIDED)), World.answer_route),
        {
            "stable": R2,
            "stable unproven": f"it passed 50 % by its hold time alone: {SAID}",
            "records": {R1: ("Fallback", "Watching"), R2: ("Serving", "Promoted")},
        },
    ),
    # ---------------------------------------------------------------- a last step of 100
    "at everything: the hold time is waited for": (
        at_everything,
        both(says(ADVANCE), later(59)),
        {"stable": R1, "candidate": R2, "weight": 100, "step": 1, "phase": "RollingOut"},
    ),
    "at everything: evidence is waited for, and stable keeps its size": (
        at_everything,
        both(says(UNDECIDED), later(3600)),
        {
            "stable": R1,
            "weights": {R2: 100},
            "service": R1,
            "replicas": {R1: 2, R2: 2},
            "waits": f"evidence at 100 %: {SAID}",
        },
    ),
    "at everything: suspicion holds": (at_everything, both(says(HOLD), later(3600)), {"stable": R1, "step": 1}),
    "at everything: sent back": (at_everything, says(ROLL_BACK), {"weights": {R1: 100}, "stable": R1, "step": None}),
    "at everything: lost pods lower the weight": (at_everything, ready(R2, 1), {"weight": 33, "step": 1}),
    "at everything: then promoted": (
        at_everything,
        both(says(ADVANCE), later(60)),
        {"stable": R2, "fallback": R1, "told": ["StepPassed", "Promoted"], "stable unproven": None},
    ),
    "at everything: a person promotes": (
        at_everything,
        ordered("Promote", "1"),
        {
            "stable": R2,
            "told": [
                "DecisionObserved",
                "Promoted",
            ],
        },
    ),
    "at everything: by time": (
        partial(at_everything, pace="Time"),
        both(says(UNDECIDED), later(60)),
        {"stable": R2, "stable unproven": f"it passed 100 % by its hold time alone: {SAID}"},
    ),
    # ---------------------------------------------------------------- undecided for too long: held
    "not yet too long": (limited, both(says(UNDECIDED), later(TOO_LATE - 1)), {"phase": "RollingOut", "stalled": None}),
    "too long: held, and a person is asked": (
        limited,
        both(says(UNDECIDED), later(TOO_LATE)),
        {
            "weight": 10,
            "told": [],
            "waits": f"a person: {R2} is undecided after 2h: {SAID}; Promote lets it pass, Abort sends it back",
            **stalled("Undecided", f"{R2} is undecided after 2h: {SAID}; Promote lets it pass, Abort sends it back"),
        },
    ),
    "too long and suspicious: held": (limited, both(says(HOLD), later(TOO_LATE)), {"weight": 10, "phase": "Stalled"}),
    "too long and unseen: held, and why is said": (
        limited,
        both(says(UNDECIDED), unseen(), later(TOO_LATE)),
        stalled(
            "Undecided",
            f"{R2} is undecided after 2h: {SAID} (pod x: 403 on /metrics); Promote lets it pass, Abort sends it back",
        ),
    ),
    "too long: evidence that comes after all still counts": (
        limited,
        after_a_round(both(says(UNDECIDED), later(TOO_LATE)), says(ADVANCE)),
        {"step": 1, "stalled": None, "unproven": None},
    ),
    "too long counts from the first weight, not from the start": (
        lambda: after_change(started(max_duration="2h"), later(TOO_LATE)),
        after_a_round(all_ready, both(World.answer_route, says(UNDECIDED)), later(TOO_LATE - 1)),
        {"weight": 10, "stalled": None},
    ),
    "too long counts over all steps": (
        lambda: after_change(limited(), both(says(ADVANCE), later(TOO_LATE - 1), all_ready)),
        after_a_round(all_ready, World.answer_route, both(says(UNDECIDED), later(1))),
        {"step": 1, "phase": "Stalled"},
    ),
    "too long counts on where pods are lost": (
        lambda: after_change(limited(), both(says(UNDECIDED), unready(R2))),
        after_a_round(
            both(World.answer_route, later(TOO_LATE - 20), all_ready), later(10), World.answer_route, later(10)
        ),
        {"weight": 10, "phase": "Stalled"},
    ),
    "too long, and no node for the pods: that is what is said": (
        lambda: after_change(limited(), unready(R2)),
        both(lambda world: world.make_unready(world.pods(R2), trouble()), later(TOO_LATE)),
        stalled("Unschedulable", "no node takes it"),
    ),
    "paused: nothing becomes of it by time": (
        lambda: after_change(returning(), ordered("Pause", "1")),
        both(says(UNDECIDED), later(TOO_LATE)),
        {"candidate": R2, "phase": "Paused", "stalled": None},
    ),
    "resumed: its time begins anew": (
        lambda: after_change(returning(), ordered("Pause", "1")),
        after_a_round(both(says(UNDECIDED), later(TOO_LATE), ordered("Resume", "2")), later(TOO_LATE - 1)),
        {"candidate": R2, "phase": "RollingOut"},
    ),
    "resumed: and ends": (
        lambda: after_change(returning(), ordered("Pause", "1")),
        after_a_round(both(says(UNDECIDED), later(TOO_LATE), ordered("Resume", "2")), later(TOO_LATE)),
        {"rejected": (R2, "Undecided")},
    ),
    "too long by time: what the hold time ends is not undecided": (
        partial(by_time, steps=[{"weight": 10, "hold": "3h"}], max_duration="2h", when_undecided="RollBack"),
        both(says(UNDECIDED), later(TOO_LATE)),
        {"candidate": R2, "waits": "the hold time at 10 %: until 15:06:12Z"},
    ),
    "too long by time: suspicion is": (
        partial(by_time, max_duration="2h", when_undecided="RollBack"),
        both(says(HOLD), later(TOO_LATE)),
        {"rejected": (R2, "Undecided")},
    ),
    # ---------------------------------------------------------------- undecided for too long: promoted
    "too long: it passes, with full size first": (
        partial(promoting, replicas=4),
        both(says(UNDECIDED), later(TOO_LATE)),
        {
            "weight": 10,
            "replicas": {R1: 4, R2: 4},
            "phase": "Promoting",
            "told": ["Undecided"],
            "event": f"{R2} is undecided after 2h: {SAID}; it passes without evidence",
            "unproven": f"undecided after 2h: {SAID}",
            "waits": f"pods of {R2} for 100 %: 1 of 4 ready",
        },
    ),
    "too long: it is promoted, and marked": (
        promoting,
        after_a_round(both(says(UNDECIDED), later(TOO_LATE)), both(all_ready, says(UNDECIDED)), World.answer_route),
        {
            "stable": R2,
            "fallback": R1,
            "told": ["Promoted"],
            "event": f"{R2} serves everything without evidence: undecided after 2h: {SAID}, before it {R1}",
            "stable unproven": f"undecided after 2h: {SAID}",
            "record": f"serves everything without evidence: undecided after 2h: {SAID}",
        },
    ),
    "too long, evidence speaks for it: step by step": (
        promoting,
        both(says(ADVANCE), later(TOO_LATE)),
        {"step": 1, "unproven": None, "told": ["StepPassed"]},
    ),
    "too long and suspicious: not promoted": (
        promoting,
        both(says(HOLD), later(TOO_LATE)),
        {
            "weight": 10,
            "step": 0,
            "unproven": None,
            **stalled(
                "Undecided",
                f"{R2} does not pass without evidence, since it is suspicious: {SAID}; "
                "Promote lets it pass, Abort sends it back",
            ),
        },
    ),
    "too long and unseen: not promoted": (
        promoting,
        both(says(UNDECIDED), unseen(), later(TOO_LATE)),
        stalled(
            "Undecided",
            f"{R2} does not pass without evidence, since it cannot be seen: pod x: 403 on /metrics; "
            "Promote lets it pass, Abort sends it back",
        ),
    ),
    "passed and then suspicious: not promoted": (
        promoting,
        after_a_round(both(says(UNDECIDED), later(TOO_LATE)), both(all_ready, says(HOLD))),
        {"stable": R1, "weight": 10, "phase": "Stalled"},
    ),
    "passed, has everything, and then suspicious: not promoted": (
        promoting,
        after_a_round(
            both(says(UNDECIDED), later(TOO_LATE)),
            both(all_ready, says(UNDECIDED)),
            both(World.answer_route, says(HOLD)),
        ),
        {"stable": R1, "weight": 100, "phase": "Stalled"},
    ),
    "passed, and then bad: sent back": (
        promoting,
        after_a_round(both(says(UNDECIDED), later(TOO_LATE)), says(ROLL_BACK)),
        {"stable": R1, "rejected": (R2, "TooManyErrors"), "weights": {R1: 100}},
    ),
    "passed, then suspicious: a person's word counts": (
        promoting,
        after_a_round(
            both(says(UNDECIDED), later(TOO_LATE)),
            both(all_ready, says(HOLD)),
            ordered("Promote", "1"),
            World.answer_route,
        ),
        {"stable": R2, "stable unproven": None},
    ),
    # ---------------------------------------------------------------- undecided for too long: sent back
    "too long: sent back, with the numbers": (
        returning,
        both(says(UNDECIDED), later(TOO_LATE)),
        {
            "rejected": (R2, "Undecided"),
            "weights": {R1: 100},
            "event": f"{R2} was sent back at 10 %: undecided after 2h: {SAID}; {R1} serves everything",
            "phase": "RolledBack",
        },
    ),
    "too long and suspicious: sent back": (
        returning,
        both(says(HOLD), later(TOO_LATE)),
        {"rejected": (R2, "Undecided")},
    ),
    "too long: what was sent back for it is remembered": (
        returning,
        after_a_round(both(says(UNDECIDED), later(TOO_LATE)), later(3600)),
        {"candidate": None, "rejected": (R2, "Undecided"), "told": []},
    ),
    "a time beyond the calendar is not up": (
        partial(canary, max_duration="9999999999d", when_undecided="RollBack"),
        both(says(UNDECIDED), later(TOO_LATE)),
        {"candidate": R2, "rejected": None},
    ),
    "too long, evidence speaks for it: not sent back": (
        returning,
        both(says(ADVANCE), later(TOO_LATE)),
        {"candidate": R2, "rejected": None, "step": 1},
    ),
    "too long, rollback is not automatic: held": (
        partial(returning, automatic=False),
        both(says(UNDECIDED), later(TOO_LATE)),
        {"candidate": R2, **stalled("Undecided", f"undecided after 2h: {SAID}")},
    ),
    "too long, on the way to everything by a person's word: promoted": (
        returning,
        after_a_round(ordered("Promote", "1"), both(says(UNDECIDED), later(TOO_LATE), all_ready), World.answer_route),
        {"stable": R2},
    ),
    "past its last step, waiting for pods: no longer undecided": (
        lambda: after_change(returning(30, replicas=4, steps=GENTLE), both(says(ADVANCE), later(30))),
        both(later(TOO_LATE), says(UNDECIDED)),
        {"candidate": R2, "step": 2, "stalled": None},
    ),
}


@pytest.mark.parametrize(("situation", "change", "expected"), list(ROWS.values()), ids=list(ROWS))
def test_pace(situation: Situation, change: Change, expected: dict[str, Any]) -> None:
    world = situation()
    change(world)
    result = decided(world)
    found = outcome(result)
    reason = found["conditions"].get("Stalled", (None, None))[1]
    found["stalled"] = (reason, found["messages"]["Stalled"]) if reason else None
    found["event"] = result.decision.happenings[-1].message if result.decision.happenings else None
    found["record"] = result.decision.revisions[found["stable"]].message
    assert {key: found[key] for key in expected} == expected


def test_the_mark_outlives_a_crash_before_the_record_is_written() -> None:
    world = promoting()
    for change in (both(says(UNDECIDED), later(TOO_LATE)), both(all_ready, says(UNDECIDED)), nothing):
        change(world)
        decided(world)
    world.answer_route()
    world.round(Luck(crash_before=1))
    assert world.slots.stable is not None
    assert world.slots.stable.revision == R2
    record = decided(world).decision.revisions[R2]
    assert record.message == f"serves everything without evidence: undecided after 2h: {SAID}"


def test_time_that_is_up_while_nobody_looked_is_up() -> None:
    """The moment is in the status: an operator that comes back later goes on from there."""
    world = returning()
    world.judge(verdict_of(UNDECIDED))
    written = world.status["candidate"]["judgedSince"]
    world.pass_time(10 * TOO_LATE)
    assert written == "2026-03-01T12:06:12Z"
    assert outcome(decided(world), "rejected") == {"rejected": (R2, "Undecided")}


def test_another_attempt_has_its_own_time() -> None:
    world = after_change(returning(), both(says(UNDECIDED), later(TOO_LATE)))
    declares(attempt="2")(world)
    all_ready(world)
    decided(world)
    world.answer_route()
    world.judge(verdict_of(UNDECIDED))
    decided(world)
    world.pass_time(TOO_LATE - 1)
    assert outcome(decided(world), "candidate", "attempt") == {"candidate": R2, "attempt": 2}

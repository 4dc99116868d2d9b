"""What people order, in each situation: what comes of it, and what they are told."""

from typing import Any

import pytest

from tandem.api.revision import ObservedDecision
from tandem.judge import VerdictKind
from tests.unit.rollout.situations import (
    BAD,
    R1,
    R2,
    R3,
    Situation,
    canary,
    decided,
    outcome,
    returning,
    rounds,
    sent_back,
    serving,
    settled,
    started,
    starting,
    watching,
)
from tests.unit.rollout.world import Luck, World, trouble, verdict_of


def paused() -> World:
    world = canary()
    world.order(R2, "Pause", "p")
    decided(world)
    return world


def frozen() -> World:
    world = serving()
    world.order(R1, "Freeze", "f")
    decided(world)
    return world


def frozen_out() -> World:
    """a serves, frozen; b is declared and not made."""
    world = frozen()
    world.declare(version="b")
    decided(world)
    return world


def third_tried() -> World:
    """b is stable, its watch is over; c (r3) is the candidate without a ready pod; a is kept."""
    world = settled()
    world.declare(version="c")
    rounds(world, 2)
    return world


def third_rejected() -> World:
    """b is stable, its watch is over; c (r3) was sent back by a person; a is kept."""
    world = third_tried()
    world.order(R3, "Abort", "no")
    decided(world)
    return world


def watching_unready_fallback() -> World:
    world = watching()
    world.make_unready(world.pods(R1))
    return world


NOT_CANDIDATE = "nothing done: it is not the candidate"
HERE = {"stable": R1, "candidate": R2, "weight": 10}

ROWS: dict[str, tuple[Situation, str, str, str, dict[str, Any]]] = {
    # ---------------------------------------------------------------- Promote
    "promote the candidate": (
        lambda: canary(replicas=4),
        R2,
        "Promote",
        "passes without further evidence, as soon as its pods can carry everything",
        {"stable": R1, "candidate": R2, "weight": 10, "replicas": {R1: 4, R2: 4}, "phase": "Promoting"},
    ),
    "promote the candidate whose pods are ready": (
        lambda: canary(replicas=1),
        R2,
        "Promote",
        "passes without further evidence, as soon as its pods can carry everything",
        {"stable": R1, "candidate": R2, "weight": 100},
    ),
    "promote a paused candidate": (
        paused,
        R2,
        "Promote",
        "passes without further evidence, as soon as its pods can carry everything",
        {"candidate": R2, "paused": False},
    ),
    "promote stable": (canary, R1, "Promote", NOT_CANDIDATE, HERE),
    "promote what was sent back": (sent_back, R2, "Promote", NOT_CANDIDATE, {"rejected": (R2, "TooManyErrors")}),
    # ---------------------------------------------------------------- Abort
    "abort the candidate": (
        canary,
        R2,
        "Abort",
        "sent back",
        {"stable": R1, "candidate": None, "rejected": (R2, "Aborted"), "weights": {R1: 100}, "phase": "RolledBack"},
    ),
    "abort the first version": (starting, R1, "Abort", "sent back", {"rejected": (R1, "Aborted"), "phase": "Failed"}),
    "abort stable": (canary, R1, "Abort", NOT_CANDIDATE, HERE),
    "abort a fallback": (watching, R1, "Abort", NOT_CANDIDATE, {"stable": R2, "fallback": R1}),
    "abort a return": (
        returning,
        R1,
        "Abort",
        "sent back",
        {"stable": R2, "candidate": None, "rejected": None, "phase": "Serving", "weights": {R2: 100}},
    ),
    # ---------------------------------------------------------------- Retry
    "retry what was sent back": (
        sent_back,
        R2,
        "Retry",
        "tried again with fresh evidence",
        {"candidate": R2, "attempt": 2, "step": 0, "rejected": None},
    ),
    "retry another": (
        sent_back,
        R1,
        "Retry",
        "nothing done: it is not the rejected version",
        {"candidate": None, "rejected": (R2, "TooManyErrors")},
    ),
    "retry the candidate": (canary, R2, "Retry", "nothing done: it is not the rejected version", HERE),
    "retry a stable version that is being left: it stays": (
        returning,
        R2,
        "Retry",
        "tried again with fresh evidence",
        {"stable": R2, "candidate": None, "rejected": None, "phase": "Serving"},
    ),
    # ---------------------------------------------------------------- Pause, Resume
    "pause the candidate": (
        canary,
        R2,
        "Pause",
        "stays at 10 %; it can still be sent back",
        {"candidate": R2, "weight": 10, "paused": True, "phase": "Paused"},
    ),
    "pause stable": (canary, R1, "Pause", NOT_CANDIDATE, {**HERE, "paused": False}),
    "resume the paused candidate": (paused, R2, "Resume", "goes on", {**HERE, "paused": False, "phase": "RollingOut"}),
    "resume by another revision": (paused, R1, "Resume", "nothing done: neither paused nor frozen", {"paused": True}),
    "resume what is not paused": (canary, R2, "Resume", "nothing done: neither paused nor frozen", HERE),
    "resume what is frozen": (
        frozen_out,
        R1,
        "Resume",
        "new versions may start again",
        {"frozen": None, "new": 2, "phase": "Pending"},
    ),
    # ---------------------------------------------------------------- Freeze
    "freeze a serving version": (
        serving,
        R1,
        "Freeze",
        "no new version starts until Resume",
        {"frozen": "id", "phase": "Serving"},
    ),
    "freeze in the middle: the candidate goes on": (
        canary,
        R2,
        "Freeze",
        "no new version starts until Resume",
        {**HERE, "frozen": "id"},
    ),
    # ---------------------------------------------------------------- Rollback
    "roll back the candidate": (
        canary,
        R2,
        "Rollback",
        "sent back",
        {"stable": R1, "candidate": None, "rejected": (R2, "Aborted")},
    ),
    "roll back in the watch window": (
        watching,
        R2,
        "Rollback",
        "its predecessor took over at once",
        {"stable": R1, "fallback": None, "weights": {R1: 100}, "service": R1, "rejected": (R2, "RolledBackByPerson")},
    ),
    "roll back long after the watch window": (
        settled,
        R2,
        "Rollback",
        f"{R1} is scaled up and takes everything as soon as it is ready",
        {
            "stable": R2, "candidate": R1, "restore": True, "weight": 0, "weights": {R2: 100},
            "replicas": {R1: 2, R2: 2}, "rejected": (R2, "RolledBackByPerson"), "phase": "Restoring",
        },
    ),
    "roll back in the watch window with a fallback that is not ready": (
        watching_unready_fallback,
        R2,
        "Rollback",
        f"{R1} is scaled up and takes everything as soon as it is ready",
        {"stable": R2, "candidate": R1, "fallback": None, "restore": True, "weight": 0},
    ),
    "roll back the only version": (
        serving,
        R1,
        "Rollback",
        "nothing done: no earlier version that served well is kept",
        {"stable": R1, "candidate": None, "rejected": None},
    ),
    "roll back what is in no slot": (
        settled,
        R1,
        "Rollback",
        "nothing done: it is neither stable nor the candidate",
        {"stable": R2, "candidate": None},
    ),
    "roll back stable while a third is tried: the return goes first": (
        third_tried,
        R2,
        "Rollback",
        f"{R1} is scaled up and takes everything as soon as it is ready",
        {"stable": R2, "candidate": R1, "restore": True, "rejected": None, "records": {
            R1: ("Candidate", "Restoring"), R2: ("Serving", "Promoted"), R3: ("Superseded", "Superseded"),
        }},
    ),
    "roll back stable after a third was sent back: that one is not started again": (
        third_rejected,
        R2,
        "Rollback",
        f"{R1} is scaled up and takes everything as soon as it is ready",
        {"stable": R2, "candidate": R1, "restore": True, "rejected": (R3, "Aborted")},
    ),
    "roll back again while the return is on": (
        returning,
        R2,
        "Rollback",
        f"nothing done: {R1} is on its way to take over already",
        {"stable": R2, "candidate": R1, "restore": True, "attempt": 2},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("situation", "revision", "verb", "result", "expected"), list(ROWS.values()), ids=list(ROWS))
def test_order(situation: Situation, revision: str, verb: str, result: str, expected: dict[str, Any]) -> None:
    world = situation()
    world.order(revision, verb, "id")
    decision = decided(world)
    assert outcome(decision, *expected) == expected
    acted = {item.revision: item for item in decision.decision.status.decisions or []}[revision]
    assert (acted.verb, acted.id, acted.result, acted.at) == (verb, "id", result, world.now)
    observed = decision.decision.revisions[revision].observed_decision
    assert observed == ObservedDecision(verb=verb, id="id", result=result, at=world.now)
    assert "DecisionObserved" in outcome(decision)["told"]


def test_an_order_is_acted_on_once() -> None:
    world = sent_back()
    world.order(R2, "Retry", "1")
    decided(world)
    world.judge(BAD)
    world.answer_route()
    rounds(world, 3)
    assert outcome(decided(world), "candidate", "rejected") == {"candidate": None, "rejected": (R2, "TooManyErrors")}
    world.order(R2, "Retry", "2")
    assert outcome(decided(world), "candidate", "attempt") == {"candidate": R2, "attempt": 3}


@pytest.mark.parametrize("crash", range(6))
def test_an_order_is_acted_on_once_whatever_crashes(crash: int) -> None:
    world = watching()
    world.order(R2, "Rollback", "1")
    world.round(Luck(crash_before=crash))
    decided(world)
    world.declare(attempt="again")
    world.run(20)
    assert outcome(decided(world), "stable", "rejected") == {"stable": R2, "rejected": None}
    reasons = [happening.reason for happening in world.happenings]
    assert reasons.count("DecisionObserved") == 1


def test_an_order_outlives_a_lost_status() -> None:
    """Where the slots are lost, the revision's own record still says that its order was acted on."""
    world = canary()
    world.order(R2, "Freeze", "1")
    rounds(world, 2)
    world.order(R1, "Resume", "2")
    rounds(world, 2)
    world.lose_status()
    world.declare(version="a")
    assert outcome(decided(world), "frozen", "stable") == {"frozen": None, "stable": R1}


LOST = "nothing done: the status was lost, and this order may be an old one; give it again with a new id"


def resumed_and_sent_back() -> World:
    """b was paused, resumed, and then sent back: what it was ordered last is Resume."""
    world = paused()
    world.order(R2, "Resume", "old")
    decided(world)
    world.judge(BAD)
    decided(world)
    world.answer_route()
    return world.run(3)


def frozen_once() -> World:
    """a serves; it was frozen, and b's Resume lifted that."""
    world = sent_back()
    world.order(R1, "Freeze", "old")
    decided(world)
    world.order(R2, "Resume", "old")
    decided(world)
    world.declare(version="a")
    return world.run(3)


def returned_from_and_promoted() -> World:
    """b was rolled back, and promoted when it was tried again: what it was ordered last is Rollback."""
    world = watching(keep=5)
    world.order(R2, "Rollback", "old")
    decided(world)
    world.declare(attempt="again")
    world.run(14)
    world.pass_time(600)
    return world.run(6)


OLD_ORDERS: dict[str, tuple[Situation, dict[str, str], dict[str, Any]]] = {
    "a Resume does not lift the freeze": (
        resumed_and_sent_back,
        {R2: LOST},
        {"stable": R1, "candidate": None, "frozen": "StatusLost", "weights": {R1: 100}},
    ),
    "a Freeze that was lifted": (
        frozen_once,
        {R1: LOST, R2: LOST},
        {"stable": R1, "candidate": None, "frozen": None, "weights": {R1: 100}},
    ),
    "a Rollback of what serves": (
        returned_from_and_promoted,
        {R2: LOST},
        {"stable": R2, "candidate": None, "frozen": None, "weights": {R2: 100}},
    ),
}


@pytest.mark.parametrize(("situation", "results", "expected"), list(OLD_ORDERS.values()), ids=list(OLD_ORDERS))
def test_old_orders_are_not_acted_on_where_every_status_is_lost(
    situation: Situation, results: dict[str, str], expected: dict[str, Any]
) -> None:
    world = situation()
    world.lose_every_status()
    result = decided(world)
    assert {item.revision: item.result for item in result.decision.status.decisions or []} == results
    for _ in range(3):
        assert outcome(result, *expected) == expected
        world.favour()
        result = decided(world)


def test_after_a_lost_status_a_new_order_is_acted_on() -> None:
    world = resumed_and_sent_back()
    world.lose_every_status()
    decided(world)
    world.order(R2, "Resume", "new")
    assert outcome(decided(world), "frozen", "candidate") == {"frozen": None, "candidate": R2}


def test_two_orders_in_one_round_are_followed_by_age_of_their_revision() -> None:
    world = canary()
    world.order(R1, "Freeze", "1")
    world.order(R2, "Resume", "2")
    assert outcome(decided(world), "frozen") == {"frozen": None}


def test_a_paused_candidate_stays_whatever_the_evidence_in_its_favour() -> None:
    world = paused()
    world.judge(verdict_of(VerdictKind.ADVANCE))
    world.pass_time(3600)
    assert outcome(decided(world), "weight", "step") == {"weight": 10, "step": 0}


def test_a_paused_candidate_can_be_sent_back() -> None:
    world = paused()
    world.judge(BAD)
    assert outcome(decided(world), "candidate", "rejected") == {"candidate": None, "rejected": (R2, "TooManyErrors")}


def test_a_candidate_paused_at_everything_is_not_promoted() -> None:
    world = started(steps=[])
    world.kubelet()
    world.make_ready(world.pods())
    decided(world)
    world.order(R2, "Pause", "1")
    decided(world)
    world.answer_route()
    decided(world)
    assert outcome(decided(world), "stable", "weight", "paused") == {"stable": R1, "weight": 100, "paused": True}


def test_a_person_promotes_what_the_judge_would_not() -> None:
    """Where rollback is not automatic a person decides, and the decision holds against the complaint it is about."""
    world = canary(automatic=False)
    world.judge(BAD)
    rounds(world, 2)
    world.order(R2, "Promote", "1")
    for _ in range(4):
        world.kubelet()
        world.make_ready(world.pods())
        world.answer_route()
        decided(world)
    assert outcome(decided(world), "stable", "fallback") == {"stable": R2, "fallback": R1}


def test_a_promoted_candidate_that_cannot_start_is_still_sent_back() -> None:
    world = started()
    world.order(R2, "Promote", "1")
    decided(world)
    world.make_unready(world.pods(R2))
    world.pass_time(180)
    assert outcome(decided(world), "candidate", "rejected") == {"candidate": None, "rejected": (R2, "NotReadyInTime")}


def test_a_retry_under_a_freeze_waits_for_its_end() -> None:
    world = sent_back()
    world.order(R1, "Freeze", "1")
    decided(world)
    world.order(R2, "Retry", "2")
    result = decided(world)
    assert outcome(result, "candidate", "rejected", "phase") == {"candidate": None, "rejected": None, "phase": "Frozen"}
    told = [item.result for item in result.decision.status.decisions or [] if item.verb == "Retry"]
    assert told == ["tried again with fresh evidence, once Resume lifts the freeze"]
    assert outcome(result, "records")["records"][R2] == ("Rejected", "TooManyErrors")
    world.order(R1, "Resume", "3")
    assert outcome(decided(world), "candidate", "attempt") == {"candidate": R2, "attempt": 2}


def test_nothing_starts_while_frozen() -> None:
    world = frozen_out()
    result = decided(world)
    assert outcome(result, "new", "candidate", "phase") == {"new": None, "candidate": None, "phase": "Frozen"}
    assert outcome(result, "conditions")["conditions"]["Ready"] == ("False", "Frozen")


def test_a_freeze_ends_where_no_revision_is_left_to_order_its_end_by() -> None:
    world = frozen_out()
    world.delete_revision(R1)
    assert outcome(decided(world), "frozen", "new") == {"frozen": None, "new": 2}


# ---------------------------------------------------------------- a return that a person ordered


def test_a_return_takes_everything_at_once_when_it_is_ready() -> None:
    world = returning()
    world.make_ready(world.pods())
    assert outcome(decided(world), "weight", "weights", "stable") == {"weight": 100, "weights": {R1: 100}, "stable": R2}
    world.answer_route()
    assert outcome(decided(world), "stable", "candidate", "fallback", "rejected", "records", "phase") == {
        "stable": R1,
        "candidate": None,
        "fallback": None,
        "rejected": (R2, "RolledBackByPerson"),
        "records": {R1: ("Serving", "Promoted"), R2: ("Rejected", "RolledBackByPerson")},
        "phase": "RolledBack",
    }


def test_a_return_is_no_trial() -> None:
    """Neither evidence nor restarts nor a tag pushed again keep people from where they want to be."""
    world = returning()
    for _ in range(3):
        world.pass_time(1)
        world.restart(world.pods(R1)[0])
    world.pods(R1)[0].image_id = "sha256:pushed-again"
    rounds(world, 2)
    world.make_ready(world.pods())
    decided(world)
    world.answer_route()
    assert outcome(decided(world), "stable")["stable"] == R1


def test_a_return_that_cannot_start_waits_and_says_so() -> None:
    world = returning()
    world.make_unready(world.pods(R1))
    world.pass_time(180)
    found = outcome(decided(world), "stable", "candidate", "rejected", "waits")
    assert found["candidate"] == R1
    assert found["rejected"] == (R2, "RolledBackByPerson")
    assert found["waits"].startswith("a person: no pod was ready within 180 s: pod fraud-r1-")


def test_a_new_version_pushed_during_a_return_comes_after_it() -> None:
    world = returning()
    world.declare(version="c")
    rounds(world, 2)
    assert outcome(decided(world), "candidate", "restore") == {"candidate": R1, "restore": True}
    world.make_ready(world.pods())
    decided(world)
    world.answer_route()
    result = decided(world)
    assert outcome(result, "stable", "candidate", "told") == {
        "stable": R1,
        "candidate": R3,
        "told": ["Promoted", "Started"],
    }
    assert outcome(result, "records")["records"][R2] == ("Rejected", "RolledBackByPerson")


def test_a_return_that_takes_too_long_does_not_hold_a_new_version_up() -> None:
    world = returning()
    world.declare(version="c")
    rounds(world, 2)
    world.pass_time(180)
    assert outcome(decided(world), "stable", "candidate", "restore") == {
        "stable": R2,
        "candidate": R3,
        "restore": False,
    }


def test_a_return_goes_on_under_a_freeze() -> None:
    world = returning()
    world.order(R1, "Freeze", "f")
    world.declare(version="c")
    world.pass_time(3600)
    assert outcome(decided(world), "candidate", "restore", "new") == {"candidate": R1, "restore": True, "new": None}


def test_a_return_is_dropped_where_the_spec_asks_for_what_was_to_be_left() -> None:
    world = third_tried()
    world.order(R2, "Rollback", "1")
    decided(world)
    world.declare(version="b")
    assert outcome(decided(world), "stable", "candidate", "phase") == {
        "stable": R2,
        "candidate": None,
        "phase": "Serving",
    }


def test_the_third_is_tried_after_the_return() -> None:
    world = third_tried()
    world.order(R2, "Rollback", "1")
    rounds(world, 2)
    world.kubelet()
    world.make_ready(world.pods())
    decided(world)
    world.answer_route()
    assert outcome(decided(world), "stable", "candidate", "attempt") == {"stable": R1, "candidate": R3, "attempt": 2}


def test_a_return_goes_to_the_newest_good_version_that_was_not_sent_back() -> None:
    world = settled(keep=5)
    world.declare(version="c")
    world.run(12, seconds=31)
    world.pass_time(700)
    world.run(4)
    world.order(R3, "Rollback", "1")
    result = decided(world)
    assert outcome(result, "candidate", "restore") == {"candidate": R2, "restore": True}
    world.run(6)
    world.order(R2, "Rollback", "2")
    assert outcome(decided(world), "candidate", "restore") == {"candidate": R1, "restore": True}


def third_serves(**spec: Any) -> World:
    """a, b and c (r3) served in turn; c is stable, its watch is over."""
    world = settled(**spec)
    world.declare(version="c")
    world.run(12)
    world.pass_time(700)
    return world.run(4)


def declared_and_withdrawn() -> World:
    """a was declared again while c serves, and withdrawn before it had a request."""
    world = third_serves()
    world.declare(version="a")
    rounds(world, 2)
    world.declare(version="c")
    rounds(world, 2)
    return world


def taken_over_from_and_served() -> World:
    """b was left for a in its watch, and tried again with success; then c served."""
    world = watching()
    world.order(R2, "Rollback", "1")
    decided(world)
    world.declare(attempt="again")
    world.run(14)
    world.declare(version="c")
    world.run(12)
    world.pass_time(700)
    return world.run(4)


def served_again() -> World:
    """a, b and a once more served in turn; then c."""
    world = settled()
    for version in "ac":
        world.declare(version=version)
        world.run(12)
        world.pass_time(700)
        world.run(4)
    return world


def recorded_by_an_older_tandem() -> World:
    world = third_serves()
    for revision in world.revisions.values():
        revision.status.pop("lastServed", None)
    return world


def replaced_and_crashed() -> World:
    """a, b and a once more served in turn; c is stable, and a crash kept the records from being written."""
    world = settled()
    world.declare(version="a", watch="0s")
    world.run(12)
    world.declare(version="c")
    while world.slots.stable is None or world.slots.stable.revision != R3:
        world.favour()
        world.round(Luck(crash_before=1) if world.slots.candidate and world.slots.candidate.weight == 100 else Luck())
    assert world.revisions[R1].status["phase"] == "Serving"
    return world


RETURNS: dict[str, tuple[Situation, str]] = {
    "the one before": (third_serves, R2),
    "not one that was declared and withdrawn since": (declared_and_withdrawn, R2),
    "one that was sent back once, and served well later": (taken_over_from_and_served, R2),
    "an older one that served again": (served_again, R1),
    "by the phases where no record says when it served": (recorded_by_an_older_tandem, R2),
    "one whose record was not written when it left off": (replaced_and_crashed, R1),
}


@pytest.mark.parametrize(("situation", "expected"), list(RETURNS.values()), ids=list(RETURNS))
def test_a_return_goes_to_the_last_version_that_served(situation: Situation, expected: str) -> None:
    world = situation()
    world.order(R3, "Rollback", "back")
    found = outcome(decided(world), "stable", "candidate", "restore")
    assert found == {"stable": R3, "candidate": expected, "restore": True}


@pytest.mark.parametrize(
    ("situation", "expected"),
    [(serving, set()), (watching, {R1}), (settled, {R1}), (sent_back, set()), (third_serves, {R1, R2})],
)
def test_it_is_recorded_when_a_version_left_off_serving(situation: Situation, expected: set[str]) -> None:
    world = situation()
    records = decided(world).decision.revisions
    left_off = {name: record.last_served for name, record in records.items() if record.last_served is not None}
    assert left_off.keys() == expected
    assert len(set(left_off.values())) == len(left_off)


def test_a_revision_that_is_blocked_from_being_made_does_not_stop_orders() -> None:
    world = watching()
    world.blocked = trouble("ConfigMapMissing", "ConfigMap limits does not exist")
    world.order(R2, "Rollback", "1")
    assert outcome(decided(world), "stable", "weights") == {"stable": R1, "weights": {R1: 100}}


def test_a_retry_of_what_the_spec_declares_no_more() -> None:
    world = sent_back()
    world.declare(version="c")
    world.order(R2, "Retry", "1")
    result = decided(world)
    told = [item.result for item in result.decision.status.decisions or []]
    assert told == ["nothing done: it is not what the spec declares now; apply it again instead"]
    assert outcome(result, "candidate", "new") == {"candidate": None, "new": 3}


def test_a_promotion_waits_for_the_gateway_to_accept_the_weight_before() -> None:
    world = started()
    world.make_ready(world.pods())
    decided(world)
    world.order(R2, "Promote", "1")
    decided(world)
    world.kubelet()
    world.make_ready(world.pods())
    assert outcome(decided(world), "weight", "accepted") == {"weight": 10, "accepted": False}
    world.answer_route()
    assert outcome(decided(world), "weight") == {"weight": 100}


def test_what_a_person_sends_back_is_not_what_the_same_round_returns_to() -> None:
    world = watching()
    world.declare(version="a")
    rounds(world, 2)
    world.order(R1, "Abort", "1")
    world.order(R2, "Rollback", "2")
    result = decided(world)
    assert outcome(result, "stable", "candidate", "rejected") == {
        "stable": R2,
        "candidate": None,
        "rejected": (R1, "Aborted"),
    }
    told = {item.revision: item.result for item in result.decision.status.decisions or []}
    assert told[R2] == "nothing done: no earlier version that served well is kept"

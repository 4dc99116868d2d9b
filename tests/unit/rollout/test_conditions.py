"""What people and pipelines read: conditions, phase, what is waited for; exact, and still when nothing moves."""

from dataclasses import replace

import pytest

from tandem.judge import VerdictKind
from tandem.rollout.decide import decide
from tandem.rollout.observation import Trouble
from tests.unit.rollout.situations import (
    BAD,
    R1,
    R2,
    Situation,
    canary,
    decided,
    fresh,
    outcome,
    rounds,
    sent_back,
    serving,
    started,
    starting,
    watching,
)
from tests.unit.rollout.world import World, trouble, verdict_of

AVAILABLE = ("True", "StableServes")


def held() -> World:
    world = canary(automatic=False)
    world.judge(BAD)
    return world


def missing_config() -> World:
    world = serving()
    world.declare(version="b")
    world.blocked = trouble("ConfigMapMissing", "ConfigMap limits does not exist; create it")
    return world


def taken_place() -> World:
    world = serving()
    world.conflict = trouble("RouteConflict", "payments/other has it")
    return world


def route_lost() -> World:
    world = serving()
    assert world.route is not None
    world.route.refused = True
    return world


def route_lost_for_long() -> World:
    world = route_lost()
    decided(world)
    world.pass_time(30)
    return world


def unschedulable() -> World:
    world = started()
    world.make_unready(world.pods(R2), trouble("Unschedulable", "pod x: 0/3 nodes are available"))
    world.pass_time(180)
    return world


def nothing_seen() -> World:
    """The candidate's pods were never created, and nobody says why."""
    world = started()
    world.workloads[R2].pods.clear()
    world.pass_time(180)
    return world


def stable_down() -> World:
    world = serving()
    world.make_unready(world.pods(R1))
    return world


def stable_down_quietly() -> World:
    world = serving()
    world.workloads[R1].pods.clear()
    return world


def stands_in() -> World:
    world = watching()
    world.make_unready(world.pods(R2))
    return world


def one_pod_missing() -> World:
    world = serving()
    world.make_unready(world.pods(R1)[:1], trouble("OOMKilled", "pod x: its container was killed", own_fault=True))
    return world


def mixed_stable() -> World:
    world = serving()
    world.pods(R1)[0].image_id = "sha256:pushed-again"
    return world


def unreadable() -> World:
    world = canary()
    world.evidence_trouble = trouble("MetricsUnreadable", "pod x: 403 on /metrics")
    return world


def refused(reason: str) -> Situation:
    def situation() -> World:
        world = started()
        world.refusals = (trouble(reason, "the API server refused it"), trouble(reason, "and this"))
        return world

    return situation


def other_route() -> World:
    """Host names, say, are others now, and the gateway still has the ones before."""
    world = serving()
    world.route_as_declared = False
    return world


def refused_route() -> World:
    world = other_route()
    world.refusals = (trouble("Invalid", "apply HTTPRoute: spec.rules[0].filters[0].type: Unsupported value"),)
    return world


def frozen_out() -> World:
    world = serving()
    world.order(R1, "Freeze", "f1")
    decided(world)
    world.declare(version="b")
    return world


def paused() -> World:
    world = canary()
    world.order(R2, "Pause", "p1")
    return world


def promoting() -> World:
    world = canary()
    world.order(R2, "Promote", "p1")
    return world


CONDITIONS: dict[str, tuple[Situation, dict[str, tuple[str, str]], str]] = {
    "fresh": (
        fresh,
        {"Available": ("False", "NothingServes"), "Ready": ("False", "Pending"), "Reconciling": ("True", "Pending")},
        "Pending",
    ),
    "starting": (
        starting,
        {"Available": ("False", "NothingServes"), "Ready": ("False", "Starting"), "Reconciling": ("True", "Starting")},
        "Starting",
    ),
    "serving": (serving, {"Available": AVAILABLE, "Ready": ("True", "Serving")}, "Serving"),
    "canary": (
        canary,
        {"Available": AVAILABLE, "Ready": ("False", "RollingOut"), "Reconciling": ("True", "RollingOut")},
        "RollingOut",
    ),
    "promoting": (
        promoting,
        {"Available": AVAILABLE, "Ready": ("False", "Promoting"), "Reconciling": ("True", "Promoting")},
        "Promoting",
    ),
    "paused": (
        paused,
        {"Available": AVAILABLE, "Ready": ("False", "Paused"), "Reconciling": ("True", "Paused")},
        "Paused",
    ),
    "watching": (watching, {"Available": AVAILABLE, "Ready": ("True", "Serving")}, "Watching"),
    "sent back": (
        sent_back,
        {"Available": AVAILABLE, "Ready": ("False", "TooManyErrors"), "Stalled": ("True", "TooManyErrors")},
        "RolledBack",
    ),
    "held": (
        held,
        {"Available": AVAILABLE, "Ready": ("False", "TooManyErrors"), "Stalled": ("True", "TooManyErrors")},
        "Stalled",
    ),
    "a ConfigMap is missing": (
        missing_config,
        {"Available": AVAILABLE, "Ready": ("False", "ConfigMapMissing"), "Stalled": ("True", "ConfigMapMissing")},
        "ConfigMapMissing",
    ),
    "a place is taken": (
        taken_place,
        {
            "Available": AVAILABLE,
            "Ready": ("False", "RouteConflict"),
            "RouteConflict": ("True", "RouteConflict"),
            "Stalled": ("True", "RouteConflict"),
        },
        "RouteConflict",
    ),
    "the gateway no longer accepts the route": (
        route_lost,
        {
            "Available": AVAILABLE,
            "Ready": ("False", "RouteNotAccepted"),
            "Reconciling": ("True", "RouteNotAccepted"),
        },
        "RouteNotAccepted",
    ),
    "the gateway has not accepted the route for long": (
        route_lost_for_long,
        {"Available": AVAILABLE, "Ready": ("False", "RouteNotAccepted"), "Stalled": ("True", "RouteNotAccepted")},
        "RouteNotAccepted",
    ),
    "the route is not yet as declared": (
        other_route,
        {
            "Available": AVAILABLE,
            "Ready": ("False", "RouteNotAccepted"),
            "Reconciling": ("True", "RouteNotAccepted"),
        },
        "RouteNotAccepted",
    ),
    "the API server refuses the route": (
        refused_route,
        {
            "Available": AVAILABLE,
            "Ready": ("False", "Invalid"),
            "Refused": ("True", "Invalid"),
            "Stalled": ("True", "Invalid"),
        },
        "Invalid",
    ),
    "no node takes the candidate": (
        unschedulable,
        {"Available": AVAILABLE, "Ready": ("False", "Unschedulable"), "Stalled": ("True", "Unschedulable")},
        "Stalled",
    ),
    "the candidate has no pod, and nobody says why": (
        nothing_seen,
        {"Available": AVAILABLE, "Ready": ("False", "NotReadyInTime"), "Stalled": ("True", "NotReadyInTime")},
        "Stalled",
    ),
    "stable is down": (
        stable_down,
        {
            "Available": ("False", "NoReadyPods"),
            "Ready": ("False", "NoReadyPods"),
            "Reconciling": ("True", "NoReadyPods"),
        },
        "Degraded",
    ),
    "the fallback stands in": (
        stands_in,
        {
            "Available": ("True", "FallbackStandsIn"),
            "Ready": ("False", "NoReadyPods"),
            "Reconciling": ("True", "NoReadyPods"),
        },
        "Degraded",
    ),
    "a pod of stable is missing": (
        one_pod_missing,
        {"Available": AVAILABLE, "Ready": ("True", "Serving"), "Degraded": ("True", "OOMKilled")},
        "Serving",
    ),
    "stable's tag was pushed again": (
        mixed_stable,
        {"Available": AVAILABLE, "Ready": ("True", "Serving"), "ImageChanged": ("True", "MixedImages")},
        "Serving",
    ),
    "evidence cannot be had": (
        unreadable,
        {
            "Available": AVAILABLE,
            "EvidenceUnavailable": ("True", "MetricsUnreadable"),
            "Ready": ("False", "RollingOut"),
            "Reconciling": ("True", "RollingOut"),
        },
        "RollingOut",
    ),
    "the API server refuses a child": (
        refused("QuotaExceeded"),
        {
            "Available": AVAILABLE,
            "Ready": ("False", "QuotaExceeded"),
            "Refused": ("True", "QuotaExceeded"),
            "Stalled": ("True", "QuotaExceeded"),
        },
        "Stalled",
    ),
    "a child is somebody else's": (
        refused("NotOwned"),
        {
            "Available": AVAILABLE,
            "NotOwned": ("True", "NotOwned"),
            "Ready": ("False", "NotOwned"),
            "Stalled": ("True", "NotOwned"),
        },
        "Stalled",
    ),
    "frozen": (
        frozen_out,
        {"Available": AVAILABLE, "Ready": ("False", "Frozen"), "Reconciling": ("True", "Frozen")},
        "Frozen",
    ),
}


@pytest.mark.parametrize(("situation", "expected", "phase"), list(CONDITIONS.values()), ids=list(CONDITIONS))
def test_conditions(situation: Situation, expected: dict[str, tuple[str, str]], phase: str) -> None:
    """Available and Ready always; all others only while they are true (kstatus); sorted; of this generation."""
    world = situation()
    result = decided(world)
    assert outcome(result, "conditions", "phase") == {"conditions": expected, "phase": phase}
    found = result.decision.status.conditions or []
    assert [condition.type for condition in found] == sorted(expected)
    assert {condition.observed_generation for condition in found} == {world.generation}
    assert result.decision.status.observed_generation == world.generation


MESSAGES: list[tuple[str, Situation, str, str]] = [
    ("sent back", sent_back, "Ready", f"{R2} was sent back: 9 of 100 requests failed, 1 of 900 of fraud-r1's"),
    ("available", serving, "Available", f"{R1} serves with 2 ready pods"),
    ("rolling", canary, "Ready", f"{R2} is at 10 %"),
    ("promoting", promoting, "Ready", f"{R2} is at 10 % and gets everything next"),
    ("frozen", frozen_out, "Ready", "decision f1 keeps new versions from starting; Resume lifts it"),
    ("degraded", one_pod_missing, "Degraded", "1 of 2 pods ready: pod x: its container was killed"),
    ("mixed", mixed_stable, "ImageChanged", f"tag a was pushed again: pods of {R1} run different images"),
    ("refused", refused("QuotaExceeded"), "Refused", "the API server refused it"),
    ("down, no pod", stable_down_quietly, "Available", f"{R1} is stable and has no ready pod"),
]


@pytest.mark.parametrize(
    ("situation", "type_", "message"), [row[1:] for row in MESSAGES], ids=[row[0] for row in MESSAGES]
)
def test_messages(situation: Situation, type_: str, message: str) -> None:
    assert outcome(decided(situation()), "messages")["messages"][type_] == message


def test_message_of_a_stable_version_that_is_down_quotes_the_pod() -> None:
    found = outcome(decided(stable_down()), "messages", "waits")
    assert found["messages"]["Available"].startswith(f"{R1} is stable and has no ready pod: pod fraud-r1-")
    assert found["waits"].startswith(f"pods of {R1}: none of 2 is ready: pod fraud-r1-")


def test_message_of_a_fallback_that_stands_in() -> None:
    message = outcome(decided(stands_in()), "messages")["messages"]["Available"]
    assert message.startswith(f"{R1} stands in, since {R2} is stable and has no ready pod: pod fraud-r2-")


# ---------------------------------------------------------------- what it waits for


def advancing() -> World:
    world = canary()
    world.judge(verdict_of(VerdictKind.ADVANCE))
    return world


def silent() -> World:
    world = canary()
    world.judge(verdict_of(VerdictKind.UNDECIDED, "3 requests so far, too few to tell"))
    return world


def not_accepted() -> World:
    world = started()
    world.make_ready(world.pods())
    decided(world)
    return world


def taken_in_the_middle() -> World:
    world = canary()
    world.conflict = trouble("RouteConflict", "payments/other has it")
    return world


def half_ready() -> World:
    world = starting(replicas=3)
    world.make_ready(world.pods()[:1])
    return world


def coming_back() -> World:
    world = canary(50)
    world.make_unready(world.pods(R2))
    decided(world)
    world.answer_route()
    world.make_ready(world.pods(R2))
    return world


def unwatched() -> World:
    world = canary()
    world.moods.clear()
    return world


WAITS: list[tuple[str, Situation, str | None]] = [
    ("nothing", serving, None),
    ("pods", half_ready, f"pods of {R1} for 100 %: 1 of 3 ready"),
    (
        "pods that were lost",
        coming_back,
        f"pods of {R2} for 50 %: 2 of 2 ready; pods were lost, so weight comes back after 10 s",
    ),
    ("the gateway", not_accepted, "the gateway to accept the route: Pending: gateway public has not looked at it yet"),
    ("evidence", silent, "evidence at 10 %: 3 requests so far, too few to tell"),
    ("evidence that cannot be had", unreadable, "evidence at 10 %: 3 of 100 requests failed (pod x: 403 on /metrics)"),
    ("the hold time", advancing, "the hold time at 10 %: until 12:06:42Z"),
    ("a person: a complaint", held, "a person: 9 of 100 requests failed, 1 of 900 of fraud-r1's"),
    ("a person: paused", paused, f"a person: {R2} is paused at 10 %; Resume goes on"),
    ("a person: frozen", frozen_out, "a person: frozen by decision f1; Resume lets new versions start"),
    ("a correction", missing_config, "a correction: ConfigMap limits does not exist; create it"),
    ("a correction in the middle", taken_in_the_middle, "a correction: payments/other has it"),
    ("a new version", sent_back, "a new version or a retry: the declared one was sent back"),
    ("the end of the watch", watching, f"the end of the watch window: {R1} can take over until 12:19:49Z"),
    (
        "the gateway, with nothing to roll out",
        route_lost,
        "the gateway to accept the route: Pending: gateway public has not looked at it yet",
    ),
    ("pods of stable", stable_down_quietly, f"pods of {R1}: none of 2 is ready"),
]


@pytest.mark.parametrize(("situation", "what"), [row[1:] for row in WAITS], ids=[row[0] for row in WAITS])
def test_what_it_waits_for(situation: Situation, what: str | None) -> None:
    assert outcome(decided(situation()), "waits")["waits"] == what


def test_no_verdict_yet_is_said() -> None:
    world = canary()
    seen, deployment = world.observe(), world.deployment()
    status = decide(deployment, replace(seen, verdict=None), world.now).status
    assert status.waiting_for is not None
    assert status.waiting_for.what == "evidence at 10 %: no request was answered yet"


def test_the_route_that_nobody_has_answered_for_yet() -> None:
    world = starting()
    world.make_ready(world.pods())
    assert outcome(decided(world), "waits")["waits"] == "the gateway to accept the route: no answer yet"


def test_since_stays_while_only_numbers_change() -> None:
    world = canary()
    world.judge(verdict_of(VerdictKind.UNDECIDED, "3 requests so far"))
    first = decided(world).decision.status.waiting_for
    world.pass_time(7)
    world.judge(verdict_of(VerdictKind.UNDECIDED, "9 requests so far"))
    second = decided(world).decision.status.waiting_for
    assert first is not None
    assert second is not None
    assert second.what == "evidence at 10 %: 9 requests so far"
    assert second.since == first.since
    world.judge(verdict_of(VerdictKind.ADVANCE))
    third = decided(world).decision.status.waiting_for
    assert third is not None
    assert third.since == world.now


def test_transition_times_change_with_the_status_only() -> None:
    world = started()
    before = {c.type: c for c in decided(world).decision.status.conditions or []}
    world.pass_time(5)
    world.make_ready(world.pods())
    after = {c.type: c for c in decided(world).decision.status.conditions or []}
    assert after["Ready"].reason != before["Ready"].reason
    assert after["Ready"].last_transition_time == before["Ready"].last_transition_time
    world.run(20)
    done = {c.type: c for c in decided(world).decision.status.conditions or []}
    assert done["Ready"].status == "True"
    assert done["Ready"].last_transition_time > after["Ready"].last_transition_time


def test_long_messages_are_cut_to_what_the_api_server_takes() -> None:
    world = missing_config()
    world.blocked = trouble("ConfigMapMissing", "x" * 5000)
    status = decided(world).decision.status
    assert max(len(condition.message) for condition in status.conditions or []) == 4096


# ---------------------------------------------------------------- the rest of what is told


def test_traffic_is_what_the_live_route_says() -> None:
    world = started()
    world.make_ready(world.pods())
    result = decided(world)
    assert [(share.revision, share.weight) for share in result.decision.status.traffic or []] == [(R1, 100)]
    result = decided(world)
    assert [(share.revision, share.weight) for share in result.decision.status.traffic or []] == [(R1, 90), (R2, 10)]
    assert {name: record.weight for name, record in result.decision.revisions.items()} == {R1: 90, R2: 10}


def test_traffic_without_a_gateway_is_where_the_service_points() -> None:
    shares = decided(serving(gateway=False)).decision.status.traffic or []
    assert [(share.revision, share.weight) for share in shares] == [(R1, 100)]
    assert decided(fresh(gateway=False)).decision.status.traffic is None
    assert decided(fresh()).decision.status.traffic is None


def test_numbers_of_pods() -> None:
    result = decided(canary(replicas=4))
    assert result.decision.status.ready_replicas == 4
    record = result.decision.revisions[R2]
    assert (record.replicas, record.ready_replicas, record.attempt, record.served) == (1, 1, 1, False)
    assert record.image_ids == ["sha256:b"]


def test_image_ids_are_remembered_in_order_of_first_sight() -> None:
    world = serving()
    for number in range(9, 0, -1):
        world.pods(R1)[0].image_id = f"sha256:{number}"
        decided(world)
    ids = decided(world).decision.revisions[R1].image_ids
    assert ids == ["sha256:a", *(f"sha256:{number}" for number in range(9, 2, -1))]


WAKES: list[tuple[str, Situation, float | None]] = [
    ("serving", serving, None),
    ("a candidate without weight", started, 5.0),
    ("a candidate with weight: as often as counters are read", canary, 1.0),
    ("a watched version", watching, 1.0),
    ("blocked", missing_config, 30.0),
    ("a place is taken", taken_place, 30.0),
    ("stable is down", stable_down, 5.0),
    ("the gateway's patience", route_lost, 5.0),
]


@pytest.mark.parametrize(("situation", "after"), [row[1:] for row in WAKES], ids=[row[0] for row in WAKES])
def test_when_it_wants_to_be_called_again(situation: Situation, after: float | None) -> None:
    assert decided(situation()).decision.wake_after == after


def test_refusals_are_looked_at_again() -> None:
    world = serving()
    world.refusals = (Trouble("QuotaExceeded", "exceeded quota"),)
    assert decided(world).decision.wake_after == 30.0


def test_revisions_beyond_what_is_kept_are_deleted_the_never_served_first() -> None:
    world = serving(keep=1)
    world.declare(version="b")
    rounds(world, 3)
    world.declare(version="c")
    rounds(world, 3)
    world.run(12)
    world.pass_time(700)
    world.run(6)
    assert set(world.revisions) == {R1, "fraud-r3"}
    assert decided(world).decision.desired.delete == ()


def test_nothing_is_deleted_while_its_pods_are_there() -> None:
    world = serving(keep=1)
    world.declare(version="b")
    world.run(14)
    world.pass_time(700)
    world.run(4)
    world.declare(version="c")
    world.run(14)
    world.pass_time(700)
    world.drained.update(world.revisions)
    decided(world)
    left = decided(world)
    assert outcome(left, "delete", "replicas") == {"delete": (), "replicas": {R1: 0, R2: 0, "fraud-r3": 2}}
    world.kubelet()
    assert outcome(decided(world), "delete")["delete"] == (R1,)


@pytest.mark.parametrize(
    ("automatic", "who"),
    [(True, f"pods of {R1}, which is to take over"), (False, f"a person, who can roll back to {R1} until ")],
)
def test_a_watched_version_that_was_found_bad_says_who_takes_over(automatic: bool, who: str) -> None:
    world = watching(automatic=automatic)
    world.judge(BAD)
    world.make_unready(world.pods(R1))
    waits = outcome(decided(world), "waits")["waits"]
    assert waits.startswith(who)
    assert waits.endswith("9 of 100 requests failed, 1 of 900 of fraud-r1's")

"""Every way from one place in the slots to another: a situation, what happens, and what comes of it."""

from typing import Any

import pytest

from tandem.judge import VerdictKind
from tests.unit.rollout.changes import (
    Change,
    after_a_round,
    after_change,
    after_rounds,
    all_ready,
    both,
    declares,
    deleted,
    later,
    loses_image,
    nothing,
    promoted_after,
    ready,
    restarts,
    route,
    says,
    unready,
)
from tests.unit.rollout.situations import (
    BAD,
    R1,
    R2,
    R3,
    Situation,
    canary,
    decided,
    fresh,
    outcome,
    sent_back,
    serving,
    settled,
    started,
    starting,
    watching,
)
from tests.unit.rollout.world import World, trouble

GENTLE: list[dict[str, Any]] = [{"weight": 10}, {"weight": 30}]


def about_to_be_promoted() -> World:
    """b has been given everything, and the gateway has not accepted that yet."""
    world = started(replicas=1)
    for _ in range(14):
        world.favour()
        if outcome(world.round(), "weight") == {"weight": 100}:
            return world
    raise AssertionError("never at 100 %")


def place_taken(world: World) -> None:
    world.conflict = trouble("RouteConflict", "payments/other has it")


def found_bad(world: World) -> None:
    world.judge(BAD)


def rolled_back(world: World) -> None:
    world.order(R2, "Rollback", "back")


ROWS: dict[str, tuple[Situation, Change, dict[str, Any]]] = {
    # ---------------------------------------------------------------- the first version
    "a new object gets its first revision": (
        fresh,
        nothing,
        {"new": 1, "weights": None, "service": None, "stable": None, "wake": 0.0, "phase": "Pending"},
    ),
    "the first revision is started at full size": (
        lambda: after_rounds(fresh(), 1),
        nothing,
        {"candidate": R1, "weight": 0, "replicas": {R1: 2}, "weights": None, "service": None, "told": ["Started"]},
    ),
    "nothing gets requests before the first version has all its pods": (
        starting,
        ready(R1, 1),
        {"candidate": R1, "weight": 0, "weights": None, "service": None},
    ),
    "the first version gets everything once it is complete": (
        starting,
        all_ready,
        {"candidate": R1, "weight": 100, "weights": {R1: 100}, "service": R1, "told": ["WeightChanged"]},
    ),
    "the first version is stable once the gateway has accepted the route": (
        starting,
        after_a_round(all_ready, World.answer_route),
        {"stable": R1, "candidate": None, "fallback": None, "told": ["Promoted"], "phase": "Serving"},
    ),
    "the first version waits for the gateway": (
        starting,
        after_a_round(all_ready, later(5)),
        {
            "stable": None,
            "candidate": R1,
            "weight": 100,
            "waits": "the gateway to accept the route: Pending: gateway public has not looked at it yet",
        },
    ),
    "without a gateway the first version serves by the Service alone": (
        lambda: starting(gateway=False),
        after_a_round(all_ready, nothing),
        {"stable": R1, "weights": None, "service": R1, "told": ["Promoted"]},
    ),
    "a first version that raises while loading is sent back, and nothing serves": (
        starting,
        both(unready(R1), later(180)),
        {"stable": None, "candidate": None, "rejected": (R1, "NotReadyInTime"), "weights": None, "phase": "Failed"},
    ),
    # ---------------------------------------------------------------- up the steps
    "a new version is started beside the stable one, with the pods of its first step": (
        lambda: after_change(serving(), declares(version="b")),
        nothing,
        {
            "stable": R1,
            "candidate": R2,
            "weight": 0,
            "replicas": {R1: 2, R2: 1},
            "weights": {R1: 100},
            "told": ["Started"],
        },
    ),
    "no weight before a pod is ready": (started, nothing, {"candidate": R2, "weight": 0, "weights": {R1: 100}}),
    "the first step's weight once its pods are ready": (
        started,
        all_ready,
        {"weight": 10, "weights": {R1: 90, R2: 10}, "accepted": False, "told": ["WeightChanged"]},
    ),
    "neither time nor evidence counts before the gateway has accepted the weight": (
        started,
        after_a_round(all_ready, both(says(VerdictKind.ADVANCE), later(3600))),
        {"weight": 10, "step": 0, "accepted": False},
    ),
    "the hold time is waited for": (canary, both(says(VerdictKind.ADVANCE), later(29)), {"weight": 10, "step": 0}),
    "evidence is waited for": (
        canary,
        both(says(VerdictKind.UNDECIDED), later(3600)),
        {"weight": 10, "step": 0, "told": []},
    ),
    "suspicion holds": (canary, both(says(VerdictKind.HOLD), later(3600)), {"weight": 10, "step": 0, "told": []}),
    "the next step, and its pods first": (
        lambda: canary(replicas=4, steps=GENTLE),
        both(says(VerdictKind.ADVANCE), later(30)),
        {"weight": 10, "step": 1, "replicas": {R1: 4, R2: 2}, "told": ["StepPassed"]},
    ),
    "the next step at once where its pods are ready": (
        lambda: canary(replicas=4, steps=[{"weight": 10}, {"weight": 15}]),
        both(says(VerdictKind.ADVANCE), later(30)),
        {
            "weight": 15,
            "step": 1,
            "accepted": False,
            "told": ["StepPassed", "WeightChanged"],
            "weights": {R1: 85, R2: 15},
        },
    ),
    "after the last step full size first": (
        lambda: canary(30, replicas=4, steps=GENTLE),
        both(says(VerdictKind.ADVANCE), later(30)),
        {
            "weight": 30,
            "step": 2,
            "replicas": {R1: 4, R2: 4},
            "weights": {R1: 70, R2: 30},
            "service": R1,
            "phase": "Promoting",
        },
    ),
    "everything with full size": (
        lambda: canary(50),
        after_a_round(both(says(VerdictKind.ADVANCE), later(30)), all_ready),
        {"weight": 100, "weights": {R2: 100}, "stable": R1, "service": R1, "replicas": {R1: 2, R2: 2}},
    ),
    "promotion once everything is accepted": (
        lambda: canary(50),
        after_a_round(both(says(VerdictKind.ADVANCE), later(30)), all_ready, World.answer_route),
        {
            "stable": R2,
            "fallback": R1,
            "candidate": None,
            "service": R2,
            "replicas": {R1: 2, R2: 2},
            "told": ["Promoted"],
            "records": {R1: ("Fallback", "Watching"), R2: ("Serving", "Promoted")},
        },
    ),
    "no fallback where nothing is watched": (
        lambda: canary(50, watch="0s"),
        after_a_round(both(says(VerdictKind.ADVANCE), later(30)), all_ready, World.answer_route),
        {"stable": R2, "fallback": None, "records": {R1: ("Retired", "Replaced"), R2: ("Serving", "Promoted")}},
    ),
    "without a gateway: the switch, with full size only": (
        lambda: started(gateway=False),
        ready(R2, 1),
        {"candidate": R2, "weight": 0, "service": R1, "replicas": {R1: 2, R2: 2}},
    ),
    "without a gateway: the switch": (
        lambda: started(gateway=False),
        all_ready,
        {"candidate": R2, "weight": 100, "service": R2, "weights": None},
    ),
    "without a gateway: the watch": (
        lambda: started(gateway=False),
        after_a_round(all_ready, nothing),
        {"stable": R2, "fallback": R1, "service": R2},
    ),
    "without a gateway: pods lost before the switch is seen": (
        lambda: started(gateway=False),
        after_a_round(all_ready, ready(R2, 1)),
        {"candidate": R2, "weight": 0, "service": R1, "told": ["WeightChanged"]},
    ),
    "without steps: everything at once": (
        lambda: started(steps=[]),
        all_ready,
        {"candidate": R2, "weight": 100, "weights": {R2: 100}, "stable": R1},
    ),
    # ---------------------------------------------------------------- sent back
    "too many errors": (
        canary,
        lambda world: world.judge(BAD),
        {
            "candidate": None,
            "rejected": (R2, "TooManyErrors"),
            "weights": {R1: 100},
            "stable": R1,
            "phase": "RolledBack",
            "told": ["RolledBack"],
        },
    ),
    "too slow": (canary, says(VerdictKind.ROLL_BACK, "latency-p99"), {"candidate": None, "rejected": (R2, "TooSlow")}),
    "worse by a metric of the user's own": (
        canary,
        says(VerdictKind.ROLL_BACK, "low-confidence"),
        {"candidate": None, "rejected": (R2, "MetricWorse")},
    ),
    "two restarts are put up with": (canary, restarts(R2, 2), {"candidate": R2, "weight": 10}),
    "a third restart is not": (
        canary,
        restarts(R2, 3),
        {"candidate": None, "rejected": (R2, "PodsRestarting"), "weights": {R1: 100}},
    ),
    "restarts of pods left from an attempt before do not count against this one": (
        lambda: after_change(after_change(canary(), restarts(R2, 3)), declares(attempt="2")),
        both(World.answer_route, restarts(R2, 1)),
        {"candidate": R2, "attempt": 2, "rejected": None},
    ),
    "a tag that was pushed again": (
        lambda: canary(50, replicas=4),
        loses_image(R2),
        {"candidate": None, "rejected": (R2, "MixedImages"), "weights": {R1: 100}},
    ),
    "a verdict on a version without requests is not heard": (
        started,
        says(VerdictKind.ROLL_BACK),
        {"candidate": R2, "rejected": None},
    ),
    "by its own fault not ready in time": (
        started,
        both(unready(R2), later(180)),
        {"candidate": None, "rejected": (R2, "NotReadyInTime"), "stable": R1, "weights": {R1: 100}},
    ),
    "just in time": (started, both(unready(R2), later(179)), {"candidate": R2, "rejected": None}),
    "what surrounds it rejects nothing": (
        started,
        both(lambda world: world.make_unready(world.pods(R2), trouble()), later(3600)),
        {"candidate": R2, "rejected": None, "phase": "Stalled"},
    ),
    "an image that takes long to arrive leaves the whole deadline": (
        started,
        both(later(3600), unready(R2), later(179)),
        {"candidate": R2, "rejected": None},
    ),
    "the fault of pods of an earlier attempt does not count against this one": (
        lambda: after_change(started(), unready(R2)),
        after_a_round(both(later(170), declares(version="a")), declares(version="b"), later(60)),
        {"candidate": R2, "attempt": 2, "rejected": None},
    ),
    "what was sent back is not started again": (
        sent_back,
        later(3600),
        {"candidate": None, "rejected": (R2, "TooManyErrors"), "weights": {R1: 100}, "told": []},
    ),
    "what was sent back is drained before it is scaled down": (
        sent_back,
        nothing,
        {"replicas": {R1: 2, R2: 1}, "wake": 1.0},
    ),
    "what was sent back is scaled down once drained": (
        sent_back,
        lambda world: world.drained.add(R2),
        {"replicas": {R1: 2, R2: 0}},
    ),
    "what was sent back is scaled down after the longest request": (sent_back, later(75), {"replicas": {R1: 2, R2: 0}}),
    "what was sent back is not scaled down before the gateway has taken its weight": (
        sent_back,
        both(route(answered=0), lambda world: world.drained.add(R2), later(3600)),
        {"replicas": {R1: 2, R2: 1}},
    ),
    "a new string in rollout.attempt tries again": (
        sent_back,
        declares(attempt="2"),
        {"candidate": R2, "attempt": 2, "rejected": None, "told": ["Started", "WeightChanged"]},
    ),
    "another version is tried after one was sent back": (
        sent_back,
        after_a_round(declares(version="c"), nothing),
        {"candidate": R3, "rejected": None, "stable": R1, "told": ["Started"]},
    ),
    "declared again after the stable one it is tried afresh": (
        sent_back,
        after_a_round(declares(version="a"), declares(version="b")),
        {"candidate": R2, "attempt": 2, "rejected": None},
    ),
    "back to the stable version, what was sent back is forgotten": (
        sent_back,
        declares(version="a"),
        {
            "candidate": None,
            "rejected": None,
            "phase": "Serving",
            "records": {R1: ("Serving", "Promoted"), R2: ("Rejected", "TooManyErrors")},
        },
    ),
    "a hold time beyond the calendar does not keep a bad version": (
        lambda: canary(steps=[{"weight": 10, "hold": "99999999h"}]),
        lambda world: world.judge(BAD),
        {"candidate": None, "rejected": (R2, "TooManyErrors"), "weights": {R1: 100}},
    ),
    # ---------------------------------------------------------------- held instead of sent back
    "without automatic rollback a bad version is held": (
        lambda: canary(automatic=False),
        both(lambda world: world.judge(BAD), later(3600)),
        {
            "candidate": R2,
            "weight": 10,
            "rejected": None,
            "phase": "Stalled",
            "told": [],
            "conditions": {
                "Available": ("True", "StableServes"),
                "Ready": ("False", "TooManyErrors"),
                "Stalled": ("True", "TooManyErrors"),
            },
        },
    ),
    "without automatic rollback a bad watched version stays": (
        lambda: watching(automatic=False),
        lambda world: world.judge(BAD),
        {"stable": R2, "fallback": R1, "rejected": None},
    ),
    # ---------------------------------------------------------------- capacity
    "weight falls at once to what ready pods carry": (
        lambda: canary(50, replicas=4),
        ready(R2, 1),
        {"weight": 20, "weights": {R1: 80, R2: 20}, "accepted": False, "told": ["WeightChanged"]},
    ),
    "weight falls to nothing with the last pod": (
        lambda: canary(50, replicas=4),
        unready(R2),
        {"candidate": R2, "weight": 0, "weights": {R1: 100}},
    ),
    "weight does not come back at once": (
        lambda: canary(50, replicas=4),
        after_a_round(ready(R2, 1), both(World.answer_route, all_ready, later(9))),
        {"weight": 20, "told": []},
    ),
    "weight comes back to pods that have been ready for a while": (
        lambda: canary(50, replicas=4),
        after_a_round(ready(R2, 1), both(World.answer_route, all_ready), later(10)),
        {"weight": 50, "told": ["WeightChanged"]},
    ),
    "one flapping pod does not keep the weight of the steady ones away": (
        lambda: canary(30, replicas=4, steps=GENTLE),
        after_a_round(
            both(lambda world: setattr(world.workloads[R2], "replicas", 3), all_ready, unready(R2)),
            both(World.answer_route, ready(R2, 2)),
            both(later(10), all_ready),
        ),
        {"weight": 30},
    ),
    "no promotion while pods are missing": (
        lambda: canary(50),
        after_a_round(both(says(VerdictKind.ADVANCE), later(30)), all_ready, both(World.answer_route, ready(R2, 1))),
        {"stable": R1, "candidate": R2, "weight": 33, "weights": {R1: 67, R2: 33}},
    ),
    "more replicas in the middle: the weight follows": (
        lambda: canary(50),
        declares(replicas=8),
        {"weight": 20, "replicas": {R1: 8, R2: 8}},
    ),
    "fewer replicas in the middle: stable keeps its size": (
        lambda: canary(30, replicas=4, steps=GENTLE),
        declares(replicas=1),
        {"weight": 30, "replicas": {R1: 4, R2: 2}},
    ),
    "lower steps in the middle": (
        lambda: canary(50),
        declares(steps=[{"weight": 5}, {"weight": 20}]),
        {"weight": 20, "weights": {R1: 80, R2: 20}},
    ),
    # ---------------------------------------------------------------- several versions
    "a third version in the middle": (
        canary,
        after_a_round(declares(version="c"), nothing),
        {
            "candidate": R3,
            "weight": 0,
            "weights": {R1: 100},
            "told": ["Started"],
            "records": {R1: ("Serving", "Promoted"), R2: ("Superseded", "Superseded"), R3: ("Candidate", "Started")},
        },
    ),
    "the pushed aside loses its weight before the third version exists": (
        canary,
        declares(version="c"),
        {"candidate": None, "new": 3, "weights": {R1: 100}, "replicas": {R1: 2, R2: 1}, "told": ["Superseded"]},
    ),
    "back to stable in the middle": (
        canary,
        declares(version="a"),
        {
            "candidate": None,
            "weights": {R1: 100},
            "told": ["Superseded"],
            "rejected": None,
            "phase": "RouteNotAccepted",
        },
    ),
    "there and back again is a new attempt": (
        canary,
        after_a_round(declares(version="a"), declares(version="b")),
        {"candidate": R2, "attempt": 2, "step": 0, "weight": 10, "accepted": False},
    ),
    "a third version in the watch window: the watched one stays stable, the fallback stays": (
        watching,
        after_a_round(declares(version="c"), nothing),
        {"stable": R2, "fallback": R1, "candidate": R3, "replicas": {R1: 2, R2: 2, R3: 1}, "weights": {R2: 100}},
    ),
    "a third version in the watch window: its first weight ends the watch": (
        watching,
        after_a_round(declares(version="c"), nothing, all_ready),
        {
            "stable": R2,
            "fallback": None,
            "candidate": R3,
            "weight": 10,
            "told": ["WeightChanged", "WatchEnded"],
            "weights": {R2: 90, R3: 10},
        },
    ),
    "a third version in the watch window: the watched one can still be sent back": (
        watching,
        after_a_round(declares(version="c"), nothing, lambda world: world.judge(BAD)),
        {
            "stable": R1,
            "fallback": None,
            "candidate": R3,
            "weights": {R1: 100},
            "told": ["RolledBack"],
            "rejected": None,
        },
    ),
    "that record outlives what the spec declares next": (
        watching,
        after_a_round(declares(version="c"), nothing, lambda world: world.judge(BAD), nothing),
        {"records": {R1: ("Serving", "TookOver"), R2: ("Rejected", "TooManyErrors"), R3: ("Candidate", "Started")}},
    ),
    "a rejected third version is not forgotten for a bad watched one": (
        lambda: after_change(watching(), after_a_round(declares(version="c"), nothing)),
        after_a_round(both(unready(R3), later(180)), lambda world: world.judge(BAD)),
        {"stable": R1, "fallback": None, "candidate": None, "rejected": (R3, "NotReadyInTime")},
    ),
    "back to the fallback in the watch window: a new attempt, and it stays fallback at full size": (
        lambda: watching(replicas=4),
        both(unready(R1), declares(version="a")),
        {
            "stable": R2,
            "candidate": R1,
            "fallback": R1,
            "weight": 0,
            "attempt": 2,
            "replicas": {R1: 4, R2: 4},
            "records": {R1: ("Candidate", "Started"), R2: ("Serving", "Promoted")},
        },
    ),
    "back to the fallback in the watch window: its first weight": (
        lambda: watching(replicas=4),
        declares(version="a"),
        {
            "stable": R2,
            "candidate": R1,
            "fallback": None,
            "weight": 10,
            "replicas": {R1: 4, R2: 4},
            "records": {R1: ("Candidate", "Started"), R2: ("Serving", "Promoted")},
        },
    ),
    "a fallback on trial takes over at once from a bad stable version": (
        lambda: after_change(watching(replicas=4), both(unready(R1), declares(version="a"))),
        after_a_round(
            nothing, both(ready(R1, 1), lambda world: world.moods.update({world.subject() or ("", 0, ""): BAD}))
        ),
        {"stable": R1, "candidate": None, "fallback": None, "weights": {R1: 100}, "rejected": None},
    ),
    # ---------------------------------------------------------------- the watch window
    "the watch window ends": (
        watching,
        later(600),
        {
            "stable": R2,
            "fallback": None,
            "told": ["WatchEnded"],
            "records": {R1: ("Retired", "WatchEnded"), R2: ("Serving", "Promoted")},
        },
    ),
    "a watch window beyond the calendar is as long as one can be": (
        lambda: watching(watch="9999999999d"),
        later(9 * 365 * 86400),
        {"stable": R2, "fallback": R1},
    ),
    "after the watch window the old version is kept without pods": (
        settled,
        nothing,
        {"replicas": {R1: 0, R2: 2}, "phase": "Serving", "wake": None, "told": []},
    ),
    "a bad version goes back in the watch window": (
        watching,
        lambda world: world.judge(BAD),
        {
            "stable": R1,
            "fallback": None,
            "weights": {R1: 100},
            "service": R1,
            "rejected": (R2, "TooManyErrors"),
            "phase": "RolledBack",
            "told": ["RolledBack"],
        },
    ),
    "pods that die in the watch window send it back": (
        watching,
        restarts(R2, 3),
        {"stable": R1, "rejected": (R2, "PodsRestarting")},
    ),
    "restarts before the promotion do not count in the watch window": (
        lambda: promoted_after(restarts(R2, 2)),
        restarts(R2, 1),
        {"stable": R2, "fallback": R1, "rejected": None},
    ),
    "restarts since the promotion count, whatever was before": (
        lambda: promoted_after(restarts(R2, 2)),
        restarts(R2, 3),
        {"stable": R1, "rejected": (R2, "PodsRestarting")},
    ),
    "a fallback without ready pods cannot take over": (
        watching,
        both(unready(R1), lambda world: world.judge(BAD)),
        {"stable": R2, "fallback": R1, "rejected": None, "weights": {R2: 100}},
    ),
    "the fallback stands in while stable has no ready pod": (
        watching,
        unready(R2),
        {
            "stable": R2,
            "fallback": R1,
            "weights": {R1: 100},
            "service": R1,
            "rejected": None,
            "phase": "Degraded",
            "told": [],
        },
    ),
    "stable is back": (
        watching,
        after_a_round(unready(R2), ready(R2, 1)),
        {"stable": R2, "fallback": R1, "weights": {R2: 100}, "service": R2},
    ),
    "stable is not back in time": (
        watching,
        after_a_round(unready(R2), later(20)),
        {"stable": R1, "fallback": None, "rejected": (R2, "NoReadyPods"), "weights": {R1: 100}},
    ),
    "a fallback that stands in is not released": (
        lambda: watching(automatic=False),
        after_a_round(unready(R2), later(601)),
        {"stable": R2, "fallback": R1, "weights": {R1: 100}},
    ),
    "a new version gets no first weight while the fallback stands in": (
        lambda: after_change(watching(), after_a_round(declares(version="c"), nothing)),
        both(all_ready, unready(R2)),
        {"stable": R2, "fallback": R1, "candidate": R3, "weight": 0, "weights": {R1: 100}},
    ),
    "nor is it held up by a stable version that stays down": (
        lambda: after_change(watching(automatic=False), after_a_round(declares(version="c"), nothing)),
        after_a_round(both(all_ready, unready(R2)), later(20), both(all_ready, unready(R2))),
        {"stable": R2, "fallback": None, "candidate": R3, "weight": 100, "weights": {R3: 100}},
    ),
    # ---------------------------------------------------------------- stable is down
    "a fix is tried by steps while stable may come back": (
        started,
        both(all_ready, unready(R1)),
        {"candidate": R2, "weight": 10, "stable": R1},
    ),
    "a fix gets everything from a stable version that is down": (
        started,
        after_a_round(unready(R1), both(later(20), ready(R2, 1))),
        {"candidate": R2, "weight": 100, "weights": {R2: 100}, "replicas": {R1: 2, R2: 2}},
    ),
    "a fix in the middle does not wait for the gateway's last answer": (
        canary,
        after_a_round(ready(R1, 0), route(answered=0), both(later(20), route(answered=0))),
        {"candidate": R2, "weight": 100},
    ),
    "stable is back before the fix has everything": (
        started,
        after_a_round(unready(R1), both(later(20), ready(R2, 1)), all_ready),
        {"candidate": R2, "weight": 10, "weights": {R1: 90, R2: 10}, "told": ["WeightChanged"]},
    ),
    "a fix that is all there is keeps its weight whatever its pods": (
        started,
        after_a_round(unready(R1), both(later(20), ready(R2, 1)), unready(R2)),
        {"candidate": R2, "weight": 100, "told": []},
    ),
    "no fallback is made of a version that is down": (
        started,
        after_a_round(unready(R1), both(later(20), ready(R2, 1)), World.answer_route),
        {"stable": R2, "fallback": None, "told": ["Promoted"]},
    ),
    "a predecessor that is unready for the moment of the promotion is a fallback all the same": (
        about_to_be_promoted,
        both(World.answer_route, unready(R1)),
        {"stable": R2, "fallback": R1, "told": ["Promoted"]},
    ),
    # ---------------------------------------------------------------- the end of the watch
    "a watch does not end before the fallback can take over from a version that was found bad": (
        watching,
        both(found_bad, unready(R1), later(600)),
        {"stable": R2, "fallback": R1, "told": []},
    ),
    "and it takes over as soon as it can": (
        watching,
        after_a_round(both(found_bad, unready(R1), later(600)), all_ready),
        {"stable": R1, "rejected": (R2, "TooManyErrors"), "weights": {R1: 100}},
    ),
    "it ends where nothing is taken back without a person": (
        lambda: watching(automatic=False),
        both(found_bad, later(600)),
        {"stable": R2, "fallback": None, "told": ["WatchEnded"]},
    ),
    # ---------------------------------------------------------------- revisions that vanish
    "stable is deleted: the fallback serves": (
        watching,
        deleted(R2),
        {"stable": R1, "fallback": None, "weights": {R1: 100}, "new": 3, "told": ["StableVanished"]},
    ),
    "stable is deleted without a fallback: a new revision is made of what is declared": (
        serving,
        deleted(R1),
        {"stable": None, "new": 2, "weights": None, "told": ["StableVanished"]},
    ),
    "stable is deleted in the middle: the candidate takes everything with full size": (
        lambda: canary(50, replicas=2),
        after_a_round(deleted(R1), all_ready),
        {"stable": None, "candidate": R2, "weight": 100, "weights": {R2: 100}},
    ),
    "the candidate is deleted": (
        canary,
        deleted(R2),
        {"stable": R1, "candidate": None, "weights": {R1: 100}, "new": 3},
    ),
    "the fallback is deleted": (watching, deleted(R1), {"stable": R2, "fallback": None}),
    "what was sent back is deleted: it is made anew": (sent_back, deleted(R2), {"rejected": None, "new": 3}),
    # ---------------------------------------------------------------- the status is lost
    "status lost: what serves is stable": (
        serving,
        World.lose_status,
        {"stable": R1, "candidate": None, "frozen": None, "weights": {R1: 100}, "told": ["StatusRecovered"]},
    ),
    "status lost in the middle: what has most is stable, nothing new starts": (
        canary,
        World.lose_status,
        {"stable": R1, "candidate": None, "frozen": "StatusLost", "weights": {R1: 100}, "new": None},
    ),
    "status lost at half: the one that served before": (lambda: canary(50), World.lose_status, {"stable": R1}),
    "status lost without a gateway: where the Service points": (
        lambda: watching(gateway=False),
        World.lose_status,
        {"stable": R2, "fallback": None, "frozen": None, "service": R2},
    ),
    "status lost before anything served": (
        starting,
        World.lose_status,
        {"stable": None, "candidate": R1, "attempt": 2, "frozen": None},
    ),
    # ---------------------------------------------------------------- it cannot go on
    "blocked: nothing new is made, what runs runs on": (
        serving,
        both(
            declares(version="b"),
            lambda world: setattr(world, "blocked", trouble("ConfigMapMissing", "ConfigMap limits does not exist")),
        ),
        {"new": None, "stable": R1, "weights": {R1: 100}, "phase": "ConfigMapMissing", "wake": 30.0},
    ),
    "a place that is taken is not claimed": (
        starting,
        both(all_ready, place_taken),
        {"candidate": R1, "weight": 0, "weights": None, "service": R1, "phase": "Stalled"},
    ),
    "a conflict never keeps a bad version on a route that exists": (
        canary,
        both(found_bad, place_taken),
        {"rejected": (R2, "TooManyErrors"), "weights": {R1: 100}},
    ),
    "nor one that a person rolls back": (
        settled,
        after_a_round(both(place_taken, rolled_back), all_ready),
        {"candidate": R1, "weight": 100, "weights": {R1: 100}},
    ),
    "nor one that is down": (
        started,
        after_a_round(both(place_taken, unready(R1)), both(later(20), ready(R2, 1))),
        {"candidate": R2, "weight": 100, "weights": {R2: 100}},
    ),
}


@pytest.mark.parametrize(("situation", "change", "expected"), list(ROWS.values()), ids=list(ROWS))
def test_transition(situation: Situation, change: Change, expected: dict[str, Any]) -> None:
    world = situation()
    change(world)
    assert outcome(decided(world), *expected) == expected

"""Situations that tables start from, each reached by rounds of Tandem itself; and decisions, in short."""

from collections.abc import Callable
from typing import Any

from tandem.judge import VerdictKind
from tests.unit.rollout.checks import check_decision
from tests.unit.rollout.world import Round, World, verdict_of

R1, R2, R3 = "fraud-r1", "fraud-r2", "fraud-r3"
Situation = Callable[[], World]
BAD = verdict_of(VerdictKind.ROLL_BACK, "9 of 100 requests failed, 1 of 900 of fraud-r1's")


def fresh(**spec: Any) -> World:
    """Nothing is there but the object."""
    return World(**spec)


def starting(**spec: Any) -> World:
    """The first version is the candidate; its pods are not ready."""
    world = World(**spec)
    rounds(world, 2)
    world.kubelet()
    return world


def serving(**spec: Any) -> World:
    """The first version (a, r1) is stable; nothing else is going on."""
    world = World(**spec).run(12)
    assert outcome(world.round(), "stable", "candidate", "fallback") == {
        "stable": R1,
        "candidate": None,
        "fallback": None,
    }
    return world


def started(**spec: Any) -> World:
    """a serves; b (r2) is the candidate without a ready pod."""
    world = serving(**spec)
    world.declare(version="b")
    rounds(world, 2)
    world.kubelet()
    return world


def canary(weight: int = 10, **spec: Any) -> World:
    """a serves; b is the candidate, at this weight, which the gateway has accepted just now."""
    world = started(**spec)
    for _ in range(8):
        world.kubelet()
        world.make_ready(world.pods())
        world.answer_route()
        at = outcome(world.round(), "weight", "accepted")
        if at == {"weight": weight, "accepted": True}:
            return world
        if at["weight"] != weight:
            world.judge(verdict_of(VerdictKind.ADVANCE, "0 of 500 requests failed"))
            world.pass_time(31)
    raise AssertionError(f"never at {weight} %")


def watching(**spec: Any) -> World:
    """b (r2) is stable and watched, a (r1) is its fallback at full size."""
    world = started(**spec)
    for _ in range(12):
        world.favour()
        found = outcome(world.round(), "stable", "fallback")
        if found == {"stable": R2, "fallback": R1}:
            world.favour(1)
            world.round()
            return world
    raise AssertionError("never promoted")


def settled(**spec: Any) -> World:
    """b is stable, the watch is over, a is kept without pods."""
    world = watching(**spec)
    world.pass_time(600)
    return world.run(6)


def sent_back(**spec: Any) -> World:
    """a serves; b was sent back at 10 % for its errors and is what the spec declares."""
    world = canary(**spec)
    world.judge(BAD)
    world.round()
    world.answer_route()
    world.round()
    return world


def returning(**spec: Any) -> World:
    """b is stable; a person ordered it away, and a (r1) is being scaled up to take over."""
    world = settled(**spec)
    world.order(R2, "Rollback", "back")
    rounds(world, 2)
    world.kubelet()
    return world


def rounds(world: World, count: int) -> None:
    for _ in range(count):
        world.round(check=check_decision)


def decided(world: World) -> Round:
    """One round, held to all that must hold of every decision."""
    return world.round(check=check_decision)


def outcome(result: Round, *keys: str) -> dict[str, Any]:
    """Return what a decision comes to, by short names."""
    status, desired = result.decision.status, result.decision.desired
    conditions = {c.type: c for c in status.conditions or []}
    found: dict[str, Any] = {
        "stable": status.stable.revision if status.stable else None,
        "candidate": status.candidate.revision if status.candidate else None,
        "fallback": status.fallback.revision if status.fallback else None,
        "rejected": (status.rejected.revision, status.rejected.reason) if status.rejected else None,
        "frozen": status.frozen_by,
        "weight": status.candidate.weight if status.candidate else None,
        "accepted": bool(status.candidate and status.candidate.weight_since),
        "step": status.candidate.step if status.candidate else None,
        "attempt": status.candidate.attempt if status.candidate else None,
        "restore": bool(status.candidate and status.candidate.restore),
        "paused": bool(status.candidate and status.candidate.paused),
        "unproven": status.candidate.without_evidence if status.candidate else None,
        "stable unproven": status.stable.without_evidence if status.stable else None,
        "weights": {name: weight for name, weight in (desired.weights or {}).items() if weight} or None,
        "service": desired.service_target,
        "replicas": dict(desired.replicas),
        "new": desired.new_revision,
        "delete": desired.delete,
        "told": [happening.reason for happening in result.decision.happenings],
        "phase": status.phase,
        "waits": status.waiting_for.what if status.waiting_for else None,
        "wake": result.decision.wake_after,
        "records": {name: (record.phase, record.reason) for name, record in result.decision.revisions.items()},
        "conditions": {name: (c.status, c.reason) for name, c in conditions.items()},
        "messages": {name: c.message for name, c in conditions.items()},
    }
    return {key: found[key] for key in keys} if keys else found

"""What happens to a cluster in miniature, in words that tables are made of."""

from collections.abc import Callable
from typing import Any

from tandem.judge import VerdictKind
from tests.unit.rollout.situations import R2, canary, decided, outcome
from tests.unit.rollout.world import World, verdict_of

Change = Callable[[World], None]


def nothing(_: World) -> None:
    """Only time and Tandem."""


def all_ready(world: World) -> None:
    world.kubelet()
    world.make_ready(world.pods())


def ready(name: str, count: int) -> Change:
    def change(world: World) -> None:
        world.kubelet()
        world.make_unready(world.pods(name))
        world.make_ready(world.pods(name)[:count])

    return change


def unready(name: str) -> Change:
    return ready(name, 0)


def restarts(name: str, times: int) -> Change:
    def change(world: World) -> None:
        world.pass_time(1)
        for _ in range(times):
            world.restart(world.pods(name)[0])
        world.make_ready(world.pods(name))

    return change


def says(kind: VerdictKind, metric: str = "errors") -> Change:
    return lambda world: world.judge(verdict_of(kind, metric=metric))


def declares(**spec: Any) -> Change:
    return lambda world: world.declare(**spec)


def later(seconds: int) -> Change:
    return lambda world: world.pass_time(seconds)


def loses_image(name: str) -> Change:
    def change(world: World) -> None:
        world.pods(name)[0].image_id = "sha256:pushed-again"

    return change


def deleted(name: str) -> Change:
    return lambda world: world.delete_revision(name)


def route(**changes: Any) -> Change:
    def change(world: World) -> None:
        assert world.route is not None
        for name, value in changes.items():
            setattr(world.route, name, value)

    return change


def both(*changes: Change) -> Change:
    def change(world: World) -> None:
        for each in changes:
            each(world)

    return change


def after_a_round(*changes: Change) -> Change:
    """Apply the changes with a round of Tandem after each but the last."""

    def change(world: World) -> None:
        for each in changes[:-1]:
            each(world)
            decided(world)
        changes[-1](world)

    return change


def after_rounds(world: World, count: int) -> World:
    for _ in range(count):
        decided(world)
    return world


def promoted_after(change: Change) -> World:
    """b was promoted after this happened to it at its last step."""
    world = canary(50)
    change(world)
    while outcome(decided(world), "stable") != {"stable": R2}:
        world.favour()
    return world


def after_change(world: World, change: Change) -> World:
    change(world)
    decided(world)
    return world

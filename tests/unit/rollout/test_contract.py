"""The stricter contract: who is held to what, and what is said when a change relaxes it together with a new version."""

from collections.abc import Callable
from typing import Any

import pytest

from tandem.api.requirements import Requirements
from tandem.judge import VerdictKind
from tandem.rollout.contract import contract_in_force, stricter, weakened
from tests.unit.rollout.situations import R1, R2, canary, decided, outcome, rounds, serving, settled, started, watching
from tests.unit.rollout.world import World, verdict_of, with_status

STRICT = {"latency": {"p50": "50ms", "p99": "150ms"}, "availability": "99.9%"}
LOOSE = {"latency": {"p99": "1s"}, "availability": "99%"}


def of(**fields: Any) -> Requirements:
    return Requirements.model_validate(fields)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param({}, {}, {}, id="nothing"),
        pytest.param(STRICT, {}, STRICT, id="one-has-none"),
        pytest.param(STRICT, LOOSE, STRICT, id="one-is-stricter"),
        pytest.param(
            {"latency": {"p99": "200ms"}},
            {"latency": {"p95": "100ms"}, "availability": "99%"},
            {"latency": {"p95": "100ms", "p99": "200ms"}, "availability": "99%"},
            id="each-has-its-own",
        ),
        pytest.param({"latency": {"p99": "1s"}}, {"latency": {"p99": "900ms"}}, {"latency": {"p99": "900ms"}}, id="ms"),
        pytest.param({"availability": "100%"}, {"availability": "99.99%"}, {"availability": "100%"}, id="by-number"),
    ],
)
def test_the_stricter_of_two_contracts(one: dict[str, Any], other: dict[str, Any], expected: dict[str, Any]) -> None:
    assert stricter(of(**one), of(**other)).to_dict() == expected
    assert stricter(of(**other), of(**one)).to_dict() == expected


@pytest.mark.parametrize(
    ("declared", "before", "expected"),
    [
        pytest.param(STRICT, STRICT, (), id="the-same"),
        pytest.param(STRICT, LOOSE, (), id="tightened"),
        pytest.param({"latency": {"p99": "1000ms"}}, {"latency": {"p99": "1s"}}, (), id="the-same-in-other-words"),
        pytest.param(
            LOOSE,
            STRICT,
            (
                "latency.p50 of 50ms was removed",
                "latency.p99 went from 150ms to 1s",
                "availability went from 99.9% to 99%",
            ),
            id="relaxed",
        ),
        pytest.param({}, {"availability": "99%"}, ("availability of 99% was removed",), id="removed"),
    ],
)
def test_what_was_relaxed_is_named(declared: dict[str, Any], before: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert weakened(of(**declared), of(**before)) == expected


def relaxed(situation: Callable[..., World]) -> World:
    """Reach a situation, the requirements relaxed in the change that declares the version b."""
    declare = World.declare

    def declare_relaxed(world: World, **changes: Any) -> None:
        declare(world, **changes, requirements=LOOSE)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(World, "declare", declare_relaxed)
        return situation(requirements=STRICT)


def held_to(world: World) -> dict[str, Any]:
    return contract_in_force(world.deployment()).to_dict()


def test_a_version_that_serves_alone_is_held_to_what_is_declared() -> None:
    world = serving(requirements=STRICT)
    assert held_to(world) == STRICT
    world.declare(requirements=LOOSE)
    found = outcome(decided(world), "conditions", "told")
    assert "ContractWeakened" not in found["conditions"]
    assert found["told"] == []
    world.declare(version="b")
    rounds(world, 2)
    assert "ContractWeakened" not in outcome(decided(world), "conditions")["conditions"]


@pytest.mark.parametrize("situation", [started, canary, watching], ids=lambda situation: str(situation.__name__))
def test_relaxed_together_with_a_version_that_is_tried(situation: Callable[..., World]) -> None:
    world = relaxed(situation)
    assert held_to(world) == STRICT
    found = outcome(decided(world), "conditions", "messages", "told")
    assert found["conditions"]["ContractWeakened"] == ("True", "RequirementsRelaxed")
    assert "latency.p99 went from 150ms to 1s" in found["messages"]["ContractWeakened"]
    assert "ContractWeakened" not in found["told"], "it is told once, when it happens"
    assert [item.reason for item in world.happenings].count("ContractWeakened") == 1


def test_relaxed_while_the_version_is_tried_already() -> None:
    world = canary(requirements=STRICT)
    world.declare(requirements=LOOSE)
    assert outcome(decided(world), "told")["told"] == ["ContractWeakened"]
    assert held_to(world) == STRICT


def test_put_back_it_is_no_longer_said() -> None:
    world = relaxed(canary)
    world.declare(requirements=STRICT)
    assert "ContractWeakened" not in outcome(decided(world), "conditions")["conditions"]


def test_after_the_watch_the_new_contract_counts_alone() -> None:
    world = relaxed(settled)
    assert held_to(world) == LOOSE
    assert "ContractWeakened" not in outcome(decided(world), "conditions")["conditions"]
    world.declare(version="c")
    rounds(world, 2)
    assert "ContractWeakened" not in outcome(decided(world), "conditions")["conditions"]


@pytest.mark.parametrize("situation", [canary, watching], ids=lambda situation: str(situation.__name__))
def test_after_a_rollback_the_old_version_keeps_its_contract(situation: Callable[..., World]) -> None:
    world = relaxed(situation)
    world.judge(verdict_of(VerdictKind.ROLL_BACK))
    assert outcome(decided(world), "stable", "rejected") == {"stable": R1, "rejected": (R2, "TooManyErrors")}
    world.run(4)
    world.declare(version="c")
    rounds(world, 2)
    assert held_to(world) == STRICT
    assert "ContractWeakened" in outcome(decided(world), "conditions")["conditions"]


def test_a_status_written_before_there_were_contracts() -> None:
    world = canary(requirements=STRICT)
    stable = world.slots.stable
    assert stable is not None
    world = with_status(world, stable=stable.with_changes(contract=None))
    world.declare(requirements=LOOSE)
    assert held_to(world) == LOOSE
    assert "ContractWeakened" not in outcome(decided(world), "conditions")["conditions"]

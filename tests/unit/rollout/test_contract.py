"""The stricter contract: who is held to what, and what is said when a change relaxes it together with a new version."""

from collections.abc import Callable
from typing import Any

import pytest

from tandem.judge import VerdictKind
from tandem.rollout.contract import MOST_LISTED, contract_in_force
from tests.unit.rollout.situations import R1, R2, canary, decided, outcome, rounds, serving, settled, started, watching
from tests.unit.rollout.world import Luck, World, verdict_of, with_status

STRICT = {"latency": {"p50": "50ms", "p99": "150ms"}, "availability": "99.9%"}
LOOSE = {"latency": {"p99": "1s"}, "availability": "99%"}


ASKED = {"edgeCases": {"rows": [{"configMap": "cases"}]}}


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


# ---------------------------------------------------------------- acceptance

PREDICT: dict[str, Any] = {
    "path": "/predict",
    "request": {"type": "object", "properties": {"amount": {"type": "number"}}},
}
REQUIRING = {**PREDICT, "request": {**PREDICT["request"], "required": ["amount"]}}
BATCH = {"path": "/batch"}
CALLED: dict[str, Any] = {"interface": [PREDICT, BATCH], "consumers": [{"team": "checkout"}]}


def changed_with(situation: Callable[..., World], before: dict[str, Any], **after: Any) -> World:
    """Reach a situation; the change that declares the version b changes these too."""
    declare = World.declare

    def declare_too(world: World, **changes: Any) -> None:
        declare(world, **changes, **after)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(World, "declare", declare_too)
        return situation(**before)


def weakened_in(world: World) -> dict[str, str]:
    return {each.hash: each.difference for each in decided(world).decision.status.weakened or []}


def told(world: World, reason: str) -> list[str]:
    return [item.message for item in world.happenings if item.reason == reason]


def test_status_lists_each_difference_with_its_hash() -> None:
    world = relaxed(canary)
    found = weakened_in(world)
    assert set(found.values()) == {
        "latency.p50 of 50ms was removed",
        "latency.p99 went from 150ms to 1s",
        "availability went from 99.9% to 99%",
    }
    message = outcome(decided(world), "messages")["messages"]["ContractWeakened"]
    assert all(f"({hash_})" in message for hash_ in found)
    [event] = told(world, "ContractWeakened")
    assert all(hash_ in event for hash_ in found)


@pytest.mark.parametrize("situation", [canary, watching], ids=lambda situation: str(situation.__name__))
def test_accepted_from_git_difference_by_difference(situation: Callable[..., World]) -> None:
    world = relaxed(situation)
    slower = next(hash_ for hash_, text in weakened_in(world).items() if "p99" in text)
    world.declare(accept_weakening=[slower])
    assert held_to(world) == {"latency": {"p50": "50ms", "p99": "1s"}, "availability": "99.9%"}
    assert slower not in weakened_in(world)
    world.declare(accept_weakening=[slower, *weakened_in(world)])
    assert held_to(world) == LOOSE
    assert "ContractWeakened" not in outcome(decided(world), "conditions")["conditions"]


@pytest.mark.parametrize("verb", ["Accept", "Promote"])
def test_accepted_by_a_person_until_the_watch_is_over(verb: str) -> None:
    world = relaxed(canary)
    world.order(R2, verb, "1")
    decided(world)
    world.round()
    assert held_to(world) == LOOSE
    while outcome(decided(world), "stable")["stable"] != R2:
        world.favour()
        world.round()
    assert held_to(world) == LOOSE
    assert weakened_in(world) == {}
    world.judge(verdict_of(VerdictKind.ROLL_BACK))
    assert outcome(decided(world), "stable", "rejected") == {"stable": R1, "rejected": (R2, "TooManyErrors")}


def test_accepted_while_it_is_watched() -> None:
    world = relaxed(watching)
    world.order(R2, "Accept", "1")
    result = world.round()
    assert held_to(world) == LOOSE
    assert "3 differences accepted" in (result.decision.status.decisions or [])[0].result


def test_what_is_accepted_of_one_version_is_not_of_the_next() -> None:
    world = relaxed(canary)
    world.order(R2, "Accept", "1")
    world.round()
    world.declare(version="c")
    rounds(world, 2)
    assert held_to(world) == STRICT


@pytest.mark.parametrize(
    ("revision", "verb_on", "expected"),
    [(R1, canary, "neither the candidate nor watched"), (R2, canary, "promises no less")],
)
def test_an_accept_of_nothing_says_so(revision: str, verb_on: Callable[..., World], expected: str) -> None:
    world = verb_on(requirements=STRICT)
    world.order(revision, "Accept", "1")
    result = world.round()
    assert expected in (result.decision.status.decisions or [])[0].result


def test_a_version_that_was_watched_unaccepted_hands_on_what_it_was_held_to() -> None:
    """The next one pushed into its watch window does not get the relaxed objective for free."""
    world = relaxed(watching)
    world.declare(version="c")
    rounds(world, 2)
    assert "latency.p99 went from 150ms to 1s" in weakened_in(world).values()
    for _ in range(4):
        world.favour()
        world.round()
    assert (world.slots.candidate or world.slots.stable) is not None
    assert held_to(world) == STRICT


def test_a_first_version_weakens_nothing() -> None:
    world = serving(**CALLED, automatic=False)
    assert weakened_in(world) == {}


# ---------------------------------------------------------------- what no judge sees


@pytest.mark.parametrize(
    ("interface", "difference"),
    [([PREDICT], "POST /batch was removed"), ([REQUIRING, BATCH], "POST /predict request: amount is now required")],
    ids=["endpoint-removed", "request-narrowed"],
)
def test_a_broken_interface_waits_at_0_for_somebody_who_asks_the_consumers(interface: Any, difference: str) -> None:
    world = changed_with(started, CALLED, interface=interface)
    world.run(6)
    found = outcome(decided(world), "weight", "conditions", "messages", "phase", "waits")
    assert found["weight"] == 0
    assert found["conditions"]["Stalled"] == ("True", "ContractWeakened")
    assert found["conditions"]["ContractWeakened"] == ("True", "InterfaceBroken")
    assert found["phase"] == "Stalled"
    for part in (difference, "checkout", f"order Accept of {R2}", "rollout.acceptWeakening"):
        assert part in found["messages"]["Stalled"], found["messages"]["Stalled"]
    assert found["waits"].startswith("a person: ")


def accepts_by_verb(world: World) -> None:
    world.order(R2, "Accept", "1")


def accepts_in_git(world: World) -> None:
    world.declare(accept_weakening=list(weakened_in(world)))


def puts_it_back(world: World) -> None:
    world.declare(interface=[BATCH, PREDICT])


def promotes(world: World) -> None:
    world.order(R2, "Promote", "1")


@pytest.mark.parametrize("act", [accepts_by_verb, accepts_in_git, puts_it_back, promotes], ids=lambda act: act.__name__)
def test_then_it_goes_on(act: Callable[[World], None]) -> None:
    world = changed_with(started, CALLED, interface=[PREDICT])
    world.run(6)
    act(world)
    world.run(12)
    assert outcome(decided(world), "stable")["stable"] == R2


def test_with_no_consumer_named_it_is_only_told() -> None:
    world = changed_with(started, {**CALLED, "consumers": []}, interface=[PREDICT])
    world.run(3)
    found = outcome(decided(world), "weight", "conditions", "messages")
    assert found["weight"] == 10
    assert "Stalled" not in found["conditions"]
    assert "No consumer is named" in found["messages"]["ContractWeakened"]
    [event] = told(world, "ContractWeakened")
    assert "POST /batch was removed" in event


def test_a_consumer_is_not_got_rid_of_in_the_same_change() -> None:
    world = changed_with(started, CALLED, interface=[PREDICT], consumers=[])
    world.run(6)
    assert outcome(decided(world), "weight")["weight"] == 0


@pytest.mark.parametrize("called", [CALLED, {}], ids=["called", "nobody-named"])
def test_a_demand_given_up_with_a_new_version_waits_for_somebody_who_wants_that(called: dict[str, Any]) -> None:
    """Whom it protected cannot notice, so it does not matter whether a consumer is named."""
    world = changed_with(started, {**called, "quality": ASKED}, quality=None)
    world.run(6)
    found = outcome(decided(world), "weight", "conditions", "messages")
    assert found["weight"] == 0
    assert found["conditions"]["ContractWeakened"] == ("True", "QualityRelaxed")
    assert "quality.edgeCases of at least 1 was removed" in found["messages"]["Stalled"]
    accepts_by_verb(world)
    world.run(12)
    assert outcome(decided(world), "stable")["stable"] == R2


def test_broken_on_the_way_it_keeps_its_weight_and_can_still_be_sent_back() -> None:
    world = canary(**CALLED)
    world.declare(interface=[])
    world.run(6)
    assert outcome(decided(world), "weight", "stable") == {"weight": 10, "stable": R1}
    world.judge(verdict_of(VerdictKind.ROLL_BACK))
    assert outcome(decided(world), "rejected")["rejected"] == (R2, "TooManyErrors")


def test_nobody_is_protected_by_waiting_while_nobody_serves() -> None:
    world = changed_with(started, CALLED, interface=[PREDICT])
    for _ in range(4):
        world.kubelet()
        world.make_ready(world.pods(R2))
        world.make_unready(world.pods(R1))
        world.answer_route()
        world.pass_time(31)
        world.round()
    assert outcome(decided(world), "stable")["stable"] == R2


def test_time_alone_sends_nobody_back_who_waits_for_acceptance() -> None:
    world = canary(**CALLED, max_duration="1m", when_undecided="RollBack")
    world.declare(interface=[])
    world.judge(verdict_of(VerdictKind.UNDECIDED))
    world.pass_time(600)
    assert outcome(decided(world), "weight", "rejected") == {"weight": 10, "rejected": None}


def test_the_interface_changed_while_the_version_serves_alone_is_a_change_of_its_own() -> None:
    world = serving(**CALLED)
    world.declare(interface=[PREDICT])
    decided(world)
    world.round()
    world.declare(version="b")
    world.run(3)
    assert weakened_in(world) == {}


@pytest.mark.parametrize("situation", [canary, watching], ids=lambda situation: str(situation.__name__))
def test_automatic_rollback_switched_off_in_the_same_change_stays_on(situation: Callable[..., World]) -> None:
    world = changed_with(situation, {}, automatic=False)
    assert outcome(decided(world), "conditions")["conditions"]["ContractWeakened"] == ("True", "SafeguardsRemoved")
    world.judge(verdict_of(VerdictKind.ROLL_BACK))
    assert outcome(decided(world), "stable", "rejected") == {"stable": R1, "rejected": (R2, "TooManyErrors")}


@pytest.mark.parametrize("situation", [canary, watching], ids=lambda situation: str(situation.__name__))
def test_automatic_rollback_switched_off_and_accepted_is_off(situation: Callable[..., World]) -> None:
    world = changed_with(situation, {}, automatic=False)
    world.order(R2, "Accept", "1")
    world.round()
    world.judge(verdict_of(VerdictKind.ROLL_BACK))
    assert outcome(decided(world), "rejected")["rejected"] is None


def test_a_lowered_peak_is_only_told() -> None:
    before = {"requirements": {"throughput": {"peak": 200}}}
    world = changed_with(canary, before, requirements={"throughput": {"peak": 20}})
    found = outcome(decided(world), "conditions", "weight")
    assert found["conditions"]["ContractWeakened"] == ("True", "RequirementsRelaxed")
    assert found["weight"] == 10
    assert "Stalled" not in found["conditions"]


def test_what_git_accepts_beforehand_is_told_when_the_version_starts() -> None:
    world = changed_with(started, CALLED, interface=[PREDICT])
    hashes = list(weakened_in(world))
    world = changed_with(started, CALLED, interface=[PREDICT], accept_weakening=hashes)
    world.run(3)
    assert outcome(decided(world), "weight")["weight"] == 10
    [event] = told(world, "WeakeningAccepted")
    assert hashes[0] in event
    assert told(world, "ContractWeakened") == []


def test_many_differences_are_listed_as_far_as_there_is_room() -> None:
    routes = [{"path": f"/r{number}"} for number in range(50)]
    world = changed_with(canary, {"interface": routes}, interface=[])
    status = decided(world).decision.status
    assert len(status.weakened or []) == MOST_LISTED
    assert len(told(world, "ContractWeakened")) == 1
    assert all(len(condition.message) < 1_500 for condition in status.conditions or [])


def test_a_crash_after_an_accept_forgets_nothing() -> None:
    world = relaxed(canary)
    world.order(R2, "Accept", "1")
    world.round(Luck(crash_before=1))
    assert held_to(world) == LOOSE

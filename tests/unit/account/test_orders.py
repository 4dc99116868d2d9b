"""Which orders make sense in which scene, and what is said of those that do not."""

from dataclasses import replace

import pytest

from tandem.account import orders
from tandem.account.orders import Senseless, choose
from tandem.api.revision import Verb
from tests.unit.account.scenes import SCENES
from tests.unit.rollout import situations
from tests.unit.rollout.world import NOON

ALL: list[Verb] = list(orders.VERBS)

MAKE_SENSE: dict[str, dict[Verb, str]] = {
    "first": {"Promote": "fraud-r1", "Abort": "fraud-r1", "Pause": "fraud-r1", "Freeze": "fraud-r1"},
    "serving": {"Freeze": "fraud-r1"},
    "rolling_out": {"Promote": "fraud-r2", "Abort": "fraud-r2", "Pause": "fraud-r2", "Freeze": "fraud-r1"},
    "paused": {"Promote": "fraud-r2", "Abort": "fraud-r2", "Resume": "fraud-r2", "Freeze": "fraud-r1"},
    "watching": {"Rollback": "fraud-r2", "Freeze": "fraud-r2"},
    "rolled_back": {"Retry": "fraud-r2", "Freeze": "fraud-r1"},
    "degraded": {"Rollback": "fraud-r2", "Freeze": "fraud-r2"},
    "frozen": {"Resume": "fraud-r1"},
}


@pytest.mark.parametrize("scene", MAKE_SENSE)
@pytest.mark.parametrize("verb", ALL)
def test_an_order_is_about_the_right_revision_or_refused(scene: str, verb: Verb) -> None:
    seen, expected = SCENES[scene](), MAKE_SENSE[scene].get(verb)
    if expected is not None:
        assert choose(seen, verb, None, NOON).revision == expected
        return
    with pytest.raises(Senseless):
        choose(seen, verb, None, NOON)


@pytest.mark.parametrize("scene", MAKE_SENSE)
@pytest.mark.parametrize("verb", ALL)
def test_tandem_itself_does_what_is_foretold(scene: str, verb: Verb) -> None:
    """What is offered, the operator acts on; what is refused, it would not, or would do more than was meant."""
    worlds = {
        "first": situations.starting, "serving": situations.serving, "rolling_out": situations.canary,
        "watching": situations.watching, "rolled_back": situations.sent_back,
    }  # fmt: skip
    revision = MAKE_SENSE[scene].get(verb)
    if scene not in worlds or revision is None:
        return
    world = worlds[scene]()
    world.order(revision, verb, "order-1")
    world.round()
    (acted,) = [each for each in world.slots.decisions or [] if each.id == "order-1"]
    assert not acted.result.startswith("nothing done")


@pytest.mark.parametrize(
    ("scene", "advised"),
    [
        ("rolling_out", ["Pause", "Abort", "Freeze", "Promote"]),
        ("suspicious", ["Pause", "Abort", "Freeze"]),
        ("stalled", ["Abort", "Freeze"]),
        ("paused", ["Resume", "Abort", "Freeze", "Promote"]),
        ("degraded", ["Rollback", "Freeze"]),
        ("frozen", ["Resume"]),
    ],
)
def test_what_is_advised_is_what_risks_least_first(scene: str, advised: list[str]) -> None:
    assert [order.verb for order in orders.orders_now(SCENES[scene](), NOON)] == advised


@pytest.mark.parametrize(
    ("scene", "verb", "revision", "said"),
    [
        ("serving", "Promote", None, "no version of fraud is being tried, so there is none to promote (fraud-r1"),
        ("rolling_out", "Abort", "fraud-r1", "fraud-r1 is not the version that is being tried: that is fraud-r2"),
        ("rolling_out", "Abort", "fraud-r9", "fraud has no revision fraud-r9; there are: fraud-r1, fraud-r2"),
        ("rolling_out", "Rollback", None, "abort sends back fraud-r2; to leave fraud-r1, name it with --revision"),
        ("rolling_out", "Resume", None, "fraud is neither paused nor frozen"),
        ("paused", "Pause", None, "fraud-r2 is paused already, at 10 %"),
        ("serving", "Rollback", None, "no earlier version that served well is kept"),
        ("serving", "Retry", None, "was not sent back, so there is nothing to retry"),
        ("frozen", "Freeze", None, "frozen already, by order INC-9"),
    ],
)  # fmt: skip
def test_a_refusal_says_why_and_what_instead(scene: str, verb: Verb, revision: str | None, said: str) -> None:
    with pytest.raises(Senseless) as refused:
        choose(SCENES[scene](), verb, revision, NOON)
    assert said in str(refused.value)


def test_effects_name_who_takes_over() -> None:
    fallback = choose(SCENES["watching"](), "Rollback", None, NOON)
    assert fallback.effect == "fraud-r2 is left at once: fraud-r1 takes over with its ready pods"
    restored = choose(SCENES["degraded"](), "Rollback", None, NOON)
    assert restored.effect.startswith("fraud-r2 is left: fraud-r1 is started anew")
    assert choose(SCENES["rolling_out"](), "Rollback", "fraud-r2", NOON).effect.startswith("fraud-r2 is sent back")


def test_commands_lead_to_the_cluster_that_was_looked_at() -> None:
    seen = replace(SCENES["rolling_out"](), flags="--context prod")
    order = choose(seen, "Abort", None, NOON)
    assert orders.command(seen, order) == "tandem abort fraud -n payments --revision fraud-r2 --context prod"
    assert orders.kubectl(seen, order, "INC-1") == (
        "kubectl patch mrev fraud-r2 -n payments --context prod --type=merge "
        """-p '{"spec":{"decision":{"verb":"Abort","id":"INC-1"}}}'"""
    )


def test_a_fallback_that_somebody_deleted_breaks_no_advice() -> None:
    watching = SCENES["watching"]()
    without = replace(watching, states={name: state for name, state in watching.states.items() if name != "fraud-r1"})
    assert "Rollback" not in [order.verb for order in orders.orders_now(without, NOON)]
    with pytest.raises(Senseless, match="nothing to go back to"):
        choose(without, "Rollback", None, NOON)

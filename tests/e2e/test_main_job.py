"""The main job: a better version replaces the first, under traffic, and nobody's request is lost."""

import time

import pytest

from dev.kube.model import CANARY_STEPS, Model
from dev.traffic.outcomes import Outcome
from dev.traffic.summary import by_version, lost
from tests.e2e.conftest import NewModel


@pytest.fixture(scope="module")
def promoted(module_stage: NewModel) -> tuple[Model, list[Outcome], float]:
    """A model after a canary under 50 requests a second, with all answers and when the better version was applied."""
    model = module_stage().given("first", rollout={"steps": CANARY_STEPS, "evidence": {"budget": "5%"}})
    with model.traffic() as traffic:
        applied = model.apply("better")
        model.wait("Ready")
        model.until_phase("Serving")
        # The old version's pods are scaled down and drained under traffic, too.
        drained = time.monotonic() + 120
        while model.pods("first") and time.monotonic() < drained:
            traffic.check()
        assert not model.pods("first"), "the old version is scaled to zero after the watch window"
        return model, traffic.stop(), applied


def test_a_promotion_under_traffic_loses_nothing(promoted: tuple[Model, list[Outcome], float]) -> None:
    _, outcomes, _ = promoted
    assert len(outcomes) > 500
    assert lost(outcomes) == [], [summary.sentence() for summary in by_version(outcomes)]


def test_it_goes_by_the_declared_weights(promoted: tuple[Model, list[Outcome], float]) -> None:
    model, outcomes, applied = promoted
    assert model.weights_of("better", since=applied) in ([10, 50, 100], [0, 10, 50, 100])
    answered = {outcome.version for outcome in outcomes}
    assert answered == {"first", "better"}


def test_the_status_says_that_the_declared_version_serves_everything(
    promoted: tuple[Model, list[Outcome], float],
) -> None:
    model, _, _ = promoted
    status, conditions = model.status(), model.conditions()
    assert model.slots() == ("better", None)
    assert status["traffic"] == [{"revision": model.revision_of("better"), "weight": 100}]
    assert {name: conditions[name]["status"] for name in ("Available", "Ready")} == {
        "Available": "True",
        "Ready": "True",
    }
    assert "Stalled" not in conditions
    assert model.revision("first")["status"]["phase"] == "Retired"
    assert model.revision("better")["status"]["phase"] == "Serving"


def test_the_events_tell_the_story(promoted: tuple[Model, list[Outcome], float]) -> None:
    model, _, _ = promoted
    reasons = model.events()
    for reason in ("Promoted",):
        assert reason in reasons, reasons


def test_applying_the_same_again_starts_nothing(promoted: tuple[Model, list[Outcome], float]) -> None:
    model, _, _ = promoted
    before = model.revision_of("better")
    model.kube.kubectl("annotate", "modeldeployment", model.name, "-n", model.namespace, "team=vision")
    model.apply(purpose="Read digits")  # a new generation that changes no behaviour
    model.wait("Ready", seconds=30)
    assert model.slots() == ("better", None)
    assert model.revision_of("better") == before
    assert len(model.kube.list("modelrevisions", model.namespace)) == 2

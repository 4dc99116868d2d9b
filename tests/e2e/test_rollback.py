"""Bad versions are sent back by themselves, quickly, with the reason in numbers, and are not started again unasked."""

import re
from dataclasses import dataclass
from typing import Any

import pytest

from dev.kube.client import KubeFailed, TookTooLong, conditions, until
from dev.kube.model import CANARY_STEPS, Model
from dev.traffic.outcomes import Outcome
from dev.traffic.summary import BadSpell, lost, spell
from tests.e2e.conftest import NewModel

BAD_SECONDS = 10.0
BAD_RESPONSES = 30
"""Bounds for one run on a shared machine; `make bench-rollback` holds the median of five runs to 5 s and 15."""

SLOW_SECONDS = 60.0
OBJECTIVE = {"latency": {"p99": "750ms"}}
OBJECTIVE_SECONDS = 0.75
UNTOUCHED_ANSWERS = 150
"""Answers, three seconds of them, in which something that must not happen does not happen."""


@dataclass
class SentBack:
    """A model whose declared version was sent back under 50 requests a second."""

    model: Model
    version: str
    outcomes: list[Outcome]


def sent_back(model: Model, version: str, **changes: Any) -> SentBack:
    with model.traffic(name=version) as traffic:
        model.apply(version, **changes)
        model.wait("Stalled")
        model.until(lambda _thing: model.live_weight(version) == 0, 30, "no weight on the rejected version")
        answered = len(traffic.outcomes())
        until(lambda: len(traffic.outcomes()) > answered + UNTOUCHED_ANSWERS, 60, "answers after the rollback")
        return SentBack(model, version, traffic.stop())


@pytest.fixture(scope="module")
def failed(module_stage: NewModel) -> SentBack:
    """A version that fails on some inputs."""
    return sent_back(module_stage().given("better", rollout={"steps": CANARY_STEPS}), "failing")


def test_a_failing_version_is_sent_back_within_seconds(failed: SentBack) -> None:
    bad: BadSpell = spell(failed.outcomes, lambda outcome: outcome.bad)
    assert bad.count > 0, "the version was never tried"
    assert bad.seconds <= BAD_SECONDS
    assert bad.count <= BAD_RESPONSES
    assert max(failed.model.weights_of("failing")) == 10


def test_a_rollback_loses_nothing_but_the_broken_versions_own_answers(failed: SentBack) -> None:
    assert lost(failed.outcomes, broken=["failing"]) == []


def test_the_condition_gives_the_reason_in_numbers(failed: SentBack) -> None:
    stalled, ready = failed.model.conditions()["Stalled"], failed.model.conditions()["Ready"]
    assert (ready["status"], stalled["status"]) == ("False", "True")
    assert stalled["reason"] == "TooManyErrors"
    assert re.search(r"\d+ of [\d,]+ requests", stalled["message"]), stalled["message"]
    assert failed.model.revision("failing")["status"]["phase"] == "Rejected"
    assert "RolledBack" in failed.model.events()


def test_a_pipeline_that_waits_for_ready_fails(failed: SentBack) -> None:
    with pytest.raises(TookTooLong):
        failed.model.kube.wait(f"modeldeployment/{failed.model.name}", failed.model.namespace, "condition=Ready", 3)
    failed.model.kube.wait(f"modeldeployment/{failed.model.name}", failed.model.namespace, "condition=Stalled", 3)


def test_stable_serves_untouched(failed: SentBack) -> None:
    assert failed.model.slots() == ("better", None)
    assert failed.model.conditions()["Available"]["status"] == "True"
    restarts = [pod["status"]["containerStatuses"][0]["restartCount"] for pod in failed.model.pods("better")]
    assert restarts == [0]


def test_the_rejected_version_applied_again_is_not_started(failed: SentBack) -> None:
    model = failed.model
    before = model.revision("failing")["status"]["attempt"]
    with model.traffic(name="again") as traffic:
        model.apply("failing", purpose="Read digits, again")  # a new generation, the same version
        model.wait("Stalled", seconds=30)
        until(lambda: len(traffic.outcomes()) > UNTOUCHED_ANSWERS, 60, "answers")
        assert {outcome.version for outcome in traffic.stop()} == {"better"}
    assert model.revision("failing")["status"]["attempt"] == before
    assert model.slots() == ("better", None)


def test_a_new_attempt_from_git_tries_it_again(failed: SentBack) -> None:
    model = failed.model
    attempt = model.revision("failing")["status"]["attempt"]
    with model.traffic(name="attempt"):
        model.apply(rollout={"attempt": "after the fix of the callers"})
        model.until_candidate("failing", 10)
        model.wait("Stalled")
    assert model.revision("failing")["status"]["attempt"] == attempt + 1


def test_a_person_may_have_it_tried_again(failed: SentBack) -> None:
    model = failed.model
    attempt = model.revision("failing")["status"]["attempt"]
    with model.traffic(name="retry"):
        model.decide("failing", "Retry", "retry-1")
        model.until_candidate("failing", 10)
        model.wait("Stalled")
    after = model.revision("failing")["status"]
    assert after["attempt"] == attempt + 1
    assert after["observedDecision"]["id"] == "retry-1"


def test_another_version_may_always_try(failed: SentBack) -> None:
    model = failed.model
    with model.traffic(name="another"):
        model.apply("first")
        model.wait("Ready")
    assert model.slots() == ("first", None)
    assert "Stalled" not in model.conditions()


def test_a_slow_version_is_sent_back_by_its_latency_objective(model: Model) -> None:
    model.given("better", requirements=OBJECTIVE, rollout={"steps": CANARY_STEPS})
    result = sent_back(model, "slow")
    slow = spell(result.outcomes, lambda outcome: outcome.version == "slow" and outcome.seconds > OBJECTIVE_SECONDS)
    assert 0 < slow.seconds <= SLOW_SECONDS
    assert lost(result.outcomes, broken=["slow"]) == []
    stalled = model.conditions()["Stalled"]
    assert stalled["reason"] == "TooSlow"
    assert re.search(r"750ms|0\.75", stalled["message"]), stalled["message"]
    assert model.slots() == ("better", None)


def test_a_slow_version_does_not_get_through_with_a_relaxed_objective(model: Model) -> None:
    model.given("better", requirements=OBJECTIVE, rollout={"steps": CANARY_STEPS})
    result = sent_back(model, "slow", requirements={"latency": {"p99": "5s"}})
    assert lost(result.outcomes, broken=["slow"]) == []
    stalled = model.conditions()["Stalled"]
    assert stalled["reason"] == "TooSlow"
    assert "750ms" in stalled["message"]
    assert "ContractWeakened" in model.events()
    assert model.slots() == ("better", None)


def test_a_bad_version_in_the_watch_window_is_replaced_by_its_predecessor(model: Model) -> None:
    """The failing version gets through on a person's word, and is caught by the watch."""
    model.given("better", rollout={"watch": "3m"})
    with model.traffic() as traffic:
        model.apply("failing")
        model.until_candidate("failing")
        model.decide("failing", "Promote", "promote-1")
        model.wait("Stalled")
        outcomes = traffic.stop()
    assert 100 in model.weights_of("failing")
    assert model.slots() == ("better", None)
    assert lost(outcomes, broken=["failing"]) == []


def test_a_person_rolls_back_long_after_the_watch_window(model: Model) -> None:
    model.given("first")
    with model.traffic() as traffic:
        model.apply("better")
        model.wait("Ready")
        model.until_phase("Serving")
        until(lambda: not model.pods("first"), 90, "the old version is scaled to zero")
        model.decide("better", "Rollback", "rollback-1")
        model.until(lambda _thing: model.live_weight("first") == 100, 120, "first serves everything again")
        model.wait("Stalled")
        outcomes = traffic.stop()
    assert lost(outcomes) == []
    assert model.slots() == ("first", None)


def test_decisions_pause_abort_and_freeze(model: Model) -> None:
    model.given("first", rollout={"steps": [{"weight": 50, "hold": "10m"}]})
    with model.traffic(rate=20):
        model.apply("better")
        model.until_candidate("better", 50)
        model.decide("better", "Pause", "pause-1")
        model.until_phase("Paused", seconds=30)
        model.decide("better", "Resume", "resume-1")
        model.until_phase("RollingOut", seconds=30)
        model.decide("better", "Abort", "abort-1")
        stalled = conditions(model.wait("Stalled", seconds=30))["Stalled"]
        assert stalled["reason"] == "Aborted"
        model.decide("first", "Freeze", "freeze-1")
        model.until(lambda thing: thing["status"].get("frozenBy") == "freeze-1", 30, "frozen")
        model.apply("slow")
        model.until(lambda thing: conditions(thing)["Ready"]["reason"] == "Frozen", 30, "Ready says Frozen")
        assert model.slots() == ("first", None)


def test_a_decision_with_an_unknown_verb_is_refused(failed: SentBack) -> None:
    with pytest.raises(KubeFailed, match="Unsupported value"):
        failed.model.decide("failing", "Explode", "explode-1")

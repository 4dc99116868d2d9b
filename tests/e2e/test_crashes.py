"""The operator dies at every phase of a rollout, and the API server once: the same final state, and no lost request."""

import math
import subprocess
import sys
import time
from collections.abc import Sequence

import pytest

from dev.kube.client import Object, until
from dev.kube.model import CANARY_STEPS, Model, status_of
from dev.kube.stack import REPOSITORY
from dev.traffic.outcomes import Outcome
from dev.traffic.summary import lost
from tests.e2e.operator_process import kill_operator, until_operator_is_back

pytestmark = pytest.mark.alone

ROLLOUT = {"steps": CANARY_STEPS, "watch": "20s"}


def starting(thing: Object) -> bool:
    return status_of(thing).get("phase") == "Starting"


def first_step(thing: Object) -> bool:
    return (status_of(thing).get("candidate") or {}).get("weight") == 10


def promoting(thing: Object) -> bool:
    candidate = status_of(thing).get("candidate") or {}
    return candidate.get("weight") == 100 or status_of(thing).get("phase") in ("Promoting", "Watching")


def watching(thing: Object) -> bool:
    return status_of(thing).get("phase") == "Watching"


@pytest.mark.parametrize("moment", [starting, first_step, promoting, watching], ids=lambda moment: moment.__name__)
def test_a_promotion_goes_on_after_the_operator_was_killed(model: Model, moment: object) -> None:
    model.given("first", rollout=ROLLOUT)
    with model.traffic() as traffic:
        model.apply("better")
        model.until(moment, 120, f"the moment to kill: {moment}")
        killed = kill_operator(model.kube)
        until_operator_is_back(model.kube, killed)
        model.wait("Ready")
        model.until_phase("Serving")
        outcomes = traffic.stop()
    assert model.slots() == ("better", None)
    assert model.live_weight("better") == 100
    assert lost(outcomes) == []
    assert len(model.kube.list("modelrevisions", model.namespace)) == 2


def test_a_rollback_is_finished_after_the_operator_was_killed(model: Model) -> None:
    model.given("first", rollout=ROLLOUT)
    with model.traffic() as traffic:
        model.apply("failing")
        # From here on the verdict, the status, the route or the scale may have been written, or not yet.
        model.until(lambda _thing: any(o.bad for o in traffic.outcomes()), 120, "a bad answer")
        killed = kill_operator(model.kube)
        until_operator_is_back(model.kube, killed)
        model.wait("Stalled")
        outcomes = traffic.stop()
    assert model.slots() == ("first", None)
    assert model.live_weight("first") == 100
    assert lost(outcomes, broken=["failing"]) == []


def test_a_rollback_that_was_decided_is_not_forgotten(model: Model) -> None:
    model.given("first", rollout=ROLLOUT)
    with model.traffic() as traffic:
        model.apply("failing")
        model.wait("Stalled")
        killed = kill_operator(model.kube)
        until_operator_is_back(model.kube, killed)
        outcomes = len(traffic.outcomes())
        model.until(lambda _thing: len(traffic.outcomes()) > outcomes + 150, 60, "answers after the restart")
        after = traffic.stop()[outcomes:]
    assert {outcome.version for outcome in after} == {"first"}
    assert model.revision("failing")["status"]["attempt"] == 1


def counted(model: Model, version: str) -> tuple[int, int]:
    """Return the candidate's and stable's requests in the evidence that is stored."""
    stored = model.revision(version)["status"].get("evidence")
    if stored is None:
        return 0, 0
    candidate, _, stable, _ = stored["evidence"]["metrics"]["errors"]["rollout"]
    return candidate, stable


def answered(outcomes: Sequence[Outcome], version: str, sent_before: float = math.inf) -> int:
    return sum(1 for outcome in outcomes if outcome.version == version and outcome.sent < sent_before)


def test_evidence_outlives_the_operator_and_counts_every_request_once(model: Model) -> None:
    model.given("first", rollout={"steps": [{"weight": 50, "hold": "10m"}]})
    with model.traffic() as traffic:
        model.apply("better")
        until(lambda: counted(model, "better")[0] > 100, 120, "evidence was stored")
        before = counted(model, "better")
        killed = kill_operator(model.kube)
        until_operator_is_back(model.kube, killed)
        seen = answered(traffic.outcomes(), "better")
        until(lambda: counted(model, "better")[0] >= seen, 120, "what was answered meanwhile is counted")
        after, moment = counted(model, "better"), time.time()
        # Only now are all outcomes known: while it runs, traffic tells of the last half second later than the pods do.
        outcomes = traffic.stop()
    assert after[0] <= answered(outcomes, "better", moment), "no request of the candidate is counted twice"
    assert before[1] < after[1] <= answered(outcomes, "first", moment), "nor any of stable"


def test_a_rollout_goes_on_after_the_api_server_was_restarted(model: Model) -> None:
    model.given("first", rollout=ROLLOUT)
    with model.traffic() as traffic:
        model.apply("better")
        model.until(first_step, 120, "the first step")
        restart = [sys.executable, "-m", "dev.cluster", "restart", "apiserver", "--name", model.kube.name]
        subprocess.run(restart, cwd=REPOSITORY, check=True)
        model.wait("Ready")
        model.until_phase("Serving")
        outcomes = traffic.stop()
    assert model.slots() == ("better", None)
    assert lost(outcomes) == []

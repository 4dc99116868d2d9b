"""What the gateway answers for a version's pods is evidence: those that are too late, or break off, count nothing."""

import pytest

from dev.kube.client import Object, conditions
from dev.kube.model import CANARY_STEPS, Model
from dev.traffic.summary import lost
from tests.e2e.conftest import NewModel
from tests.e2e.gateway_log import gateway_log
from tests.e2e.processes import kill_workers

HASTY = {"gateway": {"timeouts": {"request": "900ms"}}}
"""The gateway waits for less than `slow` takes for each answer, and longer than the others do."""
PODS = 3


@pytest.fixture(scope="module")
def serving(module_stage: NewModel) -> Model:
    """A model that is judged by what the gateway counts too; it declares no latency that would tell a slow version."""
    evidence: Object = {"gateway": {"envoy": {}}}
    return module_stage().given("first", traffic=HASTY, rollout={"steps": CANARY_STEPS, "evidence": evidence})


def evidence_of(model: Model, version: str) -> Object:
    """Return candidate's and stable's requests and bad ones, by metric."""
    metrics = model.revision(version)["status"]["evidence"]["evidence"]["metrics"]
    return {name: metric["rollout"] for name, metric in metrics.items()}


def test_a_version_that_answers_in_time_passes_by_the_gateways_counts_too(serving: Model) -> None:
    with serving.traffic(name="better") as traffic:
        serving.apply("better")
        serving.until_candidate("better", 50)
        counted = evidence_of(serving, "better")
        serving.wait("Ready")
        outcomes = traffic.stop()
    assert lost(outcomes) == []
    assert counted["gateway-errors"][0] > 0 and counted["gateway-errors"][2] > 0, counted
    assert "EvidenceUnavailable" not in serving.conditions()


def test_a_version_that_keeps_the_gateway_waiting_is_sent_back_though_its_pods_count_no_error(serving: Model) -> None:
    serving.until_phase("Serving")
    with serving.traffic(name="slow") as traffic:
        serving.apply("slow")
        stalled = conditions(serving.wait("Stalled"))["Stalled"]
        outcomes = traffic.stop()
    verdict, counted = serving.revision("slow")["status"]["verdict"], evidence_of(serving, "slow")
    assert (stalled["reason"], verdict["metric"]) == ("TooManyErrors", "gateway-errors")
    assert "had no answer or a 5xx at the gateway for " in stalled["message"]
    assert verdict["candidate"]["bad"] > 0
    assert counted["errors"][1] == 0, counted
    assert [outcome for outcome in lost(outcomes) if outcome.status != 504] == []
    assert max(serving.weights_of("slow")) == 10
    assert serving.slots() == ("better", None)


def test_a_version_whose_connections_break_is_sent_back_though_its_pods_count_no_error(model: Model) -> None:
    """Its workers die with the requests that they are at, in no counter of theirs. `slow` is always at some."""
    half = {"steps": [{"weight": 50, "hold": "10m"}], "evidence": {"gateway": {"envoy": {}}}}
    model.given("first", serving={"replicas": {"min": PODS}}, rollout=half)
    with gateway_log(model) as log, model.traffic(name="breaking") as traffic:
        model.apply("slow")
        model.until_candidate("slow", 50)
        breaking = {pod["status"]["podIP"] for pod in model.pods("slow")}
        while "Stalled" not in model.conditions():
            break_one(model)
        stalled = model.conditions()["Stalled"]
        model.until(lambda _thing: model.live_weight("slow") == 0, 30, "no weight on it")
        outcomes = traffic.stop()
        failed = [passage for passage in log.of(outcomes) if passage.failed]
    verdict, counted = model.revision("slow")["status"]["verdict"], evidence_of(model, "slow")
    assert (stalled["reason"], verdict["metric"]) == ("TooManyErrors", "gateway-errors"), stalled
    assert counted["errors"][1] == 0, counted
    assert len(failed) == len(lost(outcomes)) and {passage.pod_ip for passage in failed} <= breaking, failed
    assert {passage.code for passage in failed} == {503}, failed
    assert model.slots() == ("first", None)


def break_one(model: Model) -> None:
    """Kill what answers in the steadiest of the candidate's pods, and wait until that counts, or it is sent back."""
    counted = broken(model)
    kill_workers(min(model.pods("slow"), key=unsteadiness))
    model.until(lambda thing: "Stalled" in conditions(thing) or broken(model) > counted, 60, "broken connections count")


def unsteadiness(pod: Object) -> tuple[bool, int]:
    [container] = pod["status"]["containerStatuses"]
    return not container["ready"], container["restartCount"]


def broken(model: Model) -> int:
    """Return how many of the candidate's requests the gateway had to answer itself, as far as the evidence knows."""
    evidence = (model.revision("slow").get("status") or {}).get("evidence")
    return int(evidence_of(model, "slow")["gateway-errors"][1]) if evidence else 0


def test_a_gateway_that_cannot_be_read_is_told_and_waited_for_by_nobody(model: Model) -> None:
    elsewhere = {"gateway": {"envoy": {"namespace": "default"}}}
    model.given("first", rollout={"evidence": elsewhere})
    with model.traffic():
        model.apply("better")
        told = model.until(lambda thing: "EvidenceUnavailable" in conditions(thing), 180, "the condition")
        model.wait("Ready")
    condition = conditions(told)["EvidenceUnavailable"]
    assert condition["reason"] == "GatewayUnreadable"
    assert "gateway gateway/public has no running proxy in namespace default" in condition["message"]

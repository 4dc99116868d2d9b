"""A candidate's pods die under traffic: weight follows the ready ones, and only requests that a pod had are lost.

What dies with a pod is in no counter: the gateway's log says which pod each lost request was with.
"""

import pytest

from dev.kube.client import Object, conditions
from dev.kube.model import Model, status_of
from dev.traffic.outcomes import Outcome
from dev.traffic.summary import lost
from tests.e2e.conftest import NewModel
from tests.e2e.gateway_log import GatewayLog, gateway_log
from tests.e2e.processes import kill_container

pytestmark = pytest.mark.alone

REPLICAS = 3
HALF = {"steps": [{"weight": 50, "hold": "10m"}]}
"""Nothing passes this by itself: what happens is the dying pods' doing."""
MEMORY = {"limits": {"memory": "400Mi"}}
"""A bento of the digits takes 220 MiB; five scans that `leaking` keeps are too many."""


@pytest.fixture(scope="module")
def serving(module_stage: NewModel) -> Model:
    """A model that serves with three pods."""
    scale = {"replicas": {"min": REPLICAS}, "resources": MEMORY}
    return module_stage().given("first", serving=scale, rollout=HALF)


def test_weight_falls_to_what_the_ready_pods_carry_until_all_are_steady_again(serving: Model) -> None:
    with gateway_log(serving) as log, serving.traffic(name="killed") as traffic:
        applied = serving.apply("better")
        serving.until_candidate("better", 50)
        [killed, *_] = serving.pods("better")
        kill_container(killed)
        serving.until(lambda thing: weight(thing) == 40, 30, "two pods of three carry 40 %")
        serving.until(lambda thing: "pods were lost, so weight comes back" in waits_for(thing), 60, "no flapping")
        serving.until_candidate("better", 50)
        outcomes = traffic.stop()
        assert_lost_only_by({ip(killed)}, outcomes, log)
    assert serving.weights_of("better", since=applied) in ([50, 40, 50], [0, 50, 40, 50])
    assert serving.slots() == ("first", "better")
    assert_untouched(serving, outcomes)


def test_pods_that_run_out_of_memory_send_their_version_back(serving: Model) -> None:
    with gateway_log(serving) as log, serving.traffic(name="leaking") as traffic:
        applied = serving.apply("leaking")
        serving.until_candidate("leaking", 50)
        leaking = {ip(pod) for pod in serving.pods("leaking")}
        stalled = conditions(serving.wait("Stalled"))["Stalled"]
        serving.until(lambda _thing: serving.live_weight("leaking") == 0, 30, "no weight on the leaking version")
        outcomes = traffic.stop()
        assert_lost_only_by(leaking, outcomes, log)
    assert stalled["reason"] == "PodsRestarting"
    assert "restarted 3 times" in stalled["message"]
    assert "was killed for using more memory than its limit" in stalled["message"]
    weights = serving.weights_of("leaking", since=applied)
    assert max(weights) == 50
    assert {o.kind for o in outcomes if o.version == "leaking"} == {"ok"}, "it is right for as long as it lives"
    assert serving.revision("leaking")["status"]["phase"] == "Rejected"
    assert serving.slots() == ("first", None)
    assert_untouched(serving, outcomes)


def assert_lost_only_by(dying: set[str], outcomes: list[Outcome], log: GatewayLog) -> None:
    """Every request that was lost was with a pod that died; the gateway and the caller count the same."""
    failed = [passage for passage in log.of(outcomes) if passage.failed]
    assert len(failed) == len(lost(outcomes)), (failed, lost(outcomes))
    assert {passage.pod_ip for passage in failed} <= dying, [p for p in failed if p.pod_ip not in dying]


def assert_untouched(model: Model, outcomes: list[Outcome]) -> None:
    """Stable answered all that it was asked, and none of its pods was restarted."""
    assert {outcome.kind for outcome in outcomes if outcome.version == "first"} == {"ok"}
    restarts = [pod["status"]["containerStatuses"][0]["restartCount"] for pod in model.pods("first")]
    assert restarts == [0] * REPLICAS


def ip(pod: Object) -> str:
    return str(pod["status"]["podIP"])


def weight(thing: Object) -> int | None:
    return (status_of(thing).get("candidate") or {}).get("weight")


def waits_for(thing: Object) -> str:
    return str((status_of(thing).get("waitingFor") or {}).get("what"))

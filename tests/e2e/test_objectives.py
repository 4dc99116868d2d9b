"""What was promised, after the rollout: told of the version that serves, and no reason to try another one."""

from dev.kube.client import conditions
from dev.kube.model import Model
from dev.kube.stack import OPERATOR_NAMESPACE
from dev.traffic.summary import lost

METRICS = f"/api/v1/namespaces/{OPERATOR_NAMESPACE}/services/tandem:metrics/proxy/metrics"


def test_a_stricter_objective_is_held_against_the_version_that_serves_and_starts_nothing(model: Model) -> None:
    # It fails 28 % of its requests, and half of them may fail.
    model.given("failing", requirements={"availability": "50%"})
    before = model.revision("failing")
    with model.traffic(rate=20.0) as traffic:
        model.apply(requirements={"availability": "99%"})
        missed = conditions(model.wait("ObjectiveMissed"))["ObjectiveMissed"]
        told = model.kube.kubectl("get", "--raw", METRICS)
        model.apply(requirements={"availability": "50%"})
        model.until(lambda thing: "ObjectiveMissed" not in conditions(thing), 60, "the objective is kept")
        outcomes = traffic.stop()
    assert missed["reason"] == "AvailabilityMissed"
    assert f"in the last hour {before['metadata']['name']} failed " in missed["message"]
    assert "It is for engineering (e2e) to act" in missed["message"]
    labels = (f'model_namespace="{model.namespace}"', 'type="ObjectiveMissed"', 'reason="AvailabilityMissed"')
    assert any(all(label in line for label in labels) for line in told.splitlines() if "tandem_model_condition" in line)
    assert lost(outcomes, broken=["failing"]) == []
    model.apply(model={"trained": "2020-01-01"}, requirements={"maxAge": "30d"})
    stale = conditions(model.wait("Stale", seconds=60))["Stale"]
    assert stale["reason"] == "ModelTooOld"
    assert model.slots() == ("failing", None)
    assert model.revision("failing")["metadata"]["uid"] == before["metadata"]["uid"]
    assert len(model.kube.list("modelrevisions", model.namespace)) == 1
    assert conditions({"status": model.status()})["Ready"]["status"] == "True"

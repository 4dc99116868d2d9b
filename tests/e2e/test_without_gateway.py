"""Without a gateway a rollout switches the in-cluster Service: candidate ready, switch, watch, back if bad.

A connection that a caller keeps open stays with the pod that it was opened to, and what is sent on it in the moment in
which that pod ends may be lost (docs/concepts.md): so what is told here ends while the old version's pods still run.
"""

from dev.kube.client import until
from dev.kube.model import Model
from dev.traffic.outcomes import Outcome
from dev.traffic.summary import lost
from tests.e2e.caller import calling

NO_GATEWAY = {"gateway": None}


def url(model: Model) -> str:
    address = model.status()["clusterUrl"]
    assert isinstance(address, str)
    return address


def newest(outcomes: list[Outcome]) -> str | None:
    """Return who answers a new connection: one that is open stays with the pod that it was opened to."""
    return [outcome.version for outcome in outcomes if outcome.fresh][-1]


def test_a_promotion_loses_no_request_inside_the_cluster(model: Model) -> None:
    model.given("first", traffic=NO_GATEWAY)
    with calling(model.kube, model.namespace, url(model), model.rows) as caller:
        model.apply("better")
        model.wait("Ready")
        model.until_phase("Serving")
        outcomes = caller.stop()
    assert lost(outcomes) == []
    assert newest(outcomes) == "better"
    assert model.slots() == ("better", None)
    assert model.kube.list("httproutes", model.namespace) == []


def test_a_bad_version_is_switched_back(model: Model) -> None:
    model.given("better", traffic=NO_GATEWAY, rollout={"watch": "3m"})
    with calling(model.kube, model.namespace, url(model), model.rows) as caller:
        model.apply("failing")
        model.wait("Stalled")
        until(lambda: newest(caller.outcomes()) == "better", 30, "new connections go to the version before it")
        outcomes = caller.stop()
    assert lost(outcomes, broken=["failing"]) == []
    assert any(outcome.bad for outcome in outcomes), "the version was never tried"
    assert newest(outcomes) == "better"
    assert model.slots() == ("better", None)


def test_the_service_follows_stable_behind_a_gateway_too(model: Model) -> None:
    model.given("first")
    with model.traffic(), calling(model.kube, model.namespace, url(model), model.rows, rate=10) as caller:
        model.apply("better")
        model.wait("Ready")
        service = model.kube.get("service", model.name, model.namespace)
        assert service["spec"]["selector"]["tandem.dev/revision"] == model.revision_of("better")
        outcomes = caller.stop()
    assert lost(outcomes) == []

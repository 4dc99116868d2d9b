"""People change their minds in the middle of a rollout: each time there is one right answer, and no lost request."""

from dev.kube.client import until
from dev.kube.model import Model
from dev.traffic.summary import lost

LONG_CANARY = {"steps": [{"weight": 10, "hold": "10m"}, {"weight": 50, "hold": "2s"}]}
"""Nothing passes this by itself: what happens is the test's doing."""


def test_a_third_version_pushed_mid_canary_becomes_the_candidate(model: Model) -> None:
    model.given("first", rollout=LONG_CANARY)
    with model.traffic() as traffic:
        model.apply("slow")
        model.until_candidate("slow", 10)
        model.apply("better", rollout={"steps": [{"weight": 50, "hold": "2s"}]})
        model.wait("Ready")
        outcomes = traffic.stop()
    assert model.slots() == ("better", None)
    assert model.revision("slow")["status"]["phase"] in ("Superseded", "Retired")
    assert max(model.weights_of("slow")) == 10
    assert lost(outcomes) == []


def test_stable_applied_again_mid_canary_ends_the_canary(model: Model) -> None:
    model.given("first", rollout=LONG_CANARY)
    with model.traffic() as traffic:
        model.apply("better")
        model.until_candidate("better", 10)
        model.apply("first")
        model.wait("Ready")
        outcomes = traffic.stop()
    assert model.slots() == ("first", None)
    assert model.live_weight("first") == 100
    assert len(model.kube.list("modelrevisions", model.namespace)) == 2, "the version that serves is no new revision"
    assert lost(outcomes) == []


def test_a_version_pushed_in_the_watch_window_leaves_the_watched_one_stable(model: Model) -> None:
    model.given("first", rollout={"watch": "5m"})
    with model.traffic() as traffic:
        model.apply("better")
        model.until_phase("Watching")
        model.apply("failing")
        model.wait("Stalled")
        outcomes = traffic.stop()
    assert model.slots() == ("better", None)
    assert lost(outcomes, broken=["failing"]) == []


def test_a_model_deleted_mid_canary_leaves_nothing(model: Model) -> None:
    model.given("first", rollout=LONG_CANARY)
    with model.traffic(rate=20):
        model.apply("better")
        model.until_candidate("better", 10)
        model.kube.delete("modeldeployment", model.name, model.namespace)
    until(lambda: not _everything(model), 120, "all objects of the model are gone")


def test_a_model_deleted_and_applied_at_once_starts_afresh(model: Model) -> None:
    model.given("first")
    old = model.kube.get("modeldeployment", model.name, model.namespace)["metadata"]["uid"]
    model.kube.delete("modeldeployment", model.name, model.namespace, "--wait=false")
    model.deployments.until_gone(model.name, 60)
    model.apply("better")
    thing = model.wait("Ready")
    assert thing["metadata"]["uid"] != old
    assert model.slots() == ("better", None)
    with model.traffic(rate=20) as traffic:
        until(lambda: len(traffic.outcomes()) >= 100, 60, "answers")
        outcomes = traffic.stop()
    assert lost(outcomes) == []
    owners = [
        item["metadata"]["ownerReferences"][0]["uid"] for item in model.kube.list("modelrevisions", model.namespace)
    ]
    assert set(owners) == {thing["metadata"]["uid"]}


def test_a_model_orphaned_and_applied_again_is_adopted_without_a_restart(model: Model) -> None:
    model.given("first")
    pods = sorted(pod["metadata"]["uid"] for pod in model.pods("first"))
    with model.traffic(rate=20) as traffic:
        model.kube.delete("modeldeployment", model.name, model.namespace, "--cascade=orphan")
        model.apply()
        thing = model.wait("Ready")
        outcomes = traffic.stop()
    assert sorted(pod["metadata"]["uid"] for pod in model.pods("first")) == pods
    assert lost(outcomes) == []
    [revision] = model.kube.list("modelrevisions", model.namespace)
    assert revision["metadata"]["ownerReferences"][0]["uid"] == thing["metadata"]["uid"]


def _everything(model: Model) -> list[str]:
    kinds = "modelrevisions,deployments,services,configmaps,poddisruptionbudgets,httproutes,pods"
    found = model.kube.list(kinds, model.namespace, f"tandem.dev/deployment={model.name}")
    return [f"{item['kind']}/{item['metadata']['name']}" for item in found]

"""What happens to the pod that asks a candidate, or to the operator meanwhile: a verdict in the end, no weight before.

The questions are asked slowly here, so that there is time for something to happen.
"""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest

from dev.kube.client import Object, conditions, until
from dev.kube.model import Model, status_of
from dev.kube.watch import Watch
from tests.e2e.conftest import NewModel
from tests.e2e.operator_process import kill_operator, until_operator_is_back
from tests.e2e.processes import kill_container
from tests.e2e.test_quality import QUALITY, give_rows, rows_of

SLOW = {**QUALITY, "limits": {"rate": 6}}
ROOM = "room"

Harm = Callable[[Model, Object], None]


def kill_the_operator(model: Model, _: Object) -> None:
    until_operator_is_back(model.kube, kill_operator(model.kube))


def delete_the_pod(model: Model, pod: Object) -> None:
    model.kube.delete("pod", pod["metadata"]["name"], model.namespace, "--grace-period=1")


def evict_the_pod(model: Model, pod: Object) -> None:
    name = pod["metadata"]["name"]
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": name, "namespace": model.namespace},
    }
    path = f"/api/v1/namespaces/{model.namespace}/pods/{name}/eviction"
    model.kube.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(eviction))


def kill_its_process(_: Model, pod: Object) -> None:
    kill_container(pod)


@pytest.fixture
def pods(model: Model) -> Iterator[Watch]:
    with Watch(model.kube, "pods", model.namespace) as watch:
        yield watch


@pytest.mark.parametrize(
    ("harm", "examinations"),
    [
        pytest.param(kill_the_operator, 1, id="operator-killed", marks=pytest.mark.alone),
        pytest.param(delete_the_pod, 2, id="pod-deleted"),
        pytest.param(evict_the_pod, 2, id="pod-evicted"),
        pytest.param(kill_its_process, 2, id="process-killed"),
    ],
)
def test_it_comes_to_a_verdict_all_the_same(model: Model, pods: Watch, harm: Harm, examinations: int) -> None:
    model.given("first")
    give_rows(model, *rows_of(model))
    model.apply("better", quality=SLOW)
    model.until(lambda thing: asked_since(thing) is not None, 120, "the candidate is asked")
    harm(model, until_it_runs(pods))
    model.until_candidate("better", weight=1)
    assert len({pod["metadata"]["uid"] for pod in examiners(pods)}) == examinations
    assert first_weight_at(model) >= verdict(model)


def test_a_quota_that_is_full_is_named_and_it_goes_on_when_there_is_room(stage: NewModel) -> None:
    model = stage().given("first")
    give_rows(model, *rows_of(model))
    model.kube.apply(quota(model, pods=2))
    model.apply("better", quality=QUALITY)
    thing = model.until(lambda thing: "exceeded quota" in str(conditions(thing).get("Stalled")), 120, "it is named")
    assert conditions(thing)["Stalled"]["reason"] == "QuotaExceeded"
    assert status_of(thing)["candidate"]["weight"] == 0
    model.kube.apply(quota(model, pods=3))
    model.until_candidate("better", weight=1)
    assert first_weight_at(model) >= verdict(model)


def quota(model: Model, pods: int) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": ROOM, "namespace": model.namespace},
        "spec": {"hard": {"pods": str(pods)}},
    }


def asked_since(thing: Object) -> Any:
    return (status_of(thing).get("candidate") or {}).get("askedSince")


def examiners(pods: Watch) -> list[Object]:
    """Return every state in which a pod that asks was seen."""
    return [seen.object for seen in pods.history() if "tandem.dev/examines" in (seen.object["metadata"]["labels"])]


def until_it_runs(pods: Watch) -> Object:
    until(lambda: bool(examiners(pods)), 60, "a pod that asks")
    name = examiners(pods)[0]["metadata"]["name"]
    return pods.until(name, lambda pod: pod["status"].get("phase") == "Running", 120, "the pod that asks runs")


def verdict(model: Model) -> float:
    """Return when the last answer was in, in seconds since the epoch."""
    report = model.revision("better")["status"]["quality"]
    assert report["outcome"] == "Passed"
    return datetime.fromisoformat(report["at"]).timestamp()


def first_weight_at(model: Model) -> float:
    name = model.revision_of("better")
    return next(change.at for change in model.weights() if change.weights.get(str(name), 0) > 0)

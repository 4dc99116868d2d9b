"""Pods that come after their version's verdict are asked shortly, beside their users, who notice nothing.

`unsteady` hashes what it is asked, and which of its models answers depends on that. With one seed for all of its pods
it is as steady as any; the seed is in a Secret here, as a setting of a real model may be, and somebody changes it.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bentos.diabetes.quality.write import ROWS as PEOPLE
from dev.kube.client import Object, conditions, until
from dev.kube.model import Model
from dev.traffic.rows import Row, write
from dev.traffic.summary import lost
from tests.e2e.conftest import NewModel
from tests.e2e.test_quality import QUALITY, give_rows, rows_of

SEED = "seed"
CASES = "people"
STEADY_QUALITY = {"path": "/predict", "edgeCases": {"rows": [{"configMap": CASES}]}}


def test_pods_that_scaling_brings_are_asked_under_traffic_and_nobody_notices(model: Model) -> None:
    give_rows(model, *rows_of(model))
    model.given("first", quality=QUALITY)
    with model.traffic() as traffic:
        model.apply(serving={"replicas": {"min": 3}})
        until(
            lambda: len(uids(model, "first")) == 3 and known(model, "first") == uids(model, "first"), 240, "all asked"
        )
        outcomes = traffic.stop()
    assert lost(outcomes) == []
    assert "missed" not in smoke(model, "first")
    assert "QualityMissed" not in model.conditions()
    assert model.slots() == ("first", None)
    until(lambda: not model.kube.list("pods", model.namespace, "tandem.dev/smokes"), 60, "no pod that asks is left")


@pytest.fixture
def unsteady(stage: NewModel, tmp_path: Path) -> Model:
    """`unsteady`, whose first pod has passed with the first seed."""
    people = [json.loads(line)["request"] for line in PEOPLE.read_text().splitlines()[:8]]
    rows = tmp_path / "rows.jsonl"
    write([Row("/predict", json.dumps(each).encode(), {"first": {}}) for each in people], rows)
    model = replace(stage(), name="diabetes", rows=rows)
    cases = [
        {"name": f"person {number}", "request": person, "expect": {"at": "/progression", "min": 0}, "must": True}
        for number, person in enumerate(people)
    ]
    data = {"cases.jsonl": "".join(json.dumps(case) + "\n" for case in cases)}
    metadata = {"name": CASES, "namespace": model.namespace}
    model.kube.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
    seed(model, "1")
    return model.given("unsteady", model={"secrets": [{"secret": SEED, "env": True}]}, quality=STEADY_QUALITY)


def test_a_later_pod_that_answers_otherwise_is_named_until_it_is_replaced(unsteady: Model) -> None:
    model = unsteady
    [first] = model.pods("unsteady")
    seed(model, "2")
    model.apply(serving={"replicas": {"min": 2}})
    found = conditions(model.wait("QualityMissed", seconds=240))["QualityMissed"]
    [other] = [pod for pod in model.pods("unsteady") if pod["metadata"]["uid"] != first["metadata"]["uid"]]
    name = other["metadata"]["name"]
    assert found["reason"] == "PodsMissed"
    assert f"kubectl delete pod {name}" in found["message"]
    assert [each["name"] for each in smoke(model, "unsteady")["missed"]] == [name]
    assert "progression" not in json.dumps(smoke(model, "unsteady"))
    assert len(model.pods("unsteady")) == 2
    seed(model, "1")
    model.kube.delete("pod", name, model.namespace)
    model.until(lambda thing: "QualityMissed" not in conditions(thing), 120, "the condition goes with the pod")
    until(lambda: known(model, "unsteady") == uids(model, "unsteady"), 240, "the pod in its place has passed")
    assert "QualityMissed" not in model.conditions()


def seed(model: Model, value: str) -> None:
    metadata = {"name": SEED, "namespace": model.namespace}
    data = {"PYTHONHASHSEED": value}
    model.kube.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data})


def smoke(model: Model, version: str) -> Any:
    return model.revision(version)["status"]["smoke"]


def known(model: Model, version: str) -> set[str]:
    """Return the uids of the pods that were asked and passed."""
    return set((model.revision(version)["status"].get("smoke") or {}).get("pods") or [])


def uids(model: Model, version: str) -> set[str]:
    return {pod["metadata"]["uid"] for pod in model.pods(version) if _is_there(pod)}


def _is_there(pod: Object) -> bool:
    return "deletionTimestamp" not in pod["metadata"]

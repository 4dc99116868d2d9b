"""Pods, memory, room; what cannot be met; and the objects."""

from typing import Any

import pytest

from tandem.api.objects import ModelDeployment
from tandem.api.profile import Shutdown
from tandem.manifests.configs import ConfigContent
from tandem.planning import findings, size
from tandem.planning.objects import objects, planned
from tandem.planning.sizing import room
from tests.unit.planning.test_capacity import point, profile


def deployment(**spec: Any) -> ModelDeployment:
    body = {
        "owners": {"engineering": {"team": "a", "contact": "b"}},
        "model": {"image": "fraud:1", "service": "Fraud"},
        "requirements": {"latency": {"p99": "160ms"}, "throughput": {"peak": 290, "night": 10}},
        "traffic": {"gateway": {"parentRefs": [{"name": "public"}]}},
    }
    return ModelDeployment.model_validate({"metadata": {"name": "fraud"}, "spec": body | spec})


def test_the_peak_with_a_margin_and_one_to_lose() -> None:
    found = size(deployment().spec, profile())  # a pod may get 75/s
    assert (found.needed, found.replicas) == (5, 6)  # 319 / 75
    assert (found.lowest, found.highest) == (2, 10)
    assert [number.value for number in found.numbers if number.name == "replicas"] == ["6"]
    assert all(number.source for number in found.numbers)


def test_without_a_margin_fewer_are_enough() -> None:
    assert size(deployment().spec, profile(), margin=0.0).needed == 4


def test_without_a_peak_what_is_declared_stands() -> None:
    found = size(deployment(requirements={}, serving={"replicas": {"min": 3}}).spec, profile())
    assert (found.needed, found.replicas, found.pods) == (None, None, 3)


def test_memory_is_what_was_seen_and_more_in_round_sizes() -> None:
    found = size(deployment().spec, profile())
    assert (found.memory_request >> 20, found.memory_limit >> 20) == (352, 512)


@pytest.mark.parametrize(
    ("spec", "pods"),
    [
        ({}, [4, 5, 8, 8, 9]),
        ({"rollout": {"steps": [{"weight": 50}]}}, [4, 8, 8, 12]),
        ({"rollout": {"steps": [{"weight": 1}, {"weight": 100}]}}, [4, 5, 8, 9]),
        ({"traffic": {}}, [4, 8, 12]),
    ],
)
def test_room_is_what_the_operator_asks_for(spec: dict[str, Any], pods: list[int]) -> None:
    assert [each.pods for each in room(deployment(**spec).spec, 4)] == pods


TIGHT = {"latency": {"p99": "5ms"}, "throughput": {"peak": 300}}
LIMITED = {"resources": {"requests": {"cpu": "100m"}, "limits": {"memory": "256Mi"}}, "startup": {"deadline": "4s"}}


@pytest.mark.parametrize(
    ("spec", "unmet"),
    [
        ({"serving": {"replicas": {"min": 6}, "resources": {"requests": {"cpu": "1"}}}}, []),
        ({"requirements": TIGHT}, ["requirements.latency.p99"]),
        ({"serving": LIMITED}, ["serving.resources.limits.memory", "serving.startup.deadline"]),
        (
            {"requirements": {"latency": {"p99": "10ms"}, "throughput": {"peak": 5000}}},
            ["requirements.throughput.peak"],
        ),
    ],
)
def test_what_cannot_be_met(spec: dict[str, Any], unmet: list[str]) -> None:
    declared = deployment(**spec).spec
    found = findings(declared, profile(), size(declared, profile()))
    assert [each.field for each in found if each.unmet] == unmet
    assert bool(found) == bool(unmet)


def test_errors_a_lossy_end_and_another_image_are_told() -> None:
    measured = profile(point(1, errors=1)).with_changes(
        image="fraud:0",
        shutdown=Shutdown(seconds=30.0, exited=False, requests_in_progress=4, requests_answered=1),
    )
    declared = deployment(requirements={"availability": "99.9%"}).spec
    found = {each.field: each.what for each in findings(declared, measured, size(declared, measured))}
    assert "0.5 % of the rows failed" in found["requirements.availability"]
    assert "fraud:0" in found["profile"] and "SIGTERM" in found["serving.timeout"]


@pytest.mark.parametrize("none", [0, "0", "0m"])
def test_a_limit_of_nothing_is_none(none: str | int) -> None:
    """Kubernetes and container runtimes take it for no limit."""
    declared = deployment(serving={"replicas": {"min": 6}, "resources": {"limits": {"cpu": none, "memory": none}}}).spec
    sizing = size(declared, profile())
    assert sizing.rate == size(deployment().spec, profile()).rate and sizing.cpu_request == 0.6
    assert not [each for each in findings(declared, profile(), sizing) if each.unmet]


def test_a_request_below_what_is_used_at_the_peak_is_told() -> None:
    declared = deployment(serving={"replicas": {"min": 6}}).spec
    [finding] = findings(declared, profile(), size(declared, profile()))
    assert finding.field == "serving.resources.requests.cpu" and "less than the 600m" in finding.what


def test_the_objects_are_the_operators_own_with_the_plans_sizes() -> None:
    sizing = size(deployment().spec, profile())
    made = {each["kind"]: each for each in objects(planned(deployment(), sizing), {})}
    assert made["Deployment"]["spec"]["replicas"] == 6
    container = made["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    assert container["resources"] == {
        "requests": {"cpu": "600m", "memory": "352Mi"},
        "limits": {"memory": "512Mi"},
    }
    assert {"ModelRevision", "ConfigMap", "Service", "PodDisruptionBudget", "HTTPRoute"} < made.keys()


def test_declared_sizes_stand_and_configs_are_copied() -> None:
    given = deployment(
        model={"image": "fraud:1", "config": [{"configMap": "t", "mountPath": "/etc/t"}]},
        requirements={},
        serving={"replicas": {"min": 9}, "resources": {"limits": {"memory": "1Gi"}}},
        traffic={},
    )
    made = objects(planned(given, size(given.spec, profile())), {"t": ConfigContent({"a": "b"})})
    kinds = [each["kind"] for each in made]
    assert "HTTPRoute" not in kinds
    deployed = made[kinds.index("Deployment")]["spec"]
    assert deployed["replicas"] == 9
    assert deployed["template"]["spec"]["containers"][0]["resources"]["limits"] == {"memory": "1Gi"}
    assert {"a": "b"} in [each.get("data") for each in made]

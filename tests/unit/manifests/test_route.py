from collections.abc import Callable
from typing import Any

import pytest

from tandem.api.objects import ModelDeployment
from tandem.manifests.route import accepted, read_weights, route_manifest, url

MakeDeployment = Callable[..., ModelDeployment]
Object = dict[str, Any]
PUBLIC = {"name": "public", "namespace": "gateway"}


def _with(deployment: MakeDeployment, **gateway: Any) -> ModelDeployment:
    return deployment(traffic={"gateway": {"parentRefs": [PUBLIC], **gateway}})


def _rule(route: Object) -> Object:
    (rule,) = route["spec"]["rules"]
    assert isinstance(rule, dict)
    return rule


def test_weights_are_written_in_order_of_revisions_and_read_back(deployment: MakeDeployment) -> None:
    route = route_manifest(_with(deployment), {"fraud-r10": 10, "fraud-r9": 90})
    assert _rule(route)["backendRefs"] == [
        {"name": "fraud-r9", "port": 80, "weight": 90},
        {"name": "fraud-r10", "port": 80, "weight": 10},
    ]
    assert read_weights(route) == {"fraud-r9": 90, "fraud-r10": 10}


@pytest.mark.parametrize("weights", [{"a-r1": 99}, {"a-r1": 100, "a-r2": 1}, {"a-r1": 101, "a-r2": -1}])
def test_weights_that_are_not_100_together_are_a_mistake(weights: dict[str, int], deployment: MakeDeployment) -> None:
    with pytest.raises(ValueError, match="must be 100 together"):
        route_manifest(_with(deployment), weights)


def test_without_a_gateway_there_is_no_route(deployment: MakeDeployment) -> None:
    with pytest.raises(ValueError, match="declares no gateway"):
        route_manifest(deployment(), {"fraud-r1": 100})


def test_before_anything_serves_the_route_has_no_backend(deployment: MakeDeployment) -> None:
    route = route_manifest(_with(deployment), {})
    assert _rule(route)["backendRefs"] == []
    assert read_weights(route) == {}


@pytest.mark.parametrize(
    ("gateway", "filters"),
    [
        pytest.param({"path": "/"}, [], id="nothing to remove"),
        pytest.param({"path": "/fraud"}, ["URLRewrite"], id="the prefix is removed"),
        pytest.param(
            {"path": "/fraud", "filters": [{"type": "RequestHeaderModifier", "requestHeaderModifier": {}}]},
            ["RequestHeaderModifier", "URLRewrite"],
            id="after the author's filters",
        ),
        pytest.param(
            {"path": "/fraud", "filters": [{"type": "URLRewrite", "urlRewrite": {"hostname": "inner"}}]},
            ["URLRewrite"],
            id="the author rewrites",
        ),
    ],
)
def test_the_prefix_is_removed_unless_the_author_rewrites(
    gateway: Object, filters: list[str], deployment: MakeDeployment
) -> None:
    rule = _rule(route_manifest(_with(deployment, **gateway), {"fraud-r1": 100}))
    assert [each["type"] for each in rule.get("filters", [])] == filters
    assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": gateway["path"]}}]


def test_timeouts_and_hosts_are_passed_on(deployment: MakeDeployment) -> None:
    md = _with(deployment, hostnames=["models.example.com"], timeouts={"request": "10s", "backendRequest": "500ms"})
    route = route_manifest(md, {"fraud-r1": 100})
    assert _rule(route)["timeouts"] == {"request": "10s", "backendRequest": "500ms"}
    assert route["spec"]["hostnames"] == ["models.example.com"]


@pytest.mark.parametrize(
    ("gateway", "address"),
    [
        ({"hostnames": ["*.example.com", "models.example.com"], "path": "/fraud"}, "http://models.example.com/fraud"),
        ({"hostnames": ["*.example.com"]}, None),
        ({}, None),
    ],
)
def test_the_address_needs_a_host_name(gateway: Object, address: str | None, deployment: MakeDeployment) -> None:
    assert url(_with(deployment, **gateway)) == address
    assert url(deployment()) is None


def _answer(parent: Object, generation: int = 2, **statuses: str) -> Object:
    conditions = [
        {"type": name, "status": status, "observedGeneration": generation, "reason": f"{name}Reason", "message": "so"}
        for name, status in {"Accepted": "True", "ResolvedRefs": "True", **statuses}.items()
    ]
    return {"parentRef": parent, "controllerName": "example.com/gateway", "conditions": conditions}


def _live(parents: list[Object], answers: list[Object]) -> Object:
    return {
        "metadata": {"name": "fraud", "namespace": "payments", "generation": 2},
        "spec": {"parentRefs": parents},
        "status": {"parents": answers},
    }


FULL = {"group": "gateway.networking.k8s.io", "kind": "Gateway", **PUBLIC}
INTERNAL = {"name": "internal"}


@pytest.mark.parametrize(
    ("route", "reason"),
    [
        pytest.param(_live([PUBLIC], [_answer(FULL)]), None, id="accepted"),
        pytest.param(_live([PUBLIC, INTERNAL], [_answer(FULL), _answer(INTERNAL)]), None, id="by both"),
        pytest.param(
            _live([INTERNAL], [_answer({**INTERNAL, "namespace": "payments"})]), None, id="the namespace is the route's"
        ),
        pytest.param(_live([PUBLIC], []), "NoAnswer", id="nobody answers"),
        pytest.param(_live([PUBLIC, INTERNAL], [_answer(FULL)]), "NoAnswer", id="one of two answers"),
        pytest.param(_live([INTERNAL], [_answer(FULL)]), "NoAnswer", id="another gateway"),
        pytest.param(
            _live([{**PUBLIC, "sectionName": "https"}], [_answer(FULL)]), "NoAnswer", id="another listener answers"
        ),
        pytest.param(_live([PUBLIC], [_answer(FULL, generation=1)]), "Pending", id="an answer to what was before"),
        pytest.param(_live([PUBLIC], [_answer(FULL, Accepted="False")]), "AcceptedReason", id="refused"),
        pytest.param(
            _live([PUBLIC], [_answer(FULL, ResolvedRefs="False")]), "ResolvedRefsReason", id="a backend is missing"
        ),
        pytest.param(_live([PUBLIC], [_answer(FULL, Accepted="Unknown")]), "AcceptedReason", id="undecided"),
        pytest.param(
            _live([PUBLIC], [{"parentRef": FULL, "conditions": [_answer(FULL)["conditions"][0]]}]),
            "Pending",
            id="half an answer",
        ),
    ],
)
def test_accepted_is_what_every_parent_says_of_this_generation(route: Object, reason: str | None) -> None:
    is_accepted, why, message = accepted(route)
    assert (is_accepted, why) == ((True, "Accepted") if reason is None else (False, reason))
    assert message


def test_a_route_that_was_just_created_is_not_accepted() -> None:
    assert accepted({"metadata": {"generation": 1}, "spec": {"parentRefs": [PUBLIC]}})[0] is False


def test_a_backend_without_a_weight_has_one() -> None:
    assert read_weights({"spec": {"rules": [{"backendRefs": [{"name": "a"}, {"name": "b", "weight": 0}]}]}}) == {
        "a": 1,
        "b": 0,
    }
    assert read_weights({}) == {}

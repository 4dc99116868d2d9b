# ruff: noqa: E501
"""A hand-made Deployment read as a ModelDeployment: what means the same, what is told to be lost, and the plan."""

import json
import shlex
from typing import Any

import pytest
import yaml

from tandem.api.objects import parse_deployment
from tandem.drafts.existing import Existing, Unreadable, read_existing, service_of
from tandem.drafts.routes import read_traffic
from tandem.drafts.takeover import Around, Takeover, plan_takeover, plan_text

OWNERS = {"engineering": {"team": "web", "contact": "web@example.com"}}


def deployment(
    container: dict[str, Any] | None = None, pod: dict[str, Any] | None = None, **spec: Any
) -> dict[str, Any]:
    bento = {"name": "web", "image": "fraud:1", "ports": [{"containerPort": 3000}], **(container or {})}
    template = {"metadata": {"labels": {"app": "fraud"}}, "spec": {"containers": [bento], **(pod or {})}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "fraud-web",
            "namespace": "payments",
            "uid": "1",
            "resourceVersion": "7",
            "annotations": {"deployment.kubernetes.io/revision": "3"},
        },
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "fraud"}}, "template": template, **spec},
        "status": {"readyReplicas": 2},
    }


def service(name: str = "fraud", port: int = 80, **selector: str) -> dict[str, Any]:
    spec = {"selector": selector or {"app": "fraud"}, "ports": [{"name": "http", "port": port, "targetPort": 3000}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "payments"}, "spec": spec}


def route(name: str = "fraud-route", **rule: Any) -> dict[str, Any]:
    rules = [{"backendRefs": [{"name": "fraud", "port": 80}], **rule}]
    spec = {
        "parentRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "public"}],
        "hostnames": ["fraud.example.com"],
        "rules": rules,
    }
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": name, "namespace": "payments"},
        "spec": spec,
    }


CONFIG = {"settings": {"MODE": "strict", "LIMIT": "3"}}


@pytest.mark.parametrize(
    ("container", "pod", "model"),
    [
        (
            {"env": [{"name": "A", "value": "1"}, {"name": "BENTOML_PORT", "value": "3000"}]},
            {},
            {"env": [{"name": "A", "value": "1"}]},
        ),
        ({"env": [{"name": "BENTOML_SERVE_SERVICE_NAME", "value": "Fraud"}]}, {}, {"service": "Fraud"}),
        ({"envFrom": [{"secretRef": {"name": "db"}}]}, {}, {"secrets": [{"secret": "db", "env": True}]}),
        (
            {"env": [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "db", "key": "KEY"}}}]},
            {},
            {"secrets": [{"secret": "db", "env": True}]},
        ),
        (
            {
                "volumeMounts": [
                    {"name": "c", "mountPath": "/etc/fraud/"},
                    {"name": "s", "mountPath": "/etc/db"},
                    {"name": "t", "mountPath": "/tmp"},
                ]
            },
            {
                "volumes": [
                    {"name": "c", "configMap": {"name": "limits"}},
                    {"name": "s", "secret": {"secretName": "db"}},
                    {"name": "t", "emptyDir": {}},
                ]
            },
            {
                "config": [{"configMap": "limits", "mountPath": "/etc/fraud"}],
                "secrets": [{"secret": "db", "mountPath": "/etc/db"}],
            },
        ),
        ({}, {"imagePullSecrets": [{"name": "registry"}]}, {"imagePullSecrets": ["registry"]}),
    ],
)
def test_what_can_be_said_is_said_and_nothing_is_lost(
    container: dict[str, Any], pod: dict[str, Any], model: dict[str, Any]
) -> None:
    reading = read_existing(Existing(deployment(container, pod), CONFIG))
    assert reading.model == {"image": "fraud:1", **model}
    assert reading.lost == ()


@pytest.mark.parametrize(
    ("container", "pod", "serving"),
    [
        ({"resources": {"requests": {"cpu": "1"}, "limits": {}}}, {}, {"resources": {"requests": {"cpu": "1"}}}),
        ({"startupProbe": {"periodSeconds": 5, "failureThreshold": 12}}, {}, {"startup": {"deadline": "60s"}}),
        ({"livenessProbe": {"initialDelaySeconds": 40}}, {}, {"startup": {"deadline": "70s"}}),
        (
            {"env": [{"name": "BENTOML_CONFIG_OPTIONS", "value": "services.Fraud.traffic.timeout=20"}]},
            {},
            {"timeout": "20s"},
        ),
        ({"securityContext": {"readOnlyRootFilesystem": True}}, {}, {"readOnlyRoot": None}),
        (
            {},
            {"nodeSelector": {"disk": "fast"}, "priorityClassName": "high"},
            {"nodeSelector": {"disk": "fast"}, "priorityClassName": "high"},
        ),
        ({"args": ["serve", "--timeout-keep-alive", "900"]}, {}, {}),
    ],
)
def test_how_it_runs_is_kept(container: dict[str, Any], pod: dict[str, Any], serving: dict[str, Any]) -> None:
    reading = read_existing(Existing(deployment(container, pod)))
    usual = {"replicas": {"min": 2}, "readOnlyRoot": False}
    assert reading.serving == {key: value for key, value in {**usual, **serving}.items() if value is not None}
    assert reading.lost == ()


@pytest.mark.parametrize(
    ("container", "pod", "said"),
    [
        ({"envFrom": [{"configMapRef": {"name": "settings"}}]}, {}, "its values of today are written"),
        ({"envFrom": [{"configMapRef": {"name": "gone"}}]}, {}, "it cannot be read"),
        ({"envFrom": [{"secretRef": {"name": "db"}, "prefix": "DB_"}]}, {}, "prefix DB_"),
        (
            {"env": [{"name": "M", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "MODE"}}}]},
            {},
            "value of today",
        ),
        (
            {"env": [{"name": "K", "valueFrom": {"secretKeyRef": {"name": "db", "key": "key"}}}]},
            {},
            "whose key is called K",
        ),
        (
            {"env": [{"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]},
            {},
            "variable IP, from fieldRef",
        ),
        ({"env": [{"name": "B", "value": "$(A)/x"}]}, {}, "refers to other variables"),
        (
            {"env": [{"name": "spring.profiles-active", "value": "x"}]},
            {},
            "variable spring.profiles-active: its name holds",
        ),
        ({"env": [{"name": "A" * 129, "value": "x"}]}, {}, "longer than 128"),
        ({"env": [{"name": "RULES", "value": "x" * 8193}]}, {}, "variable RULES: its value has 8193 characters"),
        (
            {"volumeMounts": [{"name": "m", "mountPath": "/models"}]},
            {"volumes": [{"name": "m", "persistentVolumeClaim": {}}]},
            "persistentVolumeClaim",
        ),
        (
            {"volumeMounts": [{"name": "m", "mountPath": "/a/b", "subPath": "b"}]},
            {"volumes": [{"name": "m", "configMap": {"name": "x"}}]},
            "single keys",
        ),
        (
            {"volumeMounts": [{"name": "m", "mountPath": "/cache"}]},
            {"volumes": [{"name": "m", "emptyDir": {}}]},
            "an empty folder",
        ),
        ({"command": ["python", "run.py"]}, {}, "the command 'python run.py'"),
        ({"ports": [{"containerPort": 8080}]}, {}, "its port"),
        ({"securityContext": {"runAsUser": 0}}, {}, "user 0"),
        ({}, {"initContainers": [{"name": "fetch"}]}, "containers beside the bento (fetch)"),
        ({}, {"serviceAccountName": "reader"}, "token of service account reader"),
        ({}, {"hostNetwork": True}, "the pod's hostNetwork"),
        ({"stdin": True}, {}, "the container's stdin"),
    ],
)
def test_what_cannot_be_carried_over_is_told(container: dict[str, Any], pod: dict[str, Any], said: str) -> None:
    [lost] = read_existing(Existing(deployment(container, pod), CONFIG)).lost
    assert said in lost


def test_what_no_variable_can_be_is_left_out_and_the_rest_is_written() -> None:
    settings = {"THRESHOLD": "0.5", "model.yaml": "a: 1", "RULES": "x" * 9000, "LIMIT": "x" * 8192}
    container = {"envFrom": [{"configMapRef": {"name": "settings"}}], "env": [{"name": "RULES", "value": "none"}]}
    reading = read_existing(Existing(deployment(container), {"settings": settings}))
    assert reading.model["env"] == [
        {"name": "THRESHOLD", "value": "0.5"},
        {"name": "RULES", "value": "none"},
        {"name": "LIMIT", "value": "x" * 8192},
    ]
    assert ["model.yaml" in told for told in reading.lost] == [False, True]
    parse_deployment(
        {"metadata": {"name": "fraud"}, "spec": {"tier": "Experiment", "owners": OWNERS, "model": reading.model}}
    )


@pytest.mark.parametrize(
    ("rule", "gateway", "lost"),
    [
        ({}, {"path": "/"}, []),
        ({"timeouts": {"request": "9s"}}, {"path": "/", "timeouts": {"request": "9s"}}, []),
        (
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/fraud"}}],
                "filters": [
                    {
                        "type": "URLRewrite",
                        "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}},
                    }
                ],
            },
            {"path": "/fraud"},
            [],
        ),
        (
            {"matches": [{"path": {"value": "/predict"}}]},
            {
                "path": "/predict",
                "filters": [
                    {
                        "type": "URLRewrite",
                        "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/predict"}},
                    }
                ],
            },
            [],
        ),
        ({"matches": [{"path": {"type": "Exact", "value": "/"}}]}, {"path": "/"}, ["matches Exact"]),
        ({"matches": [{"headers": [{"name": "x", "value": "y"}]}]}, {"path": "/"}, ["matches by headers"]),
        ({"backendRefs": [{"name": "fraud"}, {"name": "other"}]}, {"path": "/"}, ["several Services"]),
    ],
)
def test_a_route_is_read(rule: dict[str, Any], gateway: dict[str, Any], lost: list[str]) -> None:
    found = read_traffic("fraud", [route(**rule)], [])
    assert found.gateway == {"parentRefs": [{"name": "public"}], "hostnames": ["fraud.example.com"], **gateway}
    assert len(found.lost) == len(lost) and all(said in told for said, told in zip(lost, found.lost, strict=True))


def test_an_ingress_goes_on_leading_to_the_service() -> None:
    backend = {"service": {"name": "fraud", "port": {"number": 80}}}
    rules = [{"host": "a.example.com", "http": {"paths": [{"path": "/x", "backend": backend}]}}]
    found = read_traffic("fraud", [], [{"metadata": {"name": "in"}, "spec": {"rules": rules}}])
    assert found.gateway is None and "a.example.com/x" in found.lost[0]


def test_the_service_is_found_by_its_selector() -> None:
    services = [service("other", app="other"), service("none"), service("fraud-web")]
    services[1]["spec"]["selector"] = {}
    found = service_of(deployment(), services)
    assert found is not None and found["metadata"]["name"] == "fraud-web"


def takeover(services: list[Any], routes: list[Any], name: str | None = None) -> Takeover:
    return plan_takeover(Existing(deployment()), Around(services, routes), name, OWNERS)


@pytest.mark.parametrize(
    ("services", "routes", "name", "steps"),
    [
        ([service()], [route()], "fraud", ["Start", "Let", "Hand", "Delete"]),
        ([service()], [], "fraud", ["Start", "Hand", "Delete"]),
        ([service()], [route("fraud")], "fraud-web", ["Start", "Let", "Have", "Delete"]),
        ([service(port=3000)], [route()], "fraud-web", ["Start", "Let", "Have", "Delete"]),
        ([service("fraud-web", port=3000)], [], "fraud-web-model", ["Start", "Have", "Delete"]),
        ([], [], "fraud-web", ["Start", "Delete"]),
    ],
)
def test_the_plan_keeps_the_name_that_callers_use_where_it_can(
    services: list[Any], routes: list[Any], name: str, steps: list[str]
) -> None:
    found = takeover(services, routes)
    assert found.draft.name == name
    assert [step.title.split()[0] for step in found.steps] == steps
    assert all(step.commands and step.back for step in found.steps)
    parse_deployment({"metadata": {"name": name}, "spec": found.draft.spec})


def test_the_plan_names_places_and_the_objects_are_kept_as_they_were() -> None:
    found = takeover([service()], [route()])
    text = plan_text(found, "deploy/fraud", "-f deploy/fraud/model.yaml")
    assert "kubectl apply -f deploy/fraud/model.yaml" in text and "<" not in text
    assert "kubectl delete httproute fraud-route -n payments" in text
    assert (
        "kubectl label service fraud -n payments --overwrite app.kubernetes.io/managed-by=tandem tandem.dev/deployment=fraud"
        in text
    )
    kept = yaml.safe_load(found.files["deployment.yaml"])
    assert kept["metadata"] == {"name": "fraud-web", "namespace": "payments"} and "status" not in kept
    assert kept["spec"] == deployment()["spec"]


MINE: dict[str, Any] = {"matches": [{"path": {"value": "/fraud"}}], "backendRefs": [{"name": "fraud", "port": 80}]}
OTHERS: dict[str, Any] = {"matches": [{"path": {"value": "/it's"}}], "backendRefs": [{"name": "checkout", "port": 80}]}
FIRST: dict[str, Any] = {"path": {"value": "/fraud"}}
SECOND: dict[str, Any] = {"path": {"value": "/v2/fraud"}}


@pytest.mark.parametrize(
    ("rules", "place", "value", "path", "lost"),
    [
        ([OTHERS, MINE], "/spec/rules/1", MINE, "/fraud", []),
        ([MINE, OTHERS], "/spec/rules/0", MINE, "/fraud", []),
        ([MINE, {**MINE, "matches": [SECOND]}], "/spec/rules/0", MINE, "/fraud", ["2 rules to the Service"]),
        ([{**MINE, "matches": [FIRST, SECOND]}], "/spec/rules/0/matches/0", FIRST, "/fraud", ["2 matches"]),
        ([{**OTHERS, "backendRefs": MINE["backendRefs"]}, OTHERS], "/spec/rules/0", None, "/it's", []),
    ],
)
def test_of_a_route_with_more_than_the_model_only_its_part_is_taken_out(
    rules: list[Any], place: str, value: Any, path: str, lost: list[str]
) -> None:
    shared = route()
    shared["spec"]["rules"] = rules
    found = takeover([service()], [shared])
    switch = found.steps[1]
    [command], [back, _] = switch.commands, switch.back
    assert patched(command) == [
        {"op": "test", "path": place, "value": value or rules[0]},
        {"op": "remove", "path": place},
    ]
    assert patched(back) == [{"op": "add", "path": place, "value": value or rules[0]}]
    assert path in switch.why and "stays as it is" in switch.why
    assert "delete httproute" not in plan_text(found, "fraud", "-f fraud")
    assert len(found.lost) == len(lost) and all(said in told for said, told in zip(lost, found.lost, strict=True))


def patched(command: str) -> Any:
    words = shlex.split(command)
    assert words[:7] == ["kubectl", "patch", "httproute", "fraud-route", "-n", "payments", "--type=json"]
    return json.loads(words[words.index("-p") + 1])


def test_a_route_that_is_deleted_names_the_services_that_get_none_of_its_requests_any_more() -> None:
    both = [{"name": "fraud", "port": 80}, {"name": "fraud-next", "port": 80}]
    switch = takeover([service()], [route(backendRefs=both)]).steps[1]
    assert switch.commands == ("kubectl delete httproute fraud-route -n payments",)
    assert "Service fraud-next gets none of these requests any more" in switch.why


@pytest.mark.parametrize(
    ("services", "routes", "name", "said"),
    [
        ([], [], "Fraud", "is no name"),
        ([service(port=3000)], [], "fraud", "the one port 80"),
        ([service("fraud-svc"), service("fraud", app="other")], [], "fraud", "leads to the Deployment's pods"),
        ([service("fraud-svc")], [route("fraud")], "fraud", "HTTPRoute fraud"),
    ],
)
def test_a_name_that_does_not_fit_or_is_taken_is_refused(
    services: list[Any], routes: list[Any], name: str, said: str
) -> None:
    with pytest.raises(Unreadable, match=f"{said}.*--name"):
        takeover(services, routes, name)


def test_a_name_that_is_free_is_taken() -> None:
    assert takeover([service(port=3000)], [route()], "scores").draft.name == "scores"
    assert takeover([service()], [route()], "fraud").draft.name == "fraud"

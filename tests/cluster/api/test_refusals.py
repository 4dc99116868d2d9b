"""What people get wrong is refused by the API server, in words that say what to write instead."""

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.cluster

Kubectl = Callable[..., "subprocess.CompletedProcess[str]"]


def model_deployment(*path: str | int, value: Any = None, name: str = "fraud") -> dict[str, Any]:
    """A complete ModelDeployment; ``value`` is put at ``path`` in its spec, and None removes what is there."""
    spec: dict[str, Any] = {
        "purpose": "Score card payments before authorisation",
        "owners": {"engineering": {"team": "payments", "contact": "payments@example.com"}},
        "model": {
            "image": "registry.example.com/fraud:2.1.0",
            "service": "FraudService",
            "env": [{"name": "LEVEL", "value": "info"}],
            "config": [{"configMap": "fraud-thresholds", "mountPath": "/etc/fraud"}],
            "secrets": [{"secret": "fraud-db", "env": True}],
        },
        "requirements": {"latency": {"p99": "150ms"}, "availability": "99.9%"},
        "serving": {
            "timeout": "30s",
            "replicas": {"min": 2},
            "resources": {
                "requests": {"cpu": "500m", "memory": "512Mi"},
                "limits": {"memory": "1Gi", "acme.com/gpu": 1},
            },
            "startup": {"deadline": "3m", "warmup": [{"path": "/predict", "body": {"rows": [[1, 2.5, None]]}}]},
            "affinity": {"podAntiAffinity": {"any": [{"thing": 1}]}},
        },
        "rollout": {"steps": [{"weight": 1}, {"weight": 10, "hold": "1m"}, {"weight": 50}], "watch": "30m"},
        "traffic": {
            "gateway": {
                "parentRefs": [{"name": "public", "namespace": "gateway"}],
                "hostnames": ["models.example.com"],
                "path": "/fraud",
                "filters": [
                    {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "a", "value": "b"}]}}
                ],
                "timeouts": {"request": "10s", "backendRequest": "10s"},
            }
        },
    }
    if path:
        *parents, last = path
        place: Any = spec
        for key in parents:
            place = place.setdefault(key, {}) if isinstance(place, dict) else place[key]
        if value is None:
            del place[last]
        else:
            place[last] = value
    return {"apiVersion": "tandem.dev/v1alpha1", "kind": "ModelDeployment", "metadata": {"name": name}, "spec": spec}


METRIC = {
    "name": "low-confidence",
    "bad": {"counter": "predictions_total", "labels": {"confidence": "low"}},
    "total": {"counter": "predictions_total"},
}


BAD_QUERY, TOTAL_QUERY = (
    f'sum by (pod) ({name}{{pod=~"$revision-.*"}})' for name in ("declined_total", "scored_total")
)
SOURCE = {"prometheus": {"address": "http://prometheus.monitoring:9090"}}


def with_query(source: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A ModelDeployment with a metric that is counted by queries, changed like this."""
    metric = {"name": "declined", "query": {"bad": BAD_QUERY, "total": TOTAL_QUERY, **changes}}
    evidence = {"metrics": [metric], **({"source": source} if source else {})}
    return model_deployment("rollout", "evidence", value=evidence)


def with_metric(**changes: Any) -> dict[str, Any]:
    """A ModelDeployment with one metric of the user's own, changed like this."""
    return model_deployment("rollout", "evidence", "metrics", value=[{**METRIC, **changes}])


def without_gateway() -> dict[str, Any]:
    """One that has no gateway, and is to be judged by what one counts."""
    body = model_deployment("rollout", "evidence", value={"gateway": {"envoy": {}}})
    del body["spec"]["traffic"]
    return body


def answer_to(kubectl: Kubectl, body: dict[str, Any]) -> str:
    """What kubectl says to an apply that must be refused."""
    done = kubectl("apply", "--dry-run=server", "-f", "-", given=json.dumps(body), check=False)
    assert done.returncode != 0, f"not refused: {done.stdout}"
    return done.stderr


REFUSED = {
    "a field that does not exist": (
        model_deployment("serving", "replica", value=3),
        'unknown field "spec.serving.replica"',
    ),
    "a field in the wrong place": (model_deployment("image", value="fraud:1"), 'unknown field "spec.image"'),
    "a text for a number": (
        model_deployment("serving", "replicas", "min", value="three"),
        "spec.serving.replicas.min: Invalid value",
    ),
    "no owner": (
        model_deployment("owners", value={}),
        "name at least one owner: owners.dataScience or owners.engineering",
    ),
    "no owners at all": (model_deployment("owners"), "spec.owners: Required value"),
    "an owner nobody can reach": (
        model_deployment("owners", "engineering", value={"team": "payments"}),
        "spec.owners.engineering.contact: Required value",
    ),
    "no image": (model_deployment("model", "image"), "spec.model.image: Required value"),
    "an empty image": (model_deployment("model", "image", value=""), "an image is a name with a tag or digest"),
    "a latency without unit": (
        model_deployment("requirements", "latency", "p99", value="150"),
        "a duration needs a number and a unit (ms, s, m, h or d), such as 150ms or 1h30m",
    ),
    "a latency as number": (
        model_deployment("requirements", "latency", "p99", value=150),
        "spec.requirements.latency.p99 in body must be of type string",
    ),
    "a latency objective without the service": (
        model_deployment("model", "service"),
        "requirements.latency needs model.service: name the bento's service",
    ),
    "an availability without sign": (
        model_deployment("requirements", "availability", value="99.9"),
        "a percentage lies between 0% and 100% and has its sign, such as 99.9%",
    ),
    "an availability above all": (
        model_deployment("requirements", "availability", value="101%"),
        "between 0% and 100%",
    ),
    "weights that fall": (
        model_deployment("rollout", "steps", value=[{"weight": 50}, {"weight": 10}]),
        "weights must rise from step to step: put the steps in rising order",
    ),
    "a weight twice": (
        model_deployment("rollout", "steps", value=[{"weight": 10}, {"weight": 10}]),
        "each weight may appear once: remove the repeated step",
    ),
    "a weight above all": (
        model_deployment("rollout", "steps", value=[{"weight": 101}]),
        "should be less than or equal to 100",
    ),
    "a weight of nothing": (
        model_deployment("rollout", "steps", value=[{"weight": 0}]),
        "should be greater than or equal to 1",
    ),
    "a hold without unit": (
        model_deployment("rollout", "steps", 1, "hold", value="60"),
        "a duration needs a number and a unit",
    ),
    "an end of what never ends": (
        model_deployment("rollout", "evidence", value={"whenUndecided": "Promote"}),
        "whenUndecided speaks of what comes after maxDuration: give that too, such as 2h",
    ),
    "a metric of a name that is taken": (
        with_metric(name="latency-p99"),
        "errors, turned-away, gateway-errors and latency-... are judged by themselves: name your metric otherwise",
    ),
    "a metric's name with capitals": (
        with_metric(name="lowConfidence"),
        "a metric's name has at most 40 lower case letters, digits and '-'",
    ),
    "a metric twice": (
        model_deployment("rollout", "evidence", "metrics", value=[METRIC, METRIC]),
        "Duplicate value",
    ),
    "nine metrics": (
        model_deployment(
            "rollout", "evidence", "metrics", value=[{**METRIC, "name": f"metric-{number}"} for number in range(9)]
        ),
        "must have at most 8 items",
    ),
    "a counter with its labels in its name": (
        with_metric(bad={"counter": 'doubtful_total{kind="card"}'}),
        "labels have a field of their own",
    ),
    "a metric that is always bad": (
        with_metric(bad=METRIC["total"]),
        "bad and total are the same counter: all would be bad, and always",
    ),
    "the counts of a gateway that is not declared": (
        without_gateway(),
        "rollout.evidence.gateway reads what a gateway counts: declare traffic.gateway too",
    ),
    "a metric that is counted twice": (
        with_metric(query={"bad": BAD_QUERY, "total": TOTAL_QUERY}),
        "a metric is counted by bad and total, or by query: give the two, or the one",
    ),
    "a metric of bad ones only": (
        model_deployment("rollout", "evidence", "metrics", value=[{"name": "a", "bad": METRIC["bad"]}]),
        "a metric is counted by bad and total, or by query: give the two, or the one",
    ),
    "a query of no version": (
        with_query(SOURCE, total='sum(scored_total{pod=~"fraud-.*"})'),
        "a query says which version it is about: write $revision for the name of its ModelRevision",
    ),
    "a query of which all is bad": (
        with_query(SOURCE, total=BAD_QUERY),
        "bad and total are the same query: all would be bad, and always",
    ),
    "a query to nobody": (
        with_query(),
        "a metric's query is asked of a Prometheus: name it in source.prometheus",
    ),
    "a certainty that no evidence gives": (
        model_deployment("rollout", "evidence", "falseRollback", value="0.0%"),
        "must be more than 0%",
    ),
    "a secret used twice": (
        model_deployment("model", "secrets", 0, "mountPath", value="/etc/db"),
        "say how the secret is used: env: true (every key becomes a variable) or mountPath: /some/folder",
    ),
    "a secret not used": (
        model_deployment("model", "secrets", value=[{"secret": "fraud-db"}]),
        "say how the secret is used: env: true",
    ),
    "a folder twice": (
        model_deployment("model", "secrets", value=[{"secret": "fraud-db", "mountPath": "/etc/fraud"}]),
        "a folder holds one ConfigMap or one Secret: give each a mountPath of its own",
    ),
    "a folder that is none": (
        model_deployment("model", "config", 0, "mountPath", value="etc/fraud"),
        "a folder is an absolute path",
    ),
    "a variable twice": (
        model_deployment("model", "env", value=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]),
        "Duplicate value",
    ),
    "a variable's name": (
        model_deployment("model", "env", 0, "name", value="MY-VAR"),
        "use letters, digits and '_' only, and no digit at the start",
    ),
    "a ConfigMap's name": (
        model_deployment("model", "config", 0, "configMap", value="Thresholds"),
        "an object's name has lower case letters, digits, '-' and '.' only",
    ),
    "an amount with a wrong unit": (
        model_deployment("serving", "resources", "limits", "memory", value="1GB"),
        "an amount is a whole number or a string such as 500m (half a CPU) or 1Gi (memory)",
    ),
    "an amount below nothing": (
        model_deployment("serving", "resources", "limits", "memory", value="-1Gi"),
        "an amount is",
    ),
    "no pods": (
        model_deployment("serving", "replicas", "min", value=0),
        "spec.serving.replicas.min in body should be greater than or equal to 1",
    ),
    "a host name with scheme": (
        model_deployment("traffic", "gateway", "hostnames", value=["https://models.example.com"]),
        "a host name has no scheme, port or path, such as models.example.com",
    ),
    "a path without slash": (
        model_deployment("traffic", "gateway", "path", value="fraud"),
        "a path begins with '/' and has no spaces or query, such as /predict",
    ),
    "a route's timeout in days": (
        model_deployment("traffic", "gateway", "timeouts", "request", value="1d"),
        "a route's timeout needs a number and a unit (ms, s, m or h), such as 10s",
    ),
    "an attempt longer than the whole": (
        model_deployment("traffic", "gateway", "timeouts", "request", value="5s"),
        "timeouts.backendRequest, one attempt, must not be longer than timeouts.request",
    ),
    "a gateway without parent": (
        model_deployment("traffic", "gateway", "parentRefs", value=[]),
        "spec.traffic.gateway.parentRefs in body should have at least 1 items",
    ),
    "a toleration's effect": (
        model_deployment("serving", "tolerations", value=[{"key": "gpu", "effect": "noschedule"}]),
        'supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
    ),
    "a name too long": (
        model_deployment(name="f" * 41),
        "the name may have at most 40 characters: what Tandem makes for it is named after it",
    ),
    "a name that no Service may have": (model_deployment(name="2fraud"), "the name needs a letter first"),
    "a name with dots": (model_deployment(name="fraud.v2"), "the name needs a letter first, then lower case letters"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_what_to_do(kubectl: Kubectl, case: str) -> None:
    body, words = REFUSED[case]
    assert words in answer_to(kubectl, body)


ACCEPTED = {
    "a complete one": model_deployment(),
    "the longest name": model_deployment(name="f" * 40),
    "no traffic": model_deployment("traffic"),
    "no steps": model_deployment("rollout", "steps", value=[]),
    "metrics of its own": model_deployment(
        "rollout", "evidence", "metrics", value=[{**METRIC, "name": f"metric-{number}"} for number in range(8)]
    ),
    "metrics by queries": with_query(SOURCE),
    "what the gateway counts": model_deployment("rollout", "evidence", "gateway", value={"envoy": {}}),
    "steps that end by time": model_deployment("rollout", "pace", value="Time"),
    "an end of the evidence": model_deployment(
        "rollout", "evidence", value={"maxDuration": "2h", "whenUndecided": "RollBack"}
    ),
    "a last step with everything": model_deployment("rollout", "steps", value=[{"weight": 10}, {"weight": 100}]),
    "no objectives": model_deployment("requirements"),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_accepted(kubectl: Kubectl, case: str) -> None:
    kubectl("apply", "--dry-run=server", "-f", "-", given=json.dumps(ACCEPTED[case]))


def test_nothing_that_people_write_is_lost(kubectl: Kubectl) -> None:
    written = model_deployment()
    stored = json.loads(kubectl("apply", "--dry-run=server", "-o", "json", "-f", "-", given=json.dumps(written)).stdout)
    assert_within(written["spec"], stored["spec"])


def assert_within(part: Any, whole: Any) -> None:
    """Everything in ``part`` is in ``whole``; the API server may have added defaults."""
    if isinstance(part, dict):
        for key, value in part.items():
            if value is not None:
                assert_within(value, whole[key])
    elif isinstance(part, list):
        assert len(part) == len(whole)
        for one, other in zip(part, whole, strict=True):
            assert_within(one, other)
    else:
        assert part == whole


REVISION: dict[str, Any] = {
    "number": 1,
    "image": "registry.example.com/fraud:1",
    "declared": "model: {}",
    "defaulted": ["timeout"],
    "configs": "{}",
    "template": "spec: {}",
    "renderer": "1",
}


@pytest.fixture
def revision(kubectl: Kubectl, namespace: str) -> str:
    body = {
        "apiVersion": "tandem.dev/v1alpha1",
        "kind": "ModelRevision",
        "metadata": {"name": "fraud-r1"},
        "spec": REVISION,
    }
    kubectl("apply", "-n", namespace, "-f", "-", given=json.dumps(body))
    return "fraud-r1"


@pytest.mark.parametrize("field", REVISION)
def test_what_a_revision_is_never_changes(kubectl: Kubectl, namespace: str, revision: str, field: str) -> None:
    value = REVISION[field]
    other = value + 1 if isinstance(value, int) else [*value, "min"] if isinstance(value, list) else f"{value} "
    done = kubectl("patch", "mrev", revision, "-n", namespace, *merge({field: other}), check=False)
    assert done.returncode != 0
    assert f"a revision's {field} never changes: change the ModelDeployment" in done.stderr


def test_a_person_may_decide_about_a_revision(kubectl: Kubectl, namespace: str, revision: str) -> None:
    kubectl("patch", "mrev", revision, "-n", namespace, *merge({"decision": {"verb": "Abort", "id": "1"}}))
    kubectl("patch", "mrev", revision, "-n", namespace, *merge({"decision": {"verb": "Retry", "id": "2"}}))
    done = kubectl("patch", "mrev", revision, "-n", namespace, *merge({"decision": {"verb": "Redo"}}), check=False)
    assert 'supported values: "Promote", "Abort", "Retry", "Pause", "Resume", "Rollback", "Freeze"' in done.stderr


def merge(spec: dict[str, Any]) -> list[str]:
    return ["--type=merge", "--patch", json.dumps({"spec": spec})]


def test_explain_teaches(kubectl: Kubectl) -> None:
    said = kubectl("explain", "md.spec.rollout.steps").stdout
    assert "Percent of requests that the candidate gets." in said
    assert "Shortest time at this weight, counted from when the gateway has accepted it." in " ".join(said.split())


@pytest.mark.parametrize("name", ["md", "modeldeployments", "tandem", "mrev"])
def test_short_names_and_categories(kubectl: Kubectl, namespace: str, name: str) -> None:
    kubectl("get", name, "-n", namespace)

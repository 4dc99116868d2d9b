"""Objects to make in tests."""

from typing import Any

from tandem.api import names

Object = dict[str, Any]


def model_deployment(namespace: str, name: str, **spec: Any) -> Object:
    """The least that people write."""
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.MODEL_DEPLOYMENT,
        "metadata": {"namespace": namespace, "name": name},
        "spec": {
            "owners": {"dataScience": {"team": "risk-models", "contact": "risk-models@example.com"}},
            "model": {"image": "registry.example.com/fraud:2.1.0", "service": "FraudService"},
            **spec,
        },
    }


def ours(deployment: str) -> dict[str, str]:
    """The labels of everything that Tandem makes."""
    return {names.MANAGED_BY_LABEL: names.MANAGED_BY, names.DEPLOYMENT_LABEL: deployment}


def config_map(namespace: str, name: str, labels: dict[str, str] | None = None, **data: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"namespace": namespace, "name": name, "labels": labels or {}},
        "data": data,
    }


def deployment(namespace: str, name: str, replicas: int, labels: dict[str, str] | None = None) -> Object:
    container = {"name": "bento", "image": "registry.example.com/fraud:2.1.0"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"namespace": namespace, "name": name, "labels": labels or {}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name, **(labels or {})}}, "spec": {"containers": [container]}},
        },
    }

"""The load of the scale benchmark: the same models as ModelDeployments and as Argo Rollouts, with the same pods."""

from collections.abc import Iterator
from typing import Any

import yaml

from tandem.api.objects import parse_deployment
from tandem.manifests.declared import declare
from tandem.manifests.revision import revision_manifest

Object = dict[str, Any]

NAMESPACE = "bench-scale"
GATEWAY = "public"


def name_of(number: int) -> str:
    """Return the name of a model."""
    return f"model-{number:04d}"


def namespace(name: str) -> Object:
    """Return a namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def model_deployment(number: int, gateway: bool) -> Object:
    """Return one model, one pod, as most teams would write it."""
    name = name_of(number)
    spec: Object = {
        "purpose": "One of many, to see what many cost",
        "owners": {"dataScience": {"team": f"team-{number % 20}", "contact": f"team-{number % 20}@example.com"}},
        "model": {"image": "registry.example.com/model:1.0.0", "service": "Model"},
        "requirements": {"latency": {"p99": "150ms"}, "availability": "99.9%"},
        "serving": {"replicas": {"min": 1}, "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}}},
        "rollout": {"steps": [{"weight": 10}, {"weight": 50}], "watch": "5m"},
    }
    if gateway:
        spec["traffic"] = {"gateway": {"parentRefs": [{"name": GATEWAY}], "path": f"/{name}"}}
    return {
        "apiVersion": "tandem.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": spec,
    }


def rollout(number: int) -> Iterator[Object]:
    """Yield one model as a Rollout, with the Services that its owner has to make beside it."""
    name = name_of(number)
    labels = {"app": name}
    steps = [{"setWeight": 10}, {"pause": {}}, {"setWeight": 50}, {"pause": {}}]
    canary = {"steps": steps, "stableService": name, "canaryService": f"{name}-canary"}
    yield from (_service(each, name) for each in (name, f"{name}-canary"))
    template = _pod_template(number)
    template["metadata"] = {**template.get("metadata", {}), "labels": labels}
    yield {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": template,
            "strategy": {"canary": canary},
        },
    }


def _pod_template(number: int) -> Object:
    deployment = parse_deployment(model_deployment(number, gateway=False))
    revision = revision_manifest(deployment, declare(deployment.spec, {}), 1, ())
    template: Object = yaml.safe_load(revision["spec"]["template"])
    return template


def _service(name: str, app: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"selector": {"app": app}, "ports": [{"name": "http", "port": 80, "targetPort": 3000}]},
    }

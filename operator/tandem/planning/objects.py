"""The exact objects of a model: made by the functions that the operator makes them with."""

from collections.abc import Mapping
from typing import Any

from tandem.api.objects import ModelDeployment, parse_revision
from tandem.manifests.budget import budget_manifest
from tandem.manifests.config import config_manifests
from tandem.manifests.configs import ConfigContent
from tandem.manifests.declared import config_maps, declare
from tandem.manifests.edges import edges
from tandem.manifests.revision import revision_manifest
from tandem.manifests.route import route_manifest
from tandem.manifests.service import cluster_service_manifest, revision_service_manifest
from tandem.manifests.workload import deployment_manifest
from tandem.planning.sizing import Sizing


def planned(deployment: ModelDeployment, sizing: Sizing) -> ModelDeployment:
    """Return the declaration with the plan's number of pods, and with memory and CPU where it says nothing of them."""
    serving = deployment.spec.serving
    pods = max(sizing.pods, serving.replicas.min)
    changes: dict[str, Any] = {"replicas": {"min": pods}}
    if serving.resources is None:
        requests = {"memory": f"{sizing.memory_request // 1048576}Mi"}
        if sizing.cpu_request is not None:
            requests["cpu"] = f"{1000 * sizing.cpu_request:.0f}m"
        changes["resources"] = {"requests": requests, "limits": {"memory": f"{sizing.memory_limit // 1048576}Mi"}}
    data = deployment.to_dict()
    data["spec"]["serving"] = data["spec"].get("serving", {}) | changes
    return ModelDeployment.model_validate(data)


def objects(deployment: ModelDeployment, configs: Mapping[str, ConfigContent], number: int = 1) -> list[dict[str, Any]]:
    """Return what the operator would make of a first version. Raises ``DeclarationError``.

    A ConfigMap whose content is not known stands empty. Uids are the API server's to give, and empty here.
    """
    spec = deployment.spec
    contents = {name: configs.get(name, ConfigContent()) for name in config_maps(spec)}
    declared = declare(spec, contents)
    body = revision_manifest(deployment, declared, number, edges(spec.requirements))
    revision = parse_revision(body)
    name = revision.metadata.name
    made = [
        body,
        *config_manifests(revision),
        revision_service_manifest(revision),
        budget_manifest(revision),
        deployment_manifest(revision, spec.serving.replicas.min),
        cluster_service_manifest(deployment, name),
    ]
    return [*made, route_manifest(deployment, {name: 100})] if spec.traffic.gateway is not None else made

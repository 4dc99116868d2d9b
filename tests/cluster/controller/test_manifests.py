"""What tandem.manifests makes, before a real API server: taken as it is, and applied again without a trace."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tandem.api.objects import parse_deployment, parse_revision
from tandem.cluster.client import Cluster
from tandem.cluster.ownership import says
from tandem.manifests.budget import budget_manifest
from tandem.manifests.config import config_manifests
from tandem.manifests.configs import ConfigContent
from tandem.manifests.declared import declare, same_version
from tandem.manifests.edges import edges
from tandem.manifests.revision import revision_manifest
from tandem.manifests.route import read_weights, route_manifest
from tandem.manifests.service import cluster_service_manifest, revision_service_manifest, selected_revision
from tandem.manifests.workload import applied_deployment, deployment_manifest
from tandem.rollout.decision import NOBODY
from tests.cluster.controller.objects import model_deployment

CASES = sorted((Path(__file__).resolve().parents[2] / "golden" / "manifests" / "cases").glob("*.in.yaml"))

WITH_CONTROLLER = ("Deployment", "PodDisruptionBudget")
"""Kubernetes writes their status meanwhile, which gives them another version."""

pytestmark = pytest.mark.cluster


@pytest.fixture(params=CASES, ids=lambda path: path.stem)
def declared_objects(request: pytest.FixtureRequest, namespace: str) -> list[dict[str, Any]]:
    """The golden case: a ModelDeployment, and the ConfigMaps that it names."""
    objects: list[dict[str, Any]] = list(yaml.safe_load_all(request.param.read_text()))
    objects[0]["metadata"] = {"name": objects[0]["metadata"]["name"], "namespace": namespace}
    return objects


async def test_manifests_are_taken_as_they_are_and_applied_again_without_a_trace(
    cluster: Cluster, declared_objects: list[dict[str, Any]]
) -> None:
    body, *config_maps = declared_objects
    md = parse_deployment(await cluster.create(body))
    configs = {each["metadata"]["name"]: ConfigContent.of(each) for each in config_maps}
    declared = declare(md.spec, configs)
    revision = parse_revision(await cluster.create(revision_manifest(md, declared, 1, edges(md.spec.requirements))))
    assert same_version(declared, revision.spec), "what comes back from the API server is what was declared"

    name = revision.metadata.name
    children = [
        *config_manifests(revision),
        deployment_manifest(revision, 0),
        revision_service_manifest(revision),
        budget_manifest(revision),
        cluster_service_manifest(md, name),
    ]
    if md.spec.traffic.gateway:
        children.append(route_manifest(md, {name: 100}))
    for manifest in children:
        live = await cluster.create(manifest)
        assert says(live, manifest), f"{manifest['kind']} is not stored as it was made"
        again = applied_deployment(revision) if manifest["kind"] == "Deployment" else manifest
        first = await cluster.apply(again, live["metadata"]["uid"])
        second = await cluster.apply(again, live["metadata"]["uid"])
        assert first.get("spec") == live.get("spec")
        assert second["metadata"].get("generation") == live["metadata"].get("generation")
        if manifest["kind"] not in WITH_CONTROLLER:
            assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


async def test_a_route_and_a_service_for_nobody_are_taken(cluster: Cluster, namespace: str) -> None:
    body = model_deployment(namespace, "fraud", traffic={"gateway": {"parentRefs": [{"name": "public"}]}})
    md = parse_deployment(await cluster.create(body))
    for serving, nobody in (
        (route_manifest(md, {"fraud-r1": 100}), route_manifest(md, {})),
        (cluster_service_manifest(md, "fraud-r1"), cluster_service_manifest(md, NOBODY)),
    ):
        made = await cluster.create(serving)
        live = await cluster.apply(nobody, made["metadata"]["uid"])
        assert says(live, nobody)
        assert read_weights(live) == {}
        assert selected_revision(live) is None

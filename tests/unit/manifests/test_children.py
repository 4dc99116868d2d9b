"""What every child has in common, and how they find each other."""

from collections.abc import Callable
from typing import Any

import pytest

from tandem.api.objects import ModelDeployment, ModelRevision
from tandem.manifests.budget import budget_manifest
from tandem.manifests.config import config_manifests
from tandem.manifests.configs import ConfigContent
from tandem.manifests.labels import deployment_of
from tandem.manifests.route import route_manifest
from tandem.manifests.service import (
    cluster_service_manifest,
    cluster_url,
    revision_service_manifest,
    selected_revision,
)
from tandem.manifests.text import from_yaml
from tandem.manifests.times import startup_seconds, timeout_seconds
from tandem.manifests.workload import PULL_SECONDS, applied_deployment, deployment_manifest

Object = dict[str, Any]


@pytest.fixture
def md(deployment: Callable[..., ModelDeployment]) -> ModelDeployment:
    config = [{"configMap": "thresholds", "mountPath": "/etc/fraud"}]
    return deployment(
        model={"config": config},
        serving={"startup": {"deadline": "90500ms"}, "timeout": "2m"},
        traffic={"gateway": {"parentRefs": [{"name": "public"}]}},
    )


@pytest.fixture
def made(md: ModelDeployment, revision: Callable[..., ModelRevision]) -> ModelRevision:
    return revision(md, {"thresholds": ConfigContent({"a": "1"}, {"b": "AAEC"})}, 3)


def test_children_of_a_revision_are_named_labelled_and_owned(made: ModelRevision) -> None:
    children = [
        deployment_manifest(made, 2),
        revision_service_manifest(made),
        budget_manifest(made),
        *config_manifests(made),
    ]
    assert [child["metadata"]["name"] for child in children] == [
        "fraud-r3", "fraud-r3", "fraud-r3", "fraud-r3-bento", "fraud-r3-config-0",
    ]  # fmt: skip
    for child in children:
        assert child["metadata"]["namespace"] == "payments"
        assert child["metadata"]["labels"] == {
            "app.kubernetes.io/managed-by": "tandem",
            "tandem.dev/deployment": "fraud",
            "tandem.dev/revision": "fraud-r3",
        }
        (owner,) = child["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["uid"], owner["controller"]) == ("ModelRevision", "uid-of-r3", True)


def test_objects_of_the_whole_deployment_belong_to_it(md: ModelDeployment) -> None:
    for child in (cluster_service_manifest(md, "fraud-r3"), route_manifest(md, {"fraud-r3": 100})):
        assert child["metadata"]["name"] == "fraud"
        assert "tandem.dev/revision" not in child["metadata"]["labels"]
        (owner,) = child["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["uid"]) == ("ModelDeployment", "uid-of-fraud")


def test_selectors_find_the_pods(md: ModelDeployment, made: ModelRevision) -> None:
    deployment = deployment_manifest(made, 2)
    labels = deployment["spec"]["template"]["metadata"]["labels"].items()
    selectors = [
        deployment["spec"]["selector"]["matchLabels"],
        budget_manifest(made)["spec"]["selector"]["matchLabels"],
        revision_service_manifest(made)["spec"]["selector"],
        cluster_service_manifest(md, "fraud-r3")["spec"]["selector"],
    ]
    for selector in selectors:
        assert selector["tandem.dev/revision"] == "fraud-r3"
        assert selector.items() <= labels


def test_the_services_lead_to_the_bentos_port(made: ModelRevision) -> None:
    (container,) = from_yaml(made.spec.template)["spec"]["containers"]
    (port,) = revision_service_manifest(made)["spec"]["ports"]
    assert port["port"] == 80
    assert [each["containerPort"] for each in container["ports"] if each["name"] == port["targetPort"]] == [3000]


def test_the_selected_revision_is_read_off_the_live_service(md: ModelDeployment) -> None:
    assert selected_revision(cluster_service_manifest(md, "fraud-r3")) == "fraud-r3"
    assert selected_revision({"spec": {}}) is None
    assert selected_revision(cluster_service_manifest(md, "")) is None
    assert cluster_url(md) == "http://fraud.payments.svc"


def test_the_number_of_pods_is_given_at_creation_and_never_applied(made: ModelRevision) -> None:
    created, applied = deployment_manifest(made, 4), applied_deployment(made)
    assert created["spec"].pop("replicas") == 4
    assert created == applied


def test_a_rollout_of_pods_never_takes_one_away_first(made: ModelRevision) -> None:
    assert applied_deployment(made)["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_deadlines_are_those_of_the_revision(made: ModelRevision) -> None:
    assert startup_seconds(made.spec) == 90.5
    assert timeout_seconds(made.spec) == 120
    assert applied_deployment(made)["spec"]["progressDeadlineSeconds"] == 91 + PULL_SECONDS


def test_a_version_of_an_older_tandem_without_times_has_the_defaults(made: ModelRevision) -> None:
    older = made.spec.with_changes(declared="{}")
    assert (timeout_seconds(older), startup_seconds(older)) == (60, 180)


def test_copies_are_immutable_and_complete(made: ModelRevision) -> None:
    own, copy = config_manifests(made)
    assert own["immutable"] is copy["immutable"] is True
    assert (copy["data"], copy["binaryData"]) == ({"a": "1"}, {"b": "AAEC"})
    assert list(own["data"]) == ["bentoml.yaml"]


def test_an_empty_config_map_stays_empty(
    deployment: Callable[..., ModelDeployment], revision: Callable[..., ModelRevision]
) -> None:
    config = [{"configMap": "empty", "mountPath": "/etc/empty"}]
    made = revision(deployment(model={"config": config}), {"empty": ConfigContent.of({"metadata": {}})})
    (copy,) = [each for each in config_manifests(made) if each["metadata"]["name"] == "fraud-r1-config-0"]
    assert "data" not in copy
    assert "binaryData" not in copy


def test_a_revision_without_labels_is_still_known_by_its_name(made: ModelRevision) -> None:
    bare = made.with_changes(metadata=made.metadata.with_changes(labels={}))
    assert deployment_of(bare) == deployment_of(made) == "fraud"

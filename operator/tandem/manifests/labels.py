"""Labels and owners: how Tandem knows its own objects, and how Kubernetes deletes them with their owner."""

from typing import Any

from tandem.api.names import (
    API_VERSION,
    DEPLOYMENT_LABEL,
    MANAGED_BY,
    MANAGED_BY_LABEL,
    MODEL_DEPLOYMENT,
    MODEL_REVISION,
    REVISION_LABEL,
)
from tandem.api.objects import ModelDeployment, ModelRevision


def deployment_labels(deployment: str) -> dict[str, str]:
    """Return the labels of objects that belong to a ModelDeployment as a whole."""
    return {MANAGED_BY_LABEL: MANAGED_BY, DEPLOYMENT_LABEL: deployment}


def revision_labels(deployment: str, revision: str) -> dict[str, str]:
    """Return the labels of objects, pods included, that belong to one revision."""
    return {**deployment_labels(deployment), REVISION_LABEL: revision}


def deployment_of(revision: ModelRevision) -> str:
    """Return the name of the ModelDeployment that a revision is of."""
    named = revision.metadata.labels.get(DEPLOYMENT_LABEL)
    return named or revision.metadata.name.removesuffix(f"-r{revision.spec.number}")


def metadata_of_deployment(md: ModelDeployment, name: str) -> dict[str, Any]:
    """Return the metadata of an object that a ModelDeployment owns."""
    return {
        "name": name,
        "namespace": md.metadata.namespace,
        "labels": deployment_labels(md.metadata.name),
        "ownerReferences": [_owner(MODEL_DEPLOYMENT, md.metadata.name, md.metadata.uid)],
    }


def metadata_of_revision(revision: ModelRevision, name: str) -> dict[str, Any]:
    """Return the metadata of an object that a ModelRevision owns."""
    return {
        "name": name,
        "namespace": revision.metadata.namespace,
        "labels": revision_labels(deployment_of(revision), revision.metadata.name),
        "ownerReferences": [_owner(MODEL_REVISION, revision.metadata.name, revision.metadata.uid)],
    }


def _owner(kind: str, name: str, uid: str) -> dict[str, Any]:
    # blockOwnerDeletion would need the right to update the owner's finalizers, and Tandem asks for no such right.
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "name": name,
        "uid": uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }

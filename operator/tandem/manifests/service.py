"""Services: one for each revision (the gateway's backends), one for callers inside the cluster."""

from typing import Any

from tandem.api.names import DEPLOYMENT_LABEL, REVISION_LABEL, SERVICE_PORT
from tandem.api.objects import ModelDeployment, ModelRevision
from tandem.manifests.labels import deployment_of, metadata_of_deployment, metadata_of_revision

# Named, so that a revision's template alone says which port the bento listens on.
_PORTS = [{"name": "http", "port": SERVICE_PORT, "protocol": "TCP", "targetPort": "http"}]


def revision_service_manifest(revision: ModelRevision) -> dict[str, Any]:
    """Return the Service of one revision."""
    name = revision.metadata.name
    return _service(metadata_of_revision(revision, name), deployment_of(revision), name)


def cluster_service_manifest(md: ModelDeployment, revision_name: str) -> dict[str, Any]:
    """Return the Service named after the ModelDeployment, pointing at one revision: the only selector that changes.

    With an empty name it points at no pod. It stays nonetheless, since callers may hold its address.
    """
    return _service(metadata_of_deployment(md, md.metadata.name), md.metadata.name, revision_name)


def selected_revision(service: dict[str, Any]) -> str | None:
    """Return the revision that a live Service points at; None if it points at no pod of ours."""
    selected: str | None = ((service.get("spec") or {}).get("selector") or {}).get(REVISION_LABEL)
    return selected or None


def cluster_url(md: ModelDeployment) -> str:
    """Return the address for callers inside the cluster."""
    return f"http://{md.metadata.name}.{md.metadata.namespace}.svc"


def _service(metadata: dict[str, Any], deployment: str, revision: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {
            "type": "ClusterIP",
            "ports": [dict(port) for port in _PORTS],
            "selector": {DEPLOYMENT_LABEL: deployment, REVISION_LABEL: revision},
        },
    }

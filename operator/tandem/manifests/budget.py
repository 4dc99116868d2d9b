"""The PodDisruptionBudget of a revision."""

from typing import Any

from tandem.api.names import REVISION_LABEL
from tandem.api.objects import ModelRevision
from tandem.manifests.labels import metadata_of_revision


def budget_manifest(revision: ModelRevision) -> dict[str, Any]:
    """Return the budget: node drains take one pod of a revision at a time, and are never held up by a broken one."""
    name = revision.metadata.name
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata_of_revision(revision, name),
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": {REVISION_LABEL: name}},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }

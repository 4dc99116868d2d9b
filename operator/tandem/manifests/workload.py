"""The Deployment of a revision."""

import math
from typing import Any, Final

from tandem.api.names import REVISION_LABEL
from tandem.api.objects import ModelRevision
from tandem.manifests.labels import metadata_of_revision
from tandem.manifests.text import from_yaml
from tandem.manifests.times import startup_seconds

PULL_SECONDS: Final = 60
"""Scheduling and pulling the image come before the startup deadline begins."""


def deployment_manifest(revision: ModelRevision, replicas: int) -> dict[str, Any]:
    """Return the Deployment of a revision, to be created with this many pods.

    Never apply it with ``replicas``: afterwards the number belongs to the scale subresource, see
    ``applied_deployment``.
    """
    manifest = applied_deployment(revision)
    manifest["spec"]["replicas"] = replicas
    return manifest


def applied_deployment(revision: ModelRevision) -> dict[str, Any]:
    """Return what Tandem owns of a revision's Deployment for good: everything but the number of pods."""
    name = revision.metadata.name
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata_of_revision(revision, name),
        "spec": {
            "selector": {"matchLabels": {REVISION_LABEL: name}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"}},
            "progressDeadlineSeconds": math.ceil(startup_seconds(revision.spec)) + PULL_SECONDS,
            "revisionHistoryLimit": 1,
            "template": from_yaml(revision.spec.template),
        },
    }

"""The ConfigMaps of a revision: copies of people's, as they were when the revision was made, and Tandem's own files."""

from typing import Any

from tandem.api.objects import ModelRevision
from tandem.manifests.configs import ConfigCopy, read_copies
from tandem.manifests.labels import metadata_of_revision


def config_manifests(revision: ModelRevision) -> list[dict[str, Any]]:
    """Return the revision's ConfigMaps, immutable, in order of their names."""
    return [_config_map(revision, name, copy) for name, copy in sorted(read_copies(revision.spec).items())]


def _config_map(revision: ModelRevision, name: str, copy: ConfigCopy) -> dict[str, Any]:
    manifest: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata_of_revision(revision, name),
        "immutable": True,
    }
    if copy.content.data:
        manifest["data"] = dict(copy.content.data)
    if copy.content.binary_data:
        manifest["binaryData"] = dict(copy.content.binary_data)
    return manifest

"""kwok: nodes that are not there, whose pods become Ready at once. Pure, but for reading kwok's own stages."""

from pathlib import Path
from typing import Any

import yaml

NEVER_READY = "never-ready"
"""Pods with an image of this in its name stay Pending: like the example bento that raises while it loads."""

# The stages that make nodes and pods live, in the folders of kwok's own repository.
_STAGES = (
    "node/fast/node-initialize.yaml",
    "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    "pod/fast/pod-ready.yaml",
    "pod/fast/pod-complete.yaml",
    "pod/fast/pod-delete.yaml",
)


def read_stages(folder: Path) -> list[dict[str, Any]]:
    """kwok's stages out of the folder `stage` of its module."""
    return [yaml.safe_load((folder / name).read_text()) for name in _STAGES]


def configuration(stages: list[dict[str, Any]]) -> str:
    """kwok's configuration file. Started by itself, kwok has no stages, and no defaults for the `…Parallelism` options:
    without them it starts no workers."""
    options = {
        "cidr": "10.0.0.0/16",
        "manageAllNodes": True,
        "enableDebuggingHandlers": False,
        "podPlayStageParallelism": 8,
        "nodePlayStageParallelism": 4,
        "nodeLeaseParallelism": 4,
        "nodeLeaseDurationSeconds": 40,
        "podsOnNodeSyncParallelism": 2,
        "enablePodsOnNodeSyncListPager": True,
    }
    head = {"apiVersion": "config.kwok.x-k8s.io/v1alpha1", "kind": "KwokConfiguration", "options": options}
    return yaml.safe_dump_all([head, *map(_with_never_ready, stages)], sort_keys=False)


def node(name: str) -> dict[str, Any]:
    """A node for kwok to bring to life; it has room for everything."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"},
            "annotations": {"kwok.x-k8s.io/node": "fake"},
        },
    }


def _with_never_ready(stage: dict[str, Any]) -> dict[str, Any]:
    if stage["metadata"]["name"] == "pod-ready":
        key = f'.spec.containers.[] | .image | select( test("{NEVER_READY}") )'
        stage["spec"]["selector"]["matchExpressions"].append({"key": key, "operator": "DoesNotExist"})
    return stage

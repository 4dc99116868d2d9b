"""What Tandem is compared with: built from pinned modules, run in the same cluster as it."""

from pathlib import Path

from dev.cluster.binaries import Tool

ARGO_ROLLOUTS = Tool(
    "argo-rollouts",
    "github.com/argoproj/argo-rollouts",
    ("github.com/argoproj/argo-rollouts/cmd/rollouts-controller",),
    ("manifests/crds",),
    modules=Path(__file__).resolve().parent,
)
"""A progressive delivery controller for any workload."""

"""The names that every part of Tandem shares: group, kinds, labels, and how children are called."""

from typing import Final

GROUP: Final = "tandem.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
MODEL_DEPLOYMENT: Final = "ModelDeployment"
MODEL_REVISION: Final = "ModelRevision"
FIELD_MANAGER: Final = "tandem"

MANAGED_BY_LABEL: Final = "app.kubernetes.io/managed-by"
MANAGED_BY: Final = "tandem"
DEPLOYMENT_LABEL: Final = "tandem.dev/deployment"
REVISION_LABEL: Final = "tandem.dev/revision"

MAX_NAME_LENGTH: Final = 40
"""Longest name of a ModelDeployment: children append to it and must stay within 63 characters."""

POD_PORT: Final = 3000
SERVICE_PORT: Final = 80


def revision_name(deployment: str, number: int) -> str:
    """Return the name of a ModelRevision and of every object made for it."""
    return f"{deployment}-r{number}"

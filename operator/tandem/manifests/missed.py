"""Where the pod of an examination keeps what was asked, expected and got: a Secret that it creates and nobody reads.

The pod has an account of its own for it, one for each model, with the right to create Secrets and no other. The
operator makes that account and binds it to a role of the chart's; it has no right on a Secret itself.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from tandem.api.objects import ModelDeployment, ModelRevision
from tandem.manifests.labels import deployment_labels, deployment_of, metadata_of_deployment, metadata_of_revision

ACCOUNT_SUFFIX: Final = "-tandem-examiner"
"""Of the ServiceAccount's name: the chart's admission policy knows such accounts by it."""

DOCUMENT_KEY: Final = "missed.json"
MISSED_LABEL: Final = "tandem.dev/missed"
"""On the Secret: the revision, by which people find what is kept of it."""

TOKEN_FILE: Final = "token"  # noqa: S105
CA_FILE: Final = "ca.crt"
ACCESS: Final = "/tandem/access"
TOKEN_SECONDS: Final = 600
"""The shortest life of a token that Kubernetes gives; the kubelet brings a new one before."""

_VOLUME: Final = "access"


@dataclass(frozen=True, slots=True)
class Keeping:
    """How the pod of an examination keeps what was missed."""

    account: str | None = None
    """ServiceAccount that it runs as; None: it keeps nothing."""
    trouble: str | None = None
    """Why it cannot, though it was to."""
    pull_secrets: tuple[str, ...] = ()
    """Those of the account that it would run as otherwise: what pulls its images now."""


KEEPS_NOTHING: Final = Keeping()


@dataclass(frozen=True, slots=True)
class ExaminerRole:
    """The role that lets an account create Secrets: the chart's."""

    kind: str
    """ClusterRole, or Role where the operator serves some namespaces only."""
    name: str


def account_name(deployment: str) -> str:
    """Return the name of the account, and of its binding."""
    return deployment + ACCOUNT_SUFFIX


def account_manifest(deployment: ModelDeployment) -> dict[str, Any]:
    """Return the ServiceAccount; no pod gets its token by itself."""
    metadata = metadata_of_deployment(deployment, account_name(deployment.metadata.name))
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata,
        "automountServiceAccountToken": False,
    }


def binding_manifest(deployment: ModelDeployment, role: ExaminerRole) -> dict[str, Any]:
    """Return the RoleBinding that gives the account its one right."""
    metadata = metadata_of_deployment(deployment, account_name(deployment.metadata.name))
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role.kind, "name": role.name},
        "subjects": [{"kind": "ServiceAccount", "name": metadata["name"], "namespace": metadata["namespace"]}],
    }


def secret_manifest(revision: ModelRevision, name: str) -> dict[str, Any]:
    """Return the Secret without its content: never changed, and deleted with the revision."""
    metadata = metadata_of_revision(revision, name)
    metadata["labels"] = {**deployment_labels(deployment_of(revision)), MISSED_LABEL: revision.metadata.name}
    return {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata, "immutable": True}


def keeping_env(revision: ModelRevision, examination: str, keeping: Keeping) -> list[dict[str, Any]]:
    """Return what the pod's container is told of it."""
    if keeping.trouble is not None:
        return [{"name": "CASES_TROUBLE", "value": keeping.trouble}]
    if keeping.account is None:
        return []
    secret = json.dumps(secret_manifest(revision, examination), sort_keys=True)
    return [
        {"name": "CASES_SECRET", "value": secret},
        {"name": "ACCESS_FOLDER", "value": ACCESS},
        {"name": "POD_UID", "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}}},
    ]


def keeping_mounts(keeping: Keeping) -> list[tuple[str, str]]:
    """Return what its container mounts for it: volume and path."""
    return [(_VOLUME, ACCESS)] if keeping.account is not None else []


def keeping_volumes(keeping: Keeping) -> list[dict[str, Any]]:
    """Return the volumes for it."""
    if keeping.account is None:
        return []
    token = {"serviceAccountToken": {"path": TOKEN_FILE, "expirationSeconds": TOKEN_SECONDS}}
    # Optional: a pod that waits for a volume says nothing, and the examiner can say what is missing.
    authority = {
        "configMap": {
            "name": "kube-root-ca.crt",
            "items": [{"key": CA_FILE, "path": CA_FILE}],
            "optional": True,
        }
    }
    return [{"name": _VOLUME, "projected": {"sources": [token, authority]}}]


def keeping_pod(keeping: Keeping, own_pull: bool) -> dict[str, Any]:
    """Return what the pod's spec says of it; ``own_pull``: the version names what pulls its image."""
    if keeping.account is None:
        return {}
    pull = [{"name": name} for name in keeping.pull_secrets]
    given = {"imagePullSecrets": pull} if pull and not own_pull else {}
    return {"serviceAccountName": keeping.account, **given}

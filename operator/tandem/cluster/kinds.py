"""The kinds that Tandem reads and writes, and where the API server keeps them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from tandem.api import names

Object = dict[str, Any]
"""An object as the API server sends it."""

MANAGED_SELECTOR: Final = f"{names.MANAGED_BY_LABEL}={names.MANAGED_BY}"
"""Label selector of everything that Tandem makes."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object and its place in the API."""

    api_version: str
    plural: str
    kind: str
    namespaced: bool = True
    selector: str | None = None
    """Label selector by which Tandem lists and watches it, on the server's side; None for all."""
    metadata_only: bool = False
    """Only ever read its metadata: the content is nobody's business."""

    @property
    def group(self) -> str:
        """The API group; empty for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def version(self) -> str:
        """The version without the group."""
        return self.api_version.rpartition("/")[2]

    def path(self, namespace: str | None, name: str | None = None, subresource: str | None = None) -> str:
        """Return the URL path of the collection, of one object or of its subresource."""
        parts = ["apis" if self.group else "api", *self.api_version.split("/")]
        if self.namespaced and namespace is not None:
            parts += ["namespaces", namespace]
        parts.append(self.plural)
        if name is not None:
            parts.append(name)
        if subresource is not None:
            parts += subresource.split("/")
        return "/" + "/".join(quote(part, safe=":") for part in parts)

    def describe(self, namespace: str | None, name: str) -> str:
        """Return the kind and name as a person would write it: ``Deployment demo/fraud-r1``."""
        return f"{self.kind} {namespace}/{name}" if self.namespaced and namespace else f"{self.kind} {name}"


MODEL_DEPLOYMENT: Final = Kind(names.API_VERSION, "modeldeployments", names.MODEL_DEPLOYMENT)
MODEL_REVISION: Final = Kind(names.API_VERSION, "modelrevisions", names.MODEL_REVISION)
DEPLOYMENT: Final = Kind("apps/v1", "deployments", "Deployment", selector=MANAGED_SELECTOR)
SERVICE: Final = Kind("v1", "services", "Service", selector=MANAGED_SELECTOR)
CONFIG_MAP: Final = Kind("v1", "configmaps", "ConfigMap", selector=MANAGED_SELECTOR)
SECRET: Final = Kind("v1", "secrets", "Secret", metadata_only=True)
CONFIG_MAP_EDITION: Final = Kind("v1", "configmaps", "ConfigMap", metadata_only=True)
"""A ConfigMap of which only the edition matters: it may be large, and its content is nobody's business."""
POD_DISRUPTION_BUDGET: Final = Kind(
    "policy/v1", "poddisruptionbudgets", "PodDisruptionBudget", selector=MANAGED_SELECTOR
)
HTTP_ROUTE: Final = Kind("gateway.networking.k8s.io/v1", "httproutes", "HTTPRoute", selector=MANAGED_SELECTOR)
POD: Final = Kind("v1", "pods", "Pod", selector=MANAGED_SELECTOR)
JOB: Final = Kind("batch/v1", "jobs", "Job")
EVENT: Final = Kind("v1", "events", "Event")
SERVICE_ACCOUNT: Final = Kind("v1", "serviceaccounts", "ServiceAccount")
ROLE_BINDING: Final = Kind("rbac.authorization.k8s.io/v1", "rolebindings", "RoleBinding")
NAMESPACE: Final = Kind("v1", "namespaces", "Namespace", namespaced=False)

WATCHED: Final = (
    MODEL_DEPLOYMENT,
    MODEL_REVISION,
    DEPLOYMENT,
    SERVICE,
    CONFIG_MAP,
    POD_DISRUPTION_BUDGET,
    HTTP_ROUTE,
    POD,
)
"""Kinds whose every change Tandem hears of."""

KINDS: Final[Mapping[tuple[str, str], Kind]] = {
    (kind.api_version, kind.kind): kind
    for kind in (*WATCHED, SECRET, JOB, EVENT, NAMESPACE, SERVICE_ACCOUNT, ROLE_BINDING)
}


def kind_of(obj: Mapping[str, Any]) -> Kind:
    """Return the kind of an object that Tandem is about to write; raises ``LookupError`` for one it never writes."""
    key = (obj.get("apiVersion", ""), obj.get("kind", ""))
    try:
        return KINDS[key]
    except KeyError:
        raise LookupError(f"{key[0]} {key[1]} is no kind that Tandem knows; add it to tandem.cluster.kinds") from None

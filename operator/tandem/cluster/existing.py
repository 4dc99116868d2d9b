"""What runs already and was made by other hands: a Deployment and all in its namespace that may belong to it."""

import dataclasses
from dataclasses import dataclass
from typing import Final

from tandem.cluster.client import Cluster
from tandem.cluster.errors import KindMissing, NotFound
from tandem.cluster.kinds import CONFIG_MAP, DEPLOYMENT, HTTP_ROUTE, SERVICE, Kind, Object

INGRESS: Final = Kind("networking.k8s.io/v1", "ingresses", "Ingress")
AUTOSCALER: Final = Kind("autoscaling/v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler")


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """A Deployment, and what may belong to it."""

    deployment: Object
    services: list[Object]
    routes: list[Object]
    ingresses: list[Object]
    autoscalers: list[str]
    config_maps: dict[str, dict[str, str]]


async def read_neighbourhood(cluster: Cluster, namespace: str, name: str) -> Neighbourhood:
    """Read it. Raises the errors of ``tandem.cluster.errors``; ``NotFound`` where there is no such Deployment."""
    deployment = await cluster.get(DEPLOYMENT, namespace, name)
    # Single objects come with their kind, those of a list without.
    deployment |= {"apiVersion": DEPLOYMENT.api_version, "kind": DEPLOYMENT.kind}
    scaled = [
        each["metadata"]["name"]
        for each in await _all(cluster, AUTOSCALER, namespace)
        if (each["spec"].get("scaleTargetRef") or {}).get("name") == name
    ]
    return Neighbourhood(
        deployment,
        await _all(cluster, SERVICE, namespace),
        await _all(cluster, HTTP_ROUTE, namespace),
        await _all(cluster, INGRESS, namespace),
        scaled,
        await _config_maps(cluster, namespace, deployment),
    )


async def _all(cluster: Cluster, kind: Kind, namespace: str) -> list[Object]:
    """List all of a kind, not only what Tandem made; none where the cluster does not know the kind."""
    try:
        listing = await cluster.list(dataclasses.replace(kind, selector=None), namespace)
    except KindMissing:
        return []
    return [{**each, "apiVersion": kind.api_version, "kind": kind.kind} for each in listing.items]


async def _config_maps(cluster: Cluster, namespace: str, deployment: Object) -> dict[str, dict[str, str]]:
    """Read the ConfigMaps that the containers take variables from."""
    names: set[str | None] = set()
    for container in deployment["spec"]["template"]["spec"]["containers"]:
        for source in container.get("envFrom") or []:
            names.add((source.get("configMapRef") or {}).get("name"))
        for variable in container.get("env") or []:
            names.add(((variable.get("valueFrom") or {}).get("configMapKeyRef") or {}).get("name"))
    found: dict[str, dict[str, str]] = {}
    for name in sorted(name for name in names if name is not None):
        try:
            found[name] = (await cluster.get(CONFIG_MAP, namespace, name)).get("data") or {}
        except NotFound:
            continue
    return found

"""Finding the proxies of a gateway: pods that Envoy Gateway labels with the gateway that they answer for."""

from collections.abc import Sequence
from typing import Final

from tandem.cluster.client import Cluster
from tandem.cluster.errors import ClusterBusy, ClusterRefused, NotFound
from tandem.cluster.kinds import POD, Object
from tandem.signals.gateway import GatewayAt, ProxiesUnknown, Proxy

_LABEL: Final = "gateway.envoyproxy.io/owning-gateway"


class Proxies:
    """Lists the proxies of gateways."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def find(self, gateway: GatewayAt) -> Sequence[Proxy]:
        """Return the running proxies of a gateway. Raises `ProxiesUnknown`."""
        selector = f"{_LABEL}-name={gateway.name},{_LABEL}-namespace={gateway.namespace}"
        try:
            listing = await self._cluster.list(POD, gateway.proxies, selector)
        except ClusterRefused as error:
            advice = f"it needs the right to list pods there (in the chart: gatewayProxies: [{gateway.proxies}])"
            what = f"the operator may not list the gateway's proxies in namespace {gateway.proxies}"
            raise ProxiesUnknown(f"{what}: {error.reason}; {advice}") from error
        except (ClusterBusy, NotFound) as error:
            raise ProxiesUnknown(f"the gateway's proxies cannot be listed now: {error}") from error
        return [_proxy(pod) for pod in listing.items if _is_running(pod)]


def _is_running(pod: Object) -> bool:
    status = pod.get("status", {})
    return status.get("phase") == "Running" and bool(status.get("podIP"))


def _proxy(pod: Object) -> Proxy:
    meta, status = pod["metadata"], pod["status"]
    restarts = sum(int(container.get("restartCount", 0)) for container in status.get("containerStatuses") or ())
    leaving = "deletionTimestamp" in meta
    return Proxy(meta["namespace"], meta["name"], meta["uid"], restarts, status["podIP"], leaving)

"""Reading what a gateway's proxies count of a model's pods: what they answered with a server error, or not at all.

A proxy tells of all its routes at once, and telling costs it something: with 2,000 endpoints a third of a second of its
main thread (measured). So each is asked once a second at most, and more seldom the longer it takes, whoever wants to
know; one answer is for all the models behind it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from tandem.judge import Counts
from tandem.signals.envoy import STATS_PATH, STATS_PORT, EndpointCounts, parse_endpoints
from tandem.signals.exposition import GarbledMetrics
from tandem.signals.named import Flaw
from tandem.signals.pod_client import Clock, NotRead, Page, PodClient
from tandem.signals.sample import PodTarget
from tandem.signals.tallies import GATEWAY_ERRORS, Tally, TallyLook, mark

PACE: Final = 1.0
"""Seconds between two questions to the same proxy."""

REST: Final = 9.0
"""Times as long as it took to answer that proxies are left alone afterwards, at least."""

TIMEOUT: Final = 3.0
"""Seconds for a proxy's answer; nobody waits for it but those who count by it."""

LIST_EVERY: Final = 10.0
"""Seconds after which it is looked for proxies that are new."""

LIST_AGAIN: Final = 3.0
"""The same, while some proxy does not answer: it may be gone."""


@dataclass(frozen=True, slots=True)
class GatewayAt:
    """A Gateway, and the namespace that its proxies run in."""

    namespace: str
    name: str
    proxies: str


@dataclass(frozen=True, slots=True)
class Proxy:
    """A pod that answers for a gateway. ``leaving``: it is on its way out, and need not answer any more."""

    namespace: str
    name: str
    uid: str
    restarts: int
    ip: str
    leaving: bool = False

    @property
    def key(self) -> str:
        """Identity of what counts: a restarted proxy counts from 0."""
        return f"{self.uid}/{self.restarts}"


class ProxiesUnknown(Exception):
    """The proxies cannot be listed. The message says why, and what to do."""


FindProxies = Callable[[GatewayAt], Awaitable[Sequence[Proxy]]]
"""Returns the pods that answer for a gateway now. Raises `ProxiesUnknown`."""


@dataclass(frozen=True, slots=True)
class ProxyReadings:
    """What the proxies of one gateway counted, by `Proxy.key`, and why it is not everything."""

    counts: Mapping[str, EndpointCounts] = field(default_factory=dict)
    trouble: str | None = None


@dataclass(slots=True)
class _Known:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    proxies: Sequence[Proxy] = ()
    listed_at: float = float("-inf")
    due: float = float("-inf")
    reading: ProxyReadings = field(default_factory=ProxyReadings)


class Gateways:
    """Reads gateways' proxies, for all models together. ``client`` is closed by whoever made it."""

    def __init__(self, client: PodClient, find: FindProxies, clock: Clock = monotonic) -> None:
        self._client = client
        self._find = find
        self._clock = clock
        self._known: dict[GatewayAt, _Known] = {}

    async def read(self, gateway: GatewayAt) -> ProxyReadings:
        """Return what the gateway's proxies had counted when they were asked last. Never raises for what they do."""
        known = self._known.setdefault(gateway, _Known())
        async with known.lock:
            began = self._clock()
            if began >= known.due:
                known.reading = await self._read(gateway, known)
                took = self._clock() - began
                known.due = began + max(PACE, (1.0 + REST) * took)
            return known.reading

    async def _read(self, gateway: GatewayAt, known: _Known) -> ProxyReadings:
        at, patience = self._clock(), LIST_AGAIN if known.reading.trouble else LIST_EVERY
        if at - known.listed_at >= patience:
            known.listed_at = at
            try:
                known.proxies = await self._find(gateway)
            except ProxiesUnknown as error:
                return ProxyReadings(trouble=str(error))
        if not known.proxies:
            what = f"gateway {gateway.namespace}/{gateway.name} has no running proxy in namespace {gateway.proxies}"
            return ProxyReadings(trouble=f"{what}: see that Envoy Gateway runs it, and that there")
        await self._client.sweep()
        headers = await self._client.headers()
        answers = await asyncio.gather(*(self._ask(proxy, headers) for proxy in known.proxies))
        counts = {proxy.key: answer for proxy, answer in answers if isinstance(answer, EndpointCounts)}
        troubles = [answer for proxy, answer in answers if isinstance(answer, str) and not proxy.leaving]
        return ProxyReadings(counts, troubles[0] if troubles else None)

    async def _ask(self, proxy: Proxy, headers: Mapping[str, str]) -> tuple[Proxy, EndpointCounts | str]:
        page = Page(proxy.namespace, proxy.name, proxy.uid, proxy.ip, STATS_PORT, STATS_PATH)
        try:
            return proxy, parse_endpoints(await self._client.get(page, headers))
        except (NotRead, GarbledMetrics) as error:
            where = f"{proxy.namespace}/{proxy.name} (port {STATS_PORT}, /stats/prometheus)"
            return proxy, f"statistics of proxy {where} cannot be read: {error}"


@dataclass(frozen=True)
class RouteAtGateways:
    """A model's HTTPRoute, and the gateways that it goes through."""

    gateways: Gateways
    namespace: str
    name: str
    through: tuple[GatewayAt, ...]

    async def read(self, pods: Sequence[PodTarget]) -> TallyLook:
        """Return what the proxies have counted of these pods."""
        readings = await asyncio.gather(*(self.gateways.read(gateway) for gateway in self.through))
        troubles = [reading.trouble for reading in readings if reading.trouble is not None]
        tallies: list[Tally] = []
        for reading in readings:
            for proxy, counted in reading.counts.items():
                endpoints = counted.of_route(self.namespace, self.name)
                if endpoints is None:
                    troubles.append(self._unknown(counted))
                else:
                    tallies.extend(_tally(proxy, pod, endpoints) for pod in pods)
        if not troubles:
            return TallyLook(tuple(tallies))
        trouble = Flaw("GatewayUnreadable", f"what the gateway answers is not wholly known: {troubles[0]}")
        return TallyLook(tuple(tallies), trouble=trouble)

    def _unknown(self, counted: EndpointCounts) -> str:
        if not counted.clusters:
            advice = "set spec.telemetry.metrics.enablePerEndpointStats to true in the gateway's EnvoyProxy"
            return f"its proxies count nothing by endpoint; {advice}"
        return f"its proxies have no statistics of HTTPRoute {self.namespace}/{self.name}"


def _tally(proxy: str, pod: PodTarget, endpoints: Mapping[str, Counts]) -> Tally:
    # Nothing is counted of a pod that the proxy does not know yet. What is there when a pod is first seen is where its
    # counting begins: it may be that of another pod that had the address before.
    return Tally(pod.revision, GATEWAY_ERRORS, mark(proxy, pod.uid), endpoints.get(pod.ip, Counts()))

"""Reading many pods' /metrics at once."""

import asyncio
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Final

from tandem.signals.exposition import GarbledMetrics
from tandem.signals.metrics import parse
from tandem.signals.pod_client import TIMEOUT, ApiServer, Clock, NotRead, Page, PodClient
from tandem.signals.sample import PodSample, PodTarget, Unreadable

_PATH: Final = "/metrics"


class PodScraper:
    """Reads /metrics of pods, all at once; see `PodClient`. Close it with `aclose`, or use it as a context."""

    def __init__(self, api_server: ApiServer | None = None, timeout: float = TIMEOUT, clock: Clock = monotonic) -> None:
        self._client = PodClient(api_server, timeout, clock)
        self._clock = clock

    async def scrape(self, pods: Sequence[PodTarget]) -> list[PodSample | Unreadable]:
        """Read all the pods at once and return one answer each, in their order. Never raises for what a pod does."""
        await self._client.sweep()
        headers = await self._client.headers()
        return list(await asyncio.gather(*(self._read(pod, headers) for pod in pods)))

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def __aenter__(self) -> "PodScraper":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _read(self, pod: PodTarget, headers: Mapping[str, str]) -> PodSample | Unreadable:
        try:
            text = await self._client.get(Page(pod.namespace, pod.name, pod.uid, pod.ip, pod.port, _PATH), headers)
            return PodSample(pod, self._clock(), parse(text, pod.metrics))
        except NotRead as error:
            return _unreadable(pod, error)
        except GarbledMetrics as error:
            return _unreadable(pod, NotRead("Garbled", str(error)))


def _unreadable(pod: PodTarget, error: NotRead) -> Unreadable:
    what = f"metrics of pod {pod.name} (port {pod.port}, {_PATH}) cannot be read: {error}"
    return Unreadable(pod, error.reason, what)

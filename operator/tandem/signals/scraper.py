"""Reading many pods' /metrics at once: over the pod network, or through the API server from outside the cluster."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

import httpx

from tandem.signals.exposition import GarbledMetrics
from tandem.signals.metrics import parse
from tandem.signals.sample import PodSample, PodTarget, Trouble, Unreadable

TIMEOUT: Final = 0.8
LARGEST_ANSWER: Final = 4 * 1024 * 1024
MOST_AT_ONCE: Final = 256
"""Pods read at the same time, over all rollouts."""

IDLE_AFTER: Final = 30.0
_HEADERS: Final = {"Accept-Encoding": "identity", "User-Agent": "tandem"}

Clock = Callable[[], float]


async def no_headers() -> Mapping[str, str]:
    """Send no further headers."""
    return {}


@dataclass(frozen=True, slots=True)
class ApiServer:
    """How to reach pods through the API server: its address, TLS, and the headers (token) for each request."""

    url: str
    tls: ssl.SSLContext | bool = True
    headers: Callable[[], Awaitable[Mapping[str, str]]] = field(default=no_headers)

    def address(self, pod: PodTarget) -> str:
        """Return the address of the pod's metrics."""
        return f"{self.url.rstrip('/')}/api/v1/namespaces/{pod.namespace}/pods/{pod.name}:{pod.port}/proxy/metrics"


class PodScraper:
    """Reads /metrics of pods, all at once, each within a bounded time and size; keeps its connections.

    Without ``api_server`` pods are reached by their IP. Close it with `aclose`, or use it as a context.
    """

    def __init__(self, api_server: ApiServer | None = None, timeout: float = TIMEOUT, clock: Clock = monotonic) -> None:
        self._api_server = api_server
        self._timeout = timeout
        self._clock = clock
        self._tls = api_server.tls if api_server else ssl.create_default_context()
        # A connection pool of its own for each pod: a shared one looks through all its connections for every request,
        # which costs more than the request as soon as there are some dozens of pods.
        self._pools: dict[str, _Pool] = {}
        self._swept_at = clock()
        self._slots = asyncio.Semaphore(MOST_AT_ONCE)

    async def scrape(self, pods: Sequence[PodTarget]) -> list[PodSample | Unreadable]:
        """Read all the pods at once and return one answer each, in their order. Never raises for what a pod does."""
        await self._sweep()
        headers = await self._api_server.headers() if self._api_server else {}
        return list(await asyncio.gather(*(self._read(pod, headers) for pod in pods)))

    async def aclose(self) -> None:
        """Close all connections."""
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            await pool.transport.aclose()

    async def __aenter__(self) -> "PodScraper":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _read(self, pod: PodTarget, headers: Mapping[str, str]) -> PodSample | Unreadable:
        try:
            async with self._slots, asyncio.timeout(self._timeout):
                text = await self._get(pod, headers)
            return PodSample(pod, self._clock(), parse(text, pod.metrics))
        except TimeoutError:
            return _unreadable(pod, "TimedOut", f"no complete answer within {self._timeout:g} s")
        except httpx.ConnectError as error:
            return _unreadable(pod, *_connect_trouble(error))
        except httpx.HTTPError as error:
            return _unreadable(pod, "Unreachable", str(error) or type(error).__name__)
        except _HttpError as error:
            return _unreadable(pod, "HttpError", str(error))
        except _TooLarge as error:
            return _unreadable(pod, "TooLarge", str(error))
        except (GarbledMetrics, UnicodeDecodeError) as error:
            return _unreadable(pod, "Garbled", str(error))

    async def _get(self, pod: PodTarget, headers: Mapping[str, str]) -> str:
        url = self._api_server.address(pod) if self._api_server else f"http://{_host(pod.ip)}:{pod.port}/metrics"
        request = httpx.Request("GET", url, headers={**_HEADERS, **headers})
        response = await self._pool(pod).handle_async_request(request)
        try:
            if response.status_code != httpx.codes.OK:
                raise _HttpError(f"HTTP {response.status_code} {response.reason_phrase}".rstrip())
            content = bytearray()
            async for chunk in response.aiter_raw():
                content += chunk
                if len(content) > LARGEST_ANSWER:
                    raise _TooLarge(f"more than {LARGEST_ANSWER // 1024 // 1024} MiB")
        finally:
            await response.aclose()
        return content.decode()

    def _pool(self, pod: PodTarget) -> httpx.AsyncBaseTransport:
        key = f"{pod.uid} {pod.ip}:{pod.port}"
        pool = self._pools.get(key)
        if pool is None:
            pool = self._pools[key] = _Pool(httpx.AsyncHTTPTransport(verify=self._tls, trust_env=False))
        pool.used_at = self._clock()
        return pool.transport

    async def _sweep(self) -> None:
        """Close the connections to pods that nobody has asked for in a while."""
        now = self._clock()
        if now - self._swept_at < IDLE_AFTER:
            return
        self._swept_at = now
        for key in [key for key, pool in self._pools.items() if now - pool.used_at > IDLE_AFTER]:
            await self._pools.pop(key).transport.aclose()


@dataclass(slots=True)
class _Pool:
    transport: httpx.AsyncHTTPTransport
    used_at: float = 0.0


class _HttpError(Exception):
    """An answer with another status than 200."""


class _TooLarge(Exception):
    """An answer beyond the bound."""


def _connect_trouble(error: httpx.ConnectError) -> tuple[Trouble, str]:
    words = str(error).lower()
    if "refused" in words or "all connection attempts failed" in words:
        return "Refused", "connection refused"
    return "Unreachable", str(error) or "no connection"


def _host(ip: str) -> str:
    return f"[{ip}]" if ":" in ip else ip


def _unreadable(pod: PodTarget, reason: Trouble, what: str) -> Unreadable:
    return Unreadable(pod, reason, f"metrics of pod {pod.name} (port {pod.port}, /metrics) cannot be read: {what}")

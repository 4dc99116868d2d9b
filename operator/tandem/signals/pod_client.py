"""Asking pods over HTTP: over the pod network, or through the API server from outside the cluster.

An answer is bounded in time and size, and whatever comes instead of one is told in a few words.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Final, Self

import httpx

from tandem.signals.sample import Trouble

TIMEOUT: Final = 0.8
LARGEST_ANSWER: Final = 4 * 1024 * 1024
MOST_AT_ONCE: Final = 256
"""Pods asked at the same time, over all rollouts."""

IDLE_AFTER: Final = 30.0
_HEADERS: Final = {"Accept-Encoding": "identity", "User-Agent": "tandem"}

Clock = Callable[[], float]


async def no_headers() -> Mapping[str, str]:
    """Send no further headers."""
    return {}


@dataclass(frozen=True, slots=True)
class Page:
    """A page that a pod serves. ``path`` may have a query."""

    namespace: str
    pod: str
    uid: str
    ip: str
    port: int
    path: str


@dataclass(frozen=True, slots=True)
class ApiServer:
    """How to reach pods through the API server: its address, TLS, and the headers (token) for each request."""

    url: str
    tls: ssl.SSLContext | bool = True
    headers: Callable[[], Awaitable[Mapping[str, str]]] = field(default=no_headers)

    def address(self, page: Page) -> str:
        """Return the address of a pod's page."""
        where = f"namespaces/{page.namespace}/pods/{page.pod}:{page.port}/proxy{page.path}"
        return f"{self.url.rstrip('/')}/api/v1/{where}"


class NotRead(Exception):
    """A page that could not be read: why, and what came instead of it."""

    def __init__(self, reason: Trouble, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class PodClient:
    """Reads pages of pods, each within a bounded time and size; keeps its connections.

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

    async def headers(self) -> Mapping[str, str]:
        """Return the headers of requests that are made now."""
        return await self._api_server.headers() if self._api_server else {}

    async def get(self, page: Page, headers: Mapping[str, str]) -> str:
        """Return the text of a page, asked for with these headers. Raises `NotRead`."""
        try:
            async with self._slots, asyncio.timeout(self._timeout):
                return await self._get(page, headers)
        except TimeoutError:
            raise NotRead("TimedOut", f"no complete answer within {self._timeout:g} s") from None
        except httpx.ConnectError as error:
            raise NotRead(*_connect_trouble(error)) from None
        except httpx.HTTPError as error:
            raise NotRead("Unreachable", str(error) or type(error).__name__) from None
        except UnicodeDecodeError as error:
            raise NotRead("Garbled", str(error)) from None

    async def sweep(self) -> None:
        """Close the connections to pods that nobody has asked for in a while."""
        now = self._clock()
        if now - self._swept_at < IDLE_AFTER:
            return
        self._swept_at = now
        for key in [key for key, pool in self._pools.items() if now - pool.used_at > IDLE_AFTER]:
            await self._pools.pop(key).transport.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            await pool.transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _get(self, page: Page, headers: Mapping[str, str]) -> str:
        server = self._api_server
        url = server.address(page) if server else f"http://{_host(page.ip)}:{page.port}{page.path}"
        request = httpx.Request("GET", url, headers={**_HEADERS, **headers})
        response = await self._pool(page).handle_async_request(request)
        try:
            if response.status_code != httpx.codes.OK:
                raise NotRead("HttpError", f"HTTP {response.status_code} {response.reason_phrase}".rstrip())
            content = bytearray()
            async for chunk in response.aiter_raw():
                content += chunk
                if len(content) > LARGEST_ANSWER:
                    raise NotRead("TooLarge", f"more than {LARGEST_ANSWER // 1024 // 1024} MiB")
        finally:
            await response.aclose()
        return content.decode()

    def _pool(self, page: Page) -> httpx.AsyncBaseTransport:
        key = f"{page.uid} {page.ip}:{page.port}"
        pool = self._pools.get(key)
        if pool is None:
            pool = self._pools[key] = _Pool(httpx.AsyncHTTPTransport(verify=self._tls, trust_env=False))
        pool.used_at = self._clock()
        return pool.transport


@dataclass(slots=True)
class _Pool:
    transport: httpx.AsyncHTTPTransport
    used_at: float = 0.0


def _connect_trouble(error: httpx.ConnectError) -> tuple[Trouble, str]:
    words = str(error).lower()
    if "refused" in words or "all connection attempts failed" in words:
        return "Refused", "connection refused"
    return "Unreachable", str(error) or "no connection"


def _host(ip: str) -> str:
    return f"[{ip}]" if ":" in ip else ip

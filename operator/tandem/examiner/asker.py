"""Asking pods: at a bounded rate, each answer in bounded time and size, every request marked as Tandem's."""

import asyncio
import itertools
import json
import ssl
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final, Self

import httpx

from tandem.api.quality import Limits
from tandem.api.values import duration_seconds
from tandem.examiner.errors import Unfinished
from tandem.quality.answers import LARGEST_ANSWER, Answer, read_answer

MARK: Final = "Tandem-Quality"
"""Header of every request that an examination sends; its value is the revision."""

LOST: Final = "the connection was lost"
"""Flaw of what is asked once on a connection of its own."""

READY_WITHIN: Final = 60.0
_LOOK_EVERY: Final = 1.0
TURNED_AWAY: Final = 429
_TRIES: Final = 5


class Asker:
    """Asks the pods of one version, one after the other. Use it as a context."""

    def __init__(
        self,
        name: str,
        addresses: Sequence[str],
        limits: Limits,
        mark: str,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._name = name
        self._addresses = tuple(addresses)
        self._turn = itertools.cycle(self._addresses)
        self._timeout = duration_seconds(limits.timeout)
        self._pause = 1.0 / limits.rate
        self._free_at = 0.0
        self._headers = {
            MARK: mark,
            "User-Agent": "tandem-quality",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }
        self._transport = transport
        self._client = self._make()
        self.asked = 0
        self.unanswered = 0
        """Requests that had no complete answer in time."""

    @property
    def addresses(self) -> tuple[str, ...]:
        """The pods."""
        return self._addresses

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def until_ready(self) -> None:
        """Wait until every pod says that it is ready. Raises ``Unfinished``."""
        for address in self._addresses:
            await self._until_ready(address)

    async def ask(self, method: str, path: str, body: Any, *, address: str | None = None) -> Answer:
        """Return a pod's answer; whatever the pod does, this comes back in bounded time.

        A connection that is lost is tried once more when the pod is ready again: a pod that ends for somebody else's
        reason is no answer, one that ends twice by the same request is. Raises ``Unfinished`` if no pod is there.
        """
        target = address or next(self._turn)
        for _ in range(_TRIES):
            answer = await self._once(self._client, method, target + path, body)
            if answer is None:
                await self._until_ready(target)
                answer = await self._once(self._client, method, target + path, body)
                return answer or Answer(None, flaw="the connection was lost, twice")
            if answer.status != TURNED_AWAY:
                return answer
            await asyncio.sleep(_LOOK_EVERY)
        return Answer(TURNED_AWAY)

    async def ask_afresh(self, method: str, path: str, body: Any, address: str) -> Answer:
        """Ask on a connection of its own, so that any worker of the pod may get it."""
        async with self._make() as client:
            answer = await self._once(client, method, address + path, body)
        return answer or Answer(None, flaw=LOST)

    def _make(self) -> httpx.AsyncClient:
        timeout = httpx.Timeout(self._timeout)
        return httpx.AsyncClient(
            verify=_trusted(), timeout=timeout, trust_env=False, follow_redirects=False, transport=self._transport
        )

    async def _once(self, client: httpx.AsyncClient, method: str, url: str, body: Any) -> Answer | None:
        await self._wait_for_turn()
        try:
            async with asyncio.timeout(self._timeout):
                return await _exchange(client, self._request(client, method, url, body))
        except (TimeoutError, httpx.TimeoutException):
            self.unanswered += 1
            return Answer(None, flaw=f"there was no complete answer within {self._timeout:g} s")
        except httpx.HTTPError:
            return None
        except (httpx.InvalidURL, UnicodeError) as error:
            raise Unfinished(f"{method} {url[:200]!r} cannot be asked: that, or its query, is no URL") from error

    def _request(self, client: httpx.AsyncClient, method: str, url: str, body: Any) -> httpx.Request:
        if method == "GET":
            query = {key: str(value) for key, value in body.items()} if isinstance(body, dict) else None
            return client.build_request(method, url, params=query, headers=self._headers)
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        # Half a character is no UTF-8, but bad input that may be asked: JSON writes it as Python does, \ud83d.
        content = text.encode("utf-8", "backslashreplace")
        headers = {**self._headers, "Content-Type": "application/json"}
        return client.build_request(method, url, content=content, headers=headers)

    async def _wait_for_turn(self) -> None:
        now = asyncio.get_running_loop().time()
        turn = max(self._free_at, now)
        self._free_at = turn + self._pause
        self.asked += 1
        await asyncio.sleep(turn - now)

    async def _until_ready(self, address: str) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + READY_WITHIN
        said = "no connection"
        while loop.time() < deadline:
            try:
                answer = await self._client.get(f"{address}/readyz", headers=self._headers, timeout=5.0)
            except httpx.HTTPError as error:
                said = str(error) or type(error).__name__
            else:
                if answer.status_code == httpx.codes.OK:
                    return
                said = f"/readyz says {answer.status_code}"
            await asyncio.sleep(_LOOK_EVERY)
        raise Unfinished(
            f"{self._name} at {address} cannot be asked for {READY_WITHIN:g} s: {said}; is it ready, and does a "
            "NetworkPolicy let Tandem's pod reach port 3000?"
        )


@cache
def _trusted() -> ssl.SSLContext:
    """Return the usual authorities, read once: that takes longer than most answers, and many clients are made."""
    return httpx.create_ssl_context(trust_env=False)


async def _exchange(client: httpx.AsyncClient, request: httpx.Request) -> Answer:
    response = await client.send(request, stream=True)
    try:
        if response.headers.get("content-encoding", "identity") != "identity":
            # Unpacked, a thousand times as much would be in memory before it can be counted.
            return Answer(response.status_code, flaw="it is compressed, which was not asked for")
        content = bytearray()
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > LARGEST_ANSWER:
                break
        return read_answer(response.status_code, bytes(content))
    finally:
        await response.aclose()


Progress = Callable[[int], None]
"""Told now and then how many requests were asked."""

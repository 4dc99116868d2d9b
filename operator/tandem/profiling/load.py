"""Callers that each wait for their answer before they send the next request: a closed loop, bounded in every way."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from tandem.profiling.errors import ProfilingFailed
from tandem.profiling.rows import Row

LARGEST_ANSWER: Final = 16 * 1024 * 1024
"""Bytes of an answer that are read: a bento that answers more is not measured, and fills nobody's memory."""

_CHUNK: Final = 65536
PROFILE_HEADER: Final = "X-Tandem-Profile"
"""So that a service can tell these requests from its users'."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one request: how long it took, and what was wrong with it."""

    seconds: float
    problem: str | None = None


@dataclass(slots=True)
class Tally:
    """What callers got so far."""

    latencies: list[float] = field(default_factory=list)
    problems: Counter[str] = field(default_factory=Counter)
    in_progress: int = 0
    per_second: float = 0.0

    def add(self, answer: Answer) -> None:
        """Count one answer."""
        if answer.problem is None:
            self.latencies.append(answer.seconds)
        else:
            self.problems[answer.problem] += 1

    @property
    def requests(self) -> int:
        """All that were answered or given up."""
        return len(self.latencies) + self.problems.total()


@dataclass(frozen=True, slots=True)
class Span:
    """How long a load lasts: these seconds at least; longer, up to ``most``, until so many requests were answered."""

    least: float
    most: float
    requests: int


class Client:
    """Sends rows in turn, without end, over kept-alive connections."""

    def __init__(self, session: aiohttp.ClientSession, url: str, rows: Sequence[Row]) -> None:
        self._session = session
        self._url = url
        self._rows: Iterator[Row] = itertools.cycle(rows)

    async def ask_next(self) -> Answer:
        """Send the next row; see `ask`."""
        return await self.ask(next(self._rows))

    async def ask(self, row: Row) -> Answer:
        """Send a row and read the whole answer. Raises `ProfilingFailed` for an answer that is too large."""
        method = "GET" if row.body is None else "POST"
        began = time.perf_counter()
        try:
            async with self._session.request(
                method, self._url + row.path, data=row.body, allow_redirects=False
            ) as answer:
                await _read(answer, row.path)
                status = answer.status
        except TimeoutError:
            return Answer(time.perf_counter() - began, "not answered in time")
        except (aiohttp.ClientError, OSError) as error:
            return Answer(time.perf_counter() - began, f"no HTTP answer ({type(error).__name__})")
        seconds = time.perf_counter() - began
        return Answer(seconds, None if 200 <= status < 300 else f"answered {status}")


@asynccontextmanager
async def client(url: str, rows: Sequence[Row], patience: float) -> AsyncIterator[Client]:
    """Return a client for the length of the block; ``patience``: seconds that an answer may take."""
    headers = {"content-type": "application/json", "accept-encoding": "identity", PROFILE_HEADER: "true"}
    async with aiohttp.ClientSession(
        # A POST is never sent twice by aiohttp. The bento closes what was idle for 5 s; so do we, sooner.
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=3.0),
        headers=headers,
        timeout=aiohttp.ClientTimeout(total=patience),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
    ) as session:
        yield Client(session, url, rows)


async def under_load(asked: Client, callers: int, span: Span) -> Tally:
    """Have so many callers ask for a span of time; returns what they got, the last answers included."""
    tally, began = Tally(), time.perf_counter()

    def over() -> bool:
        gone = time.perf_counter() - began
        return gone >= span.least and (tally.requests >= span.requests or gone >= span.most)

    async def caller() -> float:
        last = began
        while not over():
            tally.add(await asked.ask_next())
            last = time.perf_counter()
        return last

    ended = max(await gather(*(caller() for _ in range(callers))))
    tally.per_second = len(tally.latencies) / (ended - began) if ended > began else 0.0
    return tally


async def gather(*calls: "asyncio._CoroutineLike[float]") -> list[float]:
    """Run calls side by side; the first that fails ends the others, and is raised itself."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(call) for call in calls]
    except* ProfilingFailed as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]


async def _read(answer: aiohttp.ClientResponse, path: str) -> None:
    size = 0
    async for chunk in answer.content.iter_chunked(_CHUNK):
        size += len(chunk)
        if size > LARGEST_ANSWER:
            answer.close()
            raise ProfilingFailed(
                f"{path} answered more than {LARGEST_ANSWER // 1_048_576} MiB to one request; nothing more was read. "
                "Have it answer less, or by reference"
            )

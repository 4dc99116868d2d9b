"""Sending requests at a steady rate, evenly or by chance: an open loop, bounded in time and count, without retries."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import aiohttp

from dev.traffic.outcomes import UNKNOWN, Kind, Outcome
from dev.traffic.rows import VERSION_HEADER, Row

_DETAIL_LENGTH = 300


@dataclass(frozen=True)
class Plan:
    """What to send where, how fast and for how long."""

    url: str
    """Address of the model; a row's path is appended."""
    rows: Sequence[Row]
    """Sent in turn, from the first again after the last."""
    rate: float = 50.0
    """Requests per second."""
    seconds: float = 600.0
    """Nothing is sent after this long."""
    count: int | None = None
    """Nothing is sent after this many."""
    timeout: float = 20.0
    """Seconds after which an answer is given up: more than a gateway takes to give up a pod, whose word it then is."""
    fresh_every: int = 5
    """Every so-manieth request gets a connection of its own; the others share kept-alive ones. 0: none does."""
    host: str | None = None
    """Host header, for a route that has host names."""
    by_chance: bool = False
    """Requests come independently of each other (Poisson), as those of many callers do, instead of evenly."""


async def send(plan: Plan, record: Callable[[Outcome], None], stop: asyncio.Event) -> None:
    """Send what `plan` says and pass each outcome to `record`; returns when the last answer is there or given up.

    Setting `stop` ends it early: nothing new is sent, and what is on its way is waited for, at most the plan's timeout.
    The number of requests on their way is bounded by rate times timeout.
    """
    headers = {"content-type": "application/json"} | ({"host": plan.host} if plan.host else {})
    timeout = aiohttp.ClientTimeout(total=plan.timeout)
    jar = aiohttp.DummyCookieJar()
    # aiohttp sends idempotent requests once more when a kept-alive connection turns out to be closed. Rows are POSTed,
    # which it never repeats: tests/unit/dev_traffic holds it to that.
    async with (
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), headers=headers, timeout=timeout, cookie_jar=jar
        ) as kept,
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True), headers=headers, timeout=timeout, cookie_jar=jar
        ) as fresh,
        asyncio.TaskGroup() as requests,
    ):
        started = time.monotonic()
        for number, moment in enumerate(moments(plan)):
            due = started + moment
            if await _set_before(stop, due):
                break
            own = plan.fresh_every > 0 and number % plan.fresh_every == 0
            row = plan.rows[number % len(plan.rows)]
            requests.create_task(_request(fresh if own else kept, plan.url, row, own, due, record))


def moments(plan: Plan) -> Iterator[float]:
    """Give the seconds after the beginning at which a request is due; the same each time."""
    chance, moment, number = Random(1), 0.0, 0
    while moment < plan.seconds and (plan.count is None or number < plan.count):
        yield moment
        number += 1
        moment = moment + chance.expovariate(plan.rate) if plan.by_chance else number / plan.rate


async def _set_before(stop: asyncio.Event, due: float) -> bool:
    """Wait until `due`; whether `stop` was set by then."""
    wait = due - time.monotonic()
    if wait > 0 and not stop.is_set():
        try:
            async with asyncio.timeout(wait):
                await stop.wait()
        except TimeoutError:
            return False
    return stop.is_set()


async def _request(
    session: aiohttp.ClientSession,
    url: str,
    row: Row,
    fresh: bool,
    due: float,
    record: Callable[[Outcome], None],
) -> None:
    sent, began = time.time(), time.monotonic()
    version, status, detail = UNKNOWN, 0, ""
    kind: Kind
    try:
        async with session.post(url + row.path, data=row.body, allow_redirects=False) as response:
            status = response.status
            version = response.headers.get(VERSION_HEADER, UNKNOWN)
            body = await response.read()
        kind, detail = judge(row, status, version, body)
    except TimeoutError:
        kind, detail = "timeout", "no answer in time"
    except (aiohttp.ClientError, OSError) as error:
        kind, detail = "connection", f"{type(error).__name__}: {error}"[:_DETAIL_LENGTH]
    seconds = time.monotonic() - began
    record(Outcome(sent, seconds, kind, version, status, fresh, max(0.0, began - due), detail))


def judge(row: Row, status: int, version: str, body: bytes) -> tuple[Kind, str]:
    """Say what an answer is worth and, if it is a bad one, what was seen."""
    if 200 <= status < 300:
        answer = _json(body)
        return ("ok", "") if row.is_right(version, answer) else ("wrong", f"another answer than expected of {version}")
    seen = body.decode(errors="replace")[:_DETAIL_LENGTH]
    return ("server_error", seen) if status >= 500 else ("refused", seen)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None

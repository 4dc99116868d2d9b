"""The load generator against a real server on loopback that misbehaves in the ways a cluster does."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from statistics import mean, stdev

import pytest
from aiohttp import web

from dev.traffic.load import Plan, moments, send
from dev.traffic.outcomes import UNKNOWN, Outcome
from dev.traffic.rows import VERSION_HEADER, Row

ROW = Row(
    "/predict",
    json.dumps({"pixels": [0, 1]}).encode(),
    {"first": {"label": 4}, "better": {"label": 7}, "failing": None},
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/digits/predict", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}/digits"
    finally:
        await runner.cleanup()


def answering(label: int, version: str | None, status: int = 200) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        assert await request.json() == {"pixels": [0, 1]}
        headers = {} if version is None else {VERSION_HEADER: version}
        return web.json_response({"label": label, "probabilities": []}, status=status, headers=headers)

    return handler


async def sent(url: str, count: int = 1, rate: float = 200, patience: float = 5, fresh_every: int = 0) -> list[Outcome]:
    outcomes: list[Outcome] = []
    plan = Plan(url, [ROW], rate=rate, count=count, timeout=patience, fresh_every=fresh_every)
    await send(plan, outcomes.append, asyncio.Event())
    return outcomes


@pytest.mark.parametrize(
    ("label", "version", "status", "kind"),
    [
        (4, "first", 200, "ok"),
        (7, "first", 200, "wrong"),
        (7, "better", 200, "ok"),
        (7, None, 200, "ok"),
        (5, None, 200, "wrong"),
        (4, "failing", 200, "wrong"),
        (4, "failing", 500, "server_error"),
        (4, None, 503, "server_error"),
        (4, "first", 429, "refused"),
        (4, "first", 308, "refused"),
    ],
)
async def test_an_answer_is_judged_by_the_version_that_gave_it(
    label: int, version: str | None, status: int, kind: str
) -> None:
    async with served(answering(label, version, status)) as url:
        [outcome] = await sent(url)
    assert (outcome.kind, outcome.status, outcome.version) == (kind, status, version or UNKNOWN)


async def test_it_is_an_open_loop_at_the_rate_asked_for() -> None:
    async def slow(_request: web.Request) -> web.Response:
        await asyncio.sleep(0.5)
        return web.json_response({"label": 4}, headers={VERSION_HEADER: "first"})

    async with served(slow) as url:
        outcomes = await sent(url, count=20, rate=50)
    times = sorted(outcome.sent for outcome in outcomes)
    assert all(outcome.kind == "ok" for outcome in outcomes)
    assert times[-1] - times[0] == pytest.approx(19 / 50, abs=0.15), "slow answers must not slow the sending down"


def test_requests_come_evenly_or_by_chance_at_the_same_rate() -> None:
    evenly, by_chance = (
        list(moments(Plan("", [ROW], rate=100, seconds=60, by_chance=chance))) for chance in (False, True)
    )
    assert evenly == [number / 100 for number in range(6000)]
    assert 5700 < len(by_chance) < 6300, "within four standard deviations"
    gaps = [later - earlier for earlier, later in pairwise(by_chance)]
    assert abs(stdev(gaps) / mean(gaps) - 1) < 0.05, "gaps of a Poisson process vary as much as they are long"
    assert list(moments(Plan("", [ROW], rate=100, count=3, by_chance=True))) == by_chance[:3]


async def test_no_answer_in_time_is_a_timeout() -> None:
    async def never(_request: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    async with served(never) as url:
        [outcome] = await sent(url, patience=0.2)
    assert outcome.kind == "timeout"
    assert outcome.seconds == pytest.approx(0.2, abs=0.2)


async def test_a_connection_that_breaks_is_lost_and_never_tried_again() -> None:
    seen = 0

    async def breaks(request: web.Request) -> web.StreamResponse:
        nonlocal seen
        seen += 1
        if seen % 2 == 0:
            assert request.transport is not None
            request.transport.abort()
        return web.json_response({"label": 4}, headers={VERSION_HEADER: "first"})

    async with served(breaks) as url:
        outcomes = await sent(url, count=10, rate=20)
    assert seen == 10, "every request reaches the server exactly once"
    assert sorted(outcome.kind for outcome in outcomes) == ["connection"] * 5 + ["ok"] * 5


async def test_a_server_that_is_not_there_is_a_broken_connection() -> None:
    async with served(answering(4, "first")) as url:
        pass
    [outcome] = await sent(url)
    assert (outcome.kind, outcome.status) == ("connection", 0)


async def test_every_nth_request_has_a_connection_of_its_own() -> None:
    ports: dict[int, int] = {}

    async def counting(request: web.Request) -> web.Response:
        assert request.transport is not None
        port = request.transport.get_extra_info("peername")[1]
        ports[port] = ports.get(port, 0) + 1
        return web.json_response({"label": 4}, headers={VERSION_HEADER: "first"})

    async with served(counting) as url:
        outcomes = await sent(url, count=10, rate=20, fresh_every=5)
    assert sum(outcome.fresh for outcome in outcomes) == 2
    assert sorted(ports.values()) == [1, 1, 8]


async def test_stopping_waits_for_what_is_on_its_way() -> None:
    outcomes: list[Outcome] = []
    stop = asyncio.Event()

    async def slow(_request: web.Request) -> web.Response:
        stop.set()
        await asyncio.sleep(0.3)
        return web.json_response({"label": 4}, headers={VERSION_HEADER: "first"})

    async with served(slow) as url:
        await send(Plan(url, [ROW], rate=5, count=1000), outcomes.append, stop)
    assert [outcome.kind for outcome in outcomes] == ["ok"]

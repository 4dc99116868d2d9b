"""The scraper against a real HTTP server on loopback: quick, slow, huge, garbled, refusing, or an API server."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import pytest

from tandem.signals import ApiServer, Collector, PodSample, PodScraper, PodTarget, Unreadable
from tests.unit.signals.exposition import Bento

Answer = Callable[[str, Mapping[str, str], asyncio.StreamWriter], Awaitable[None]]


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 10.0

    def __call__(self) -> float:
        return self.now


class Server:
    """A small HTTP/1.1 server that counts its connections."""

    def __init__(self, answer: Answer) -> None:
        self.answer, self.connections, self.paths, self.port = answer, 0, list[str](), 0
        self.closed = asyncio.Event()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                first, *lines = head.strip().split("\r\n")
                headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
                self.paths.append(first.split()[1])
                await self.answer(self.paths[-1], headers, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self.closed.set()


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[Server]:
    server = Server(answer)
    listener = await asyncio.start_server(server.handle, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()


def replying(body: bytes, status: str = "200 OK") -> Answer:
    async def answer(_path: str, _headers: Mapping[str, str], writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)

    return answer


def pod(port: int, name: str = "a", ip: str = "127.0.0.1") -> PodTarget:
    return PodTarget("demo", name, f"uid-{name}", 0, "digits-r1", ip, port=port)


async def scrape_one(answer: Answer, within: float = 5.0) -> PodSample | Unreadable:
    async with serving(answer) as server, PodScraper(timeout=within) as scraper:
        return (await scraper.scrape([pod(server.port)]))[0]


def good_text(number: int = 3) -> bytes:
    bento = Bento()
    bento.answer(number)
    return bento.text().encode()


async def test_reads_counters_and_keeps_its_connection() -> None:
    clock = Clock()
    async with serving(replying(good_text())) as server, PodScraper(timeout=5.0, clock=clock) as scraper:
        answers = await scraper.scrape([pod(server.port)])
        clock.now = 11.0
        answers += await scraper.scrape([pod(server.port)])
    assert [answer.at for answer in answers if isinstance(answer, PodSample)] == [10.0, 11.0]
    assert isinstance(answers[0], PodSample)
    assert answers[0].counters.answered == 3
    assert server.paths == ["/metrics", "/metrics"]
    assert server.connections == 1


async def test_connections_to_pods_that_nobody_asks_for_any_more_are_closed() -> None:
    clock = Clock()
    async with serving(replying(good_text())) as server, PodScraper(timeout=5.0, clock=clock) as scraper:
        first, second = pod(server.port, "a"), pod(server.port, "b")
        await scraper.scrape([first, second])
        for _ in range(3):
            clock.now += 20.0
            await scraper.scrape([second])
        assert server.connections == 2
        await asyncio.wait_for(server.closed.wait(), 5.0)
        await scraper.scrape([first, second])
        assert server.connections == 3


async def test_one_pod_that_hangs_holds_up_nobody_else() -> None:
    arrived = asyncio.Barrier(3)

    async def together(path: str, headers: Mapping[str, str], writer: asyncio.StreamWriter) -> None:
        await arrived.wait()  # answers only once all three have asked: they were asked at the same time
        await replying(good_text())(path, headers, writer)

    async def never(_path: str, _headers: Mapping[str, str], _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with serving(together) as quick, serving(never) as stuck, PodScraper(timeout=3.0) as scraper:
        targets = [pod(quick.port, "a"), pod(stuck.port, "b"), pod(quick.port, "c"), pod(quick.port, "d")]
        answers = await scraper.scrape(targets)
    assert [type(answer) for answer in answers] == [PodSample, Unreadable, PodSample, PodSample]
    assert [answer.pod.name for answer in answers] == ["a", "b", "c", "d"]
    assert isinstance(answers[1], Unreadable)
    assert answers[1].reason == "TimedOut"
    where = f"metrics of pod b (port {stuck.port}, /metrics)"
    assert answers[1].message == f"{where} cannot be read: no complete answer within 3 s"


async def test_a_trickle_is_bounded_in_time() -> None:
    async def trickle(_path: str, _headers: Mapping[str, str], writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"#")
            await writer.drain()
            await asyncio.sleep(0.01)

    answer = await scrape_one(trickle, within=0.3)
    assert isinstance(answer, Unreadable)
    assert answer.reason == "TimedOut"


async def test_a_flood_is_bounded_in_size() -> None:
    async def flood(_path: str, _headers: Mapping[str, str], writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"10000\r\n" + b"#" * 65536 + b"\r\n")
            await writer.drain()

    answer = await scrape_one(flood, within=20.0)
    assert isinstance(answer, Unreadable)
    assert (answer.reason, answer.message[-15:]) == ("TooLarge", "more than 4 MiB")


@pytest.mark.parametrize(
    ("body", "status", "reason", "what"),
    [
        (b"<html>hello</html>\n", "200 OK", "Garbled", "holds a line that is no sample"),
        (b"\xff\xfe\n", "200 OK", "Garbled", "codec can't decode"),
        (b"", "200 OK", "Garbled", "ends in the middle of a line"),
        (b"nope", "404 Not Found", "HttpError", "HTTP 404 Not Found"),
        (b"nope", "403 Forbidden", "HttpError", "HTTP 403 Forbidden"),
        (b"", "302 Found\r\nLocation: /elsewhere", "HttpError", "HTTP 302 Found"),
    ],
)
async def test_other_answers_are_named(body: bytes, status: str, reason: str, what: str) -> None:
    answer = await scrape_one(replying(body, status))
    assert isinstance(answer, Unreadable)
    assert answer.reason == reason
    assert what in answer.message


async def test_a_closed_port_is_refused() -> None:
    async with serving(replying(b"")) as server:
        port = server.port
    async with PodScraper() as scraper:
        answer = (await scraper.scrape([pod(port)]))[0]
    assert isinstance(answer, Unreadable)
    assert answer.reason == "Refused"
    assert answer.message.endswith("connection refused")


async def test_a_connection_cut_off_is_named() -> None:
    async def cut(_path: str, _headers: Mapping[str, str], writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc")
        writer.close()

    answer = await scrape_one(cut)
    assert isinstance(answer, Unreadable)
    assert answer.reason == "Unreachable"


async def test_through_the_api_server_with_a_fresh_token_each_time() -> None:
    tokens = iter(["one", "two"])
    seen = []

    async def headers() -> Mapping[str, str]:
        return {"Authorization": f"Bearer {next(tokens)}"}

    async def proxy(path: str, received: Mapping[str, str], writer: asyncio.StreamWriter) -> None:
        seen.append((path, received["authorization"]))
        await replying(good_text())(path, received, writer)

    async with serving(proxy) as server:
        api_server = ApiServer(f"http://127.0.0.1:{server.port}/", ssl.create_default_context(), headers)
        async with PodScraper(api_server, timeout=5.0) as scraper:
            answers = [(await scraper.scrape([pod(3000)]))[0] for _ in range(2)]
    assert all(isinstance(answer, PodSample) for answer in answers)
    path = "/api/v1/namespaces/demo/pods/a:3000/proxy/metrics"
    assert seen == [(path, "Bearer one"), (path, "Bearer two")]


async def test_the_collector_keeps_the_latest_of_each_pod_and_forgets_the_gone() -> None:
    texts = {"good": True}

    async def sometimes(path: str, headers: Mapping[str, str], writer: asyncio.StreamWriter) -> None:
        await replying(good_text(), "200 OK" if texts["good"] else "503 Busy")(path, headers, writer)

    async with serving(sometimes) as server, PodScraper(timeout=5.0, clock=Clock()) as scraper:
        collector = Collector(scraper)
        first, second = pod(server.port, "a"), pod(server.port, "b")
        assert {found.pod.name for found in await collector.collect([first, second])} == {"a", "b"}
        texts["good"] = False
        assert await collector.collect([first]) == []
    assert [answer.reason for answer in collector.unreadable] == ["HttpError"]
    assert set(collector.samples) == {first.key}
    assert collector.samples[first.key].at == 10.0

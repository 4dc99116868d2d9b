"""The Prometheus scraper against a hand-made server: what is new, what is old, what is wrong, and what is bounded."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tandem.api.sources import PrometheusSource
from tandem.signals import ERRORS, Ledger, PodSample, PodTarget, Unreadable, fold
from tandem.signals.prometheus import PrometheusClient, PrometheusScraper
from tests.unit.signals.prometheus_server import Answer, Server, bucket, matrix, replying, serving, total


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def pod(name: str = "a", ready: bool = True, restarts: int = 0) -> PodTarget:
    return PodTarget("demo", name, f"uid-{name}", restarts, "digits-r1", "10.0.0.1", ready=ready)


class Looks:
    """A scraper, the server it asks, and a clock."""

    def __init__(self, scraper: PrometheusScraper, server: Server, clock: Clock) -> None:
        self.scraper, self.server, self.clock = scraper, server, clock

    async def see(self, content: bytes, *pods: PodTarget) -> list[PodSample | Unreadable]:
        """Look when this is the answer."""
        self.server.answer = replying(content)
        return await self.scraper.scrape(pods or (pod(),))

    async def sample(self, content: bytes, *pods: PodTarget) -> PodSample:
        (answer,) = await self.see(content, *pods)
        assert isinstance(answer, PodSample), answer
        return answer


@asynccontextmanager
async def looks() -> AsyncIterator[Looks]:
    clock = Clock()
    async with serving(replying(matrix())) as server, PrometheusClient(5.0) as client:
        source = PrometheusSource(address=f"{server.url}/")
        yield Looks(PrometheusScraper(client, source, pace=0.0, clock=clock), server, clock)


async def trouble(answer: Answer, within: float = 5.0) -> Unreadable:
    async with serving(answer) as server, PrometheusClient(within) as client:
        scraper = PrometheusScraper(client, PrometheusSource(address=server.url), pace=0.0)
        first, second = await scraper.scrape([pod("a"), pod("b")])
    assert isinstance(first, Unreadable) and isinstance(second, Unreadable)
    assert (first.reason, first.message) == (second.reason, second.message)
    assert first.message.startswith(f"metrics cannot be read from Prometheus at {server.url}: ")
    return first


async def test_all_pods_are_read_in_one_query() -> None:
    async with looks() as see:
        answers = await see.see(matrix(total([(1.0, 3)]), total([(2.0, 4)], pod="b")), pod("a"), pod("b"))
        assert [(a.pod.name, a.at, a.counters.answered) for a in answers if isinstance(a, PodSample)] == [
            ("a", 1.0, 3),
            ("b", 2.0, 4),
        ]
        (form,) = see.server.forms
        assert form["timeout"] == ["5s"]
        assert 'pod=~"a|b"' in form["query"][0]
        (head,) = see.server.heads
        assert head.startswith("POST /api/v1/query HTTP/1.1")
        assert "authorization" not in head.lower()


async def test_nothing_is_asked_for_no_pods() -> None:
    async with looks() as see:
        assert await see.scraper.scrape([]) == []
        assert see.server.forms == []


async def test_a_sample_is_handed_on_once() -> None:
    async with looks() as see:
        first = matrix(total([(1.0, 3)]))
        assert (await see.sample(first)).at == 1.0
        assert await see.see(first) == []
        assert (await see.sample(matrix(total([(1.0, 3), (2.0, 5)])))).at == 2.0
        assert await see.see(first) == []  # another replica behind the same address, which is behind


async def test_news_are_handed_on_when_there_is_some_of_every_pod() -> None:
    both = pod("a"), pod("b")
    async with looks() as see:
        first = matrix(total([(0.0, 1), (5.0, 3)]), total([(2.0, 2), (7.0, 4)], pod="b"))
        assert len(await see.see(first, *both)) == 2
        see.clock.now += 4.0
        half = matrix(total([(5.0, 3), (10.0, 5)]), total([(2.0, 2), (7.0, 4)], pod="b"))
        assert await see.see(half, *both) == []
        whole = matrix(total([(10.0, 5), (15.0, 7)]), total([(7.0, 4), (12.0, 9)], pod="b"))
        assert [a.at for a in await see.see(whole, *both) if isinstance(a, PodSample)] == [15.0, 12.0]


async def test_news_wait_for_no_pod_that_has_missed_its_scrape() -> None:
    both = pod("a"), pod("b")
    async with looks() as see:
        first = matrix(total([(0.0, 1), (5.0, 3)]), total([(2.0, 2), (7.0, 4)], pod="b"))
        await see.see(first, *both)
        half = matrix(total([(5.0, 3), (10.0, 5)]), total([(2.0, 2), (7.0, 4)], pod="b"))
        see.clock.now += 7.5
        assert await see.see(half, *both) == []
        see.clock.now += 0.1
        (answer,) = await see.see(half, *both)
        assert isinstance(answer, PodSample) and answer.pod.name == "a"


async def test_a_pod_that_was_scraped_once_is_waited_for_as_long_as_the_others_are() -> None:
    """How often it is scraped is not known yet: as often as the others, and not as seldom as any pod may be."""
    both = pod("a"), pod("b")
    async with looks() as see:
        await see.see(matrix(total([(0.0, 1), (5.0, 3)]), total([(7.0, 4)], pod="b")), *both)
        half = matrix(total([(5.0, 3), (10.0, 5)]), total([(7.0, 4)], pod="b"))
        see.clock.now += 7.5
        assert await see.see(half, *both) == []
        see.clock.now += 0.1
        (answer,) = await see.see(half, *both)
        assert isinstance(answer, PodSample) and answer.pod.name == "a"
        see.clock.now += 8.0
        answers = await see.see(matrix(total([(10.0, 5), (15.0, 7)]), total([(7.0, 4)], pod="b")), *both)
        assert [(a.pod.name, a.reason) for a in answers if isinstance(a, Unreadable)] == [("b", "Stale")]


async def test_news_wait_for_no_pod_that_cannot_be_read() -> None:
    both = pod("a"), pod("b")
    async with looks() as see:
        await see.see(matrix(total([(0.0, 1), (5.0, 3)]), total([(2.0, 2), (7.0, 4)], pod="b")), *both)
        answers = await see.see(matrix(total([(5.0, 3), (10.0, 5)])), *both)
        assert [type(answer) for answer in answers] == [PodSample, Unreadable]


async def test_a_pod_without_news_for_some_scrapes_is_said_to_be_silent() -> None:
    async with looks() as see:
        content = matrix(total([(0.0, 3), (10.0, 3)]))
        await see.sample(content)
        see.clock.now += 30.0
        assert await see.see(content) == []
        see.clock.now += 1.0
        (answer,) = await see.see(content)
        assert isinstance(answer, Unreadable)
        assert answer.reason == "Stale"
        assert "nothing new of pod a for 31 s" in answer.message


async def test_a_pod_that_is_not_there_in_time_is_told_by_its_labels() -> None:
    async with looks() as see:
        content = matrix(total([(1.0, 3)]))
        (only,) = await see.see(content, pod("a"), pod("b"))
        assert only.pod.name == "a"
        see.clock.now += 60.0
        assert [answer.pod.name for answer in await see.see(content, pod("a"), pod("b"))] == []
        see.clock.now += 0.1
        (answer,) = await see.see(content, pod("a"), pod("b"))
        assert isinstance(answer, Unreadable)
        assert answer.reason == "Missing"
        assert 'no bento\'s series with namespace="demo", pod="b" of the last 150 s' in answer.message


async def test_where_no_pod_is_there_at_all_something_is_wrong() -> None:
    async with looks() as see:
        answers = await see.see(matrix(), pod("a"), pod("b"))
        assert [answer.reason for answer in answers if isinstance(answer, Unreadable)] == ["Missing", "Missing"]


async def test_a_pod_that_was_there_and_is_gone_is_missing_at_once() -> None:
    async with looks() as see:
        await see.see(matrix(total([(1.0, 3)]), total([(1.0, 3)], pod="b")), pod("a"), pod("b"))
        first, second = await see.see(matrix(total([(2.0, 3)])), pod("a"), pod("b"))
        assert isinstance(first, PodSample) and isinstance(second, Unreadable)
        assert second.reason == "Missing"


async def test_a_pod_that_is_garbled_is_named() -> None:
    async with looks() as see:
        first, second = await see.see(matrix(total([(1.0, "NaN")]), total([(1.0, 3)], pod="b")), pod("a"), pod("b"))
        assert isinstance(first, Unreadable) and isinstance(second, PodSample)
        assert first.reason == "Garbled"
        assert "of pod a: bentoml_service_request_total{" in first.message
        assert "NaN" in first.message


async def test_warm_up_after_the_last_scrape_is_not_counted() -> None:
    """The pod was scraped, then warmed up, then became ready: what it counted between is no caller's."""
    async with looks() as see:
        samples = [
            await see.sample(matrix(total([(1.0, 0)])), pod(ready=False)),
            await see.sample(matrix(total([(1.0, 0), (2.0, 0)]))),  # scraped before it was warmed up; ready since
            await see.sample(matrix(total([(2.0, 0), (3.0, 20)]))),
            await see.sample(matrix(total([(3.0, 20), (4.0, 27)]))),
        ]
    ledger, counted = Ledger(), []
    for sample in samples:
        folded = fold(ledger, [sample], {})
        ledger = folded.ledger
        counted.append(folded.counts["digits-r1"][ERRORS].total if folded.counts else None)
    assert counted == [None, None, 0, 7]


async def test_what_was_scraped_before_a_restart_is_no_baseline() -> None:
    async with looks() as see:
        await see.sample(matrix(total([(1.0, 30)])))
        again = pod(restarts=1)
        assert await see.see(matrix(total([(1.0, 30), (2.0, 31)])), again) == []
        sample = await see.sample(matrix(total([(2.0, 31), (3.0, 2)])), again)
        assert (sample.at, sample.counters.answered) == (3.0, 2)


async def test_two_replicas_that_overtake_each_other_count_nothing_twice() -> None:
    async with looks() as see:
        await see.sample(matrix(total([(1.0, 30)])))
        assert await see.see(matrix(total([(1.5, 29)]))) == []
        assert (await see.sample(matrix(total([(2.0, 31)])))).counters.answered == 31


async def test_counters_that_stay_below_began_anew() -> None:
    async with looks() as see:
        await see.sample(matrix(total([(1.0, 30)]), bucket([(1.0, 30)], "+Inf")))
        assert await see.see(matrix(total([(2.0, 30)]), bucket([(2.0, 3)], "+Inf"))) == []
        assert (await see.sample(matrix(total([(3.0, 4)]), bucket([(3.0, 4)], "+Inf")))).counters.answered == 4


async def test_looks_keep_their_pace() -> None:
    async with serving(replying(matrix())) as server, PrometheusClient() as client:
        source = PrometheusSource(address=server.url)
        scraper = PrometheusScraper(client, source, pace=60.0, clock=Clock())
        await scraper.scrape([pod()])
        early = asyncio.create_task(scraper.scrape([pod()]))
        await PrometheusScraper(client, source, pace=60.0, clock=Clock()).scrape([pod()])  # another model's look
        early.cancel()
        await asyncio.wait([early])
        assert len(server.forms) == 2


async def test_nobody_there() -> None:
    async with serving(replying(b"")) as server:
        pass
    async with PrometheusClient() as client:
        (answer,) = await PrometheusScraper(client, PrometheusSource(address=server.url)).scrape([pod()])
    assert isinstance(answer, Unreadable)
    assert answer.reason == "Refused"
    assert answer.message.endswith("connection refused; see that it runs there")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://127.0.0.1:90900", "that is no address: 127.0.0.1 cannot have a port 90900"),
        ("http://[1.2.3]:9090", "that is no address: Invalid IPv6 address: '[1.2.3]'"),
        ("http://xn--a:9090", "that is no address: Codepoint U+0080"),
    ],
)
async def test_an_address_that_no_connection_can_be_opened_to_is_said_to_be_none(address: str, said: str) -> None:
    async with PrometheusClient() as client:
        (answer,) = await PrometheusScraper(client, PrometheusSource(address=address)).scrape([pod()])
    assert isinstance(answer, Unreadable)
    assert answer.reason == "Unreachable"
    assert said in answer.message


async def test_only_what_is_allowed_is_asked() -> None:
    async with serving(replying(matrix(total([(1.0, 3)])))) as server:
        source = PrometheusSource(address=f"{server.url}/")
        async with PrometheusClient(allowed=["http://prometheus.monitoring:9090"]) as client:
            (answer,) = await PrometheusScraper(client, source).scrape([pod()])
        assert isinstance(answer, Unreadable)
        assert answer.reason == "Refused"
        assert "it may ask http://prometheus.monitoring:9090" in answer.message
        assert server.forms == []
        async with PrometheusClient(allowed=["http://prometheus.monitoring:9090", server.url]) as client:
            (answer,) = await PrometheusScraper(client, source).scrape([pod()])
        assert isinstance(answer, PodSample)


async def test_slow() -> None:
    async def never(_writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    found = await trouble(never, within=0.3)
    assert found.reason == "TimedOut"
    assert found.message.endswith("no complete answer within 0.3 s")


async def test_a_trickle_is_bounded_in_time() -> None:
    async def trickle(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)

    assert (await trouble(trickle, within=0.3)).reason == "TimedOut"


@pytest.mark.parametrize("status", ["200 OK", "500 Internal Server Error"])
async def test_a_flood_is_bounded_in_size(status: str) -> None:
    async def flood(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        while not writer.is_closing():
            writer.write(b"10000\r\n" + b"#" * 65536 + b"\r\n")
            await writer.drain()

    assert (await trouble(flood, within=30.0)).reason == "TooLarge"


async def test_a_query_that_is_refused_is_told_in_prometheus_own_words() -> None:
    error = {"status": "error", "errorType": "bad_data", "error": "1:2: parse error: unexpected end of input"}
    found = await trouble(replying(json.dumps(error).encode(), "400 Bad Request"))
    assert found.reason == "HttpError"
    expected = "it refused the query (HTTP 400): bad_data: 1:2: parse error: unexpected end of input"
    assert found.message.endswith(expected)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("401 Unauthorized", "the operator has no token for exactly this address"),
        ("404 Not Found", "path prefix"),
        ("503 Service Unavailable", "HTTP 503"),
    ],
)
async def test_of_anybody_elses_answer_only_the_status_is_told(status: str, said: str) -> None:
    found = await trouble(replying(b'{"secret": "hunter2", "status": "error"}', status))
    assert found.reason == "HttpError"
    assert said in found.message
    assert "hunter2" not in found.message


async def test_redirects_are_not_followed() -> None:
    async with serving(replying(matrix(total([(1.0, 3)])))) as elsewhere:
        found = await trouble(replying(b"", "302 Found", more=f"Location: {elsewhere.url}/api/v1/query\r\n"))
    assert found.reason == "HttpError"
    assert "does not follow" in found.message
    assert elsewhere.forms == []


async def test_a_web_page_is_not_prometheus() -> None:
    found = await trouble(replying(b"<html><body>Log in, hunter2</body></html>", content_type="text/html"))
    assert found.reason == "Garbled"
    assert "not the HTTP API of Prometheus" in found.message
    assert "hunter2" not in found.message


async def test_an_answer_with_warnings_is_partial() -> None:
    found = await trouble(replying(matrix(total([(1.0, 3)]), warnings=["store-1 is down"])))
    assert found.reason == "Partial"
    assert "store-1 is down" in found.message


async def test_after_an_outage_nothing_is_lost_or_counted_twice() -> None:
    async with looks() as see:
        samples = [
            await see.sample(matrix(total([(1.0, 3)]))),
            await see.sample(matrix(total([(2.0, 5)]))),
        ]
        see.server.answer = replying(b"", "503 Service Unavailable")
        (down,) = await see.scraper.scrape([pod()])
        assert isinstance(down, Unreadable)
        samples.append(await see.sample(matrix(total([(2.0, 5), (9.0, 40)]))))
    folded = [fold(fold(Ledger(), samples[:2], {}).ledger, samples[2:], {}).counts["digits-r1"][ERRORS].total]
    assert folded == [35]

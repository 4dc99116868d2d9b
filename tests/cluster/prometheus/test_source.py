"""Evidence from a real Prometheus: the same as from the pods, and none while it cannot be had."""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from copy import deepcopy

import pytest

from dev.prometheus import Prometheus
from tandem.api.sources import PrometheusSource
from tandem.judge import Counts, VerdictKind
from tandem.signals import ERRORS, PodScraper
from tandem.signals.prometheus import PrometheusClient, PrometheusScraper
from tests.cluster.prometheus.reading import SLOW, Pod, Reader, pods

ROUNDS = 8
CASES = ("good", "failing", "slow", "restarted", "silent", "garbled")


class World:
    """One Prometheus, and some pods for each test."""

    def __init__(self, prometheus: Prometheus, pods: dict[str, list[Pod]]) -> None:
        self.url = prometheus.url
        self.pods = pods


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with ExitStack() as stack:
        cases = {case: stack.enter_context(pods(f"r1-{case}a", f"r1-{case}b", f"r2-{case}c")) for case in CASES}
        targets = [pod.scraped() for found in cases.values() for pod in found]
        twice = [pod.scraped(endpoint="again") for pod in cases["failing"]]
        prometheus = stack.enter_context(Prometheus([*targets, *twice]))
        yield World(prometheus, cases)


@asynccontextmanager
async def reading(url: str, pods: list[Pod]) -> AsyncIterator[Reader]:
    async with PrometheusClient() as client:
        reader = Reader(PrometheusScraper(client, PrometheusSource(address=url), pace=0.1), pods)
        await reader.look_until_counting()
        yield reader


def serve(case: str, found: list[Pod]) -> None:
    """Let stable's two pods and the candidate answer some requests each."""
    for pod in found:
        candidate = pod.target.revision == "r2"
        pod.bento.answer(300)
        pod.bento.answer(1, code=500)
        pod.bento.answer(7, code=429)
        pod.bento.answer(1000, path="/livez")
        pod.bento.answer(60 if case == "slow" and candidate else 1, seconds=0.5)
        pod.bento.answer(40 if case == "failing" and candidate else 0, code=503)


@pytest.mark.parametrize(
    ("case", "kind"),
    [("good", VerdictKind.ADVANCE), ("failing", VerdictKind.ROLL_BACK), ("slow", VerdictKind.ROLL_BACK)],
)
async def test_the_same_counts_and_the_same_verdict_as_from_the_pods(
    world: World, case: str, kind: VerdictKind
) -> None:
    found = world.pods[case]
    async with reading(world.url, found) as there, PodScraper(timeout=5.0) as scraper:
        here = Reader(scraper, found)
        await here.look()
        for _ in range(ROUNDS):
            serve(case, found)
            await here.look()
            await there.look_until_news()
        await there.look_until_level_with(here)
    assert there.counts == here.counts
    assert there.counts["r1"][ERRORS] == Counts(2 * ROUNDS * 302, 2 * ROUNDS)
    slow = 60 if case == "slow" else 1
    assert there.counts["r2"][SLOW].bad == ROUNDS * slow
    assert (there.verdict().kind, here.verdict().kind) == (kind, kind)


async def test_a_restart_counts_nothing_twice(world: World) -> None:
    stable, _, candidate = found = world.pods["restarted"]
    async with reading(world.url, found) as there:
        candidate.bento.answer(50)
        stable.bento.answer(50)
        await there.look_until(lambda: there.counts["r2"][ERRORS].total == 50)
        candidate.restart()
        candidate.bento.answer(20)
        await there.look_until_counting()
        assert there.counts["r2"][ERRORS].total == 50  # what it answered before it was read again is lost
        candidate.bento.answer(7, code=500)
        await there.look_until(lambda: there.counts["r2"][ERRORS].bad == 7)
        assert there.counts["r2"][ERRORS] == Counts(57, 7)
        assert there.counts["r1"][ERRORS] == Counts(50)


async def test_a_pod_that_is_scraped_in_vain_is_said_to_be_silent(world: World) -> None:
    found = world.pods["silent"]
    async with reading(world.url, found) as there:
        found[0].bento.stop()
        await there.look_until(lambda: bool(there.unreadable))
        (answer,) = there.unreadable
        assert (answer.pod.name, answer.reason) == ("r1-silenta", "Stale")
        assert f"Prometheus at {world.url}: it has had nothing new of pod r1-silenta" in answer.message


async def test_what_is_no_number_is_no_count(world: World) -> None:
    found = world.pods["garbled"]
    async with reading(world.url, found) as there:
        found[2].bento.garble()
        await there.look_until(lambda: bool(there.unreadable))
        (answer,) = there.unreadable
        assert (answer.pod.name, answer.reason) == ("r2-garbledc", "Garbled")
        assert "bentoml_service_request_total{" in answer.message
        assert "has the value NaN, which is no number" in answer.message
        found[0].bento.answer(5)
        await there.look_until(lambda: there.counts["r1"][ERRORS].total == 5)
        assert there.counts["r2"][ERRORS] == Counts()


async def test_a_pod_that_nobody_scrapes_is_told_by_its_labels(world: World) -> None:
    with pods("r2-unknown") as unknown:
        async with PrometheusClient() as client:
            there = Reader(PrometheusScraper(client, PrometheusSource(address=world.url)), unknown)
            await there.look()
    (answer,) = there.unreadable
    assert answer.reason == "Missing"
    assert 'namespace="demo", pod="r2-unknown"' in answer.message


async def test_a_query_that_prometheus_refuses_is_told_in_its_words(world: World) -> None:
    source = PrometheusSource.model_construct(address=world.url, pod_label="no label", namespace_label="namespace")
    async with PrometheusClient() as client:
        there = Reader(PrometheusScraper(client, source), world.pods["good"])
        await there.look()
    answer, *_ = there.unreadable
    assert answer.reason == "HttpError"
    assert "it refused the query (HTTP 400): bad_data: " in answer.message
    assert "parse error" in answer.message


async def test_a_wrong_path_is_told(world: World) -> None:
    async with PrometheusClient() as client:
        source = PrometheusSource(address=f"{world.url}/prometheus")
        there = Reader(PrometheusScraper(client, source), world.pods["good"])
        await there.look()
    answer, *_ = there.unreadable
    assert answer.reason == "HttpError"
    assert "path prefix" in answer.message


async def test_while_prometheus_is_down_nothing_is_evidence_and_afterwards_nothing_is_lost() -> None:
    with pods("r1-a", "r2-a") as found, Prometheus([pod.scraped() for pod in found]) as prometheus:
        async with reading(prometheus.url, found) as there:
            for _ in range(ROUNDS):
                serve("failing", found)
                await there.look_until_news()
            await there.look_until(lambda: there.counts["r2"][ERRORS].total == ROUNDS * 342)
            assert there.verdict().kind is VerdictKind.ROLL_BACK
            before = deepcopy(there.counts), there.evidence
            prometheus.kill()
            serve("good", found)
            await there.look()
            assert [answer.reason for answer in there.unreadable] == ["Refused", "Refused"]
            assert (there.counts, there.evidence) == before
            assert there.verdict().kind is VerdictKind.ROLL_BACK  # it needs no source to stand
            prometheus.start()
            level = ROUNDS * 342 + 302
            await there.look_until(lambda: there.counts["r2"][ERRORS].total == level and not there.unreadable)
            assert there.counts["r2"][ERRORS].bad == ROUNDS * 41 + 1

"""What a user counts by PromQL, asked of a real Prometheus: counters of each version, or why there are none."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager

import pytest

from dev.prometheus import Prometheus
from tandem.judge import Counts
from tandem.signals.prometheus import PrometheusClient
from tandem.signals.prometheus_queries import PACE, PrometheusQueries
from tandem.signals.queries import QueriedMetric
from tandem.signals.tallies import TallyLedger, fold_tallies
from tests.cluster.prometheus.reading import Pod, pods

LONGEST = 60.0
SELECTOR = 'namespace="demo", pod=~"$revision-.*"'
BY_POD = QueriedMetric(
    "declined",
    f'sum by (pod) (scored_total{{outcome="declined", {SELECTOR}}})',
    f"sum by (pod) (scored_total{{{SELECTOR}}})",
)
CASES = ("counted", "restarted", "wrong")


class World:
    """One Prometheus, and some pods for each test."""

    def __init__(self, prometheus: Prometheus, pods: dict[str, list[Pod]]) -> None:
        self.url = prometheus.url
        self.pods = pods


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with ExitStack() as stack:
        cases = {case: stack.enter_context(pods(f"{case}-r1-a", f"{case}-r1-b", f"{case}-r2-c")) for case in CASES}
        targets = [pod.scraped() for found in cases.values() for pod in found]
        yield World(stack.enter_context(Prometheus(targets)), cases)


class Reader:
    """Asks for one metric of the pods' versions, and adds up what comes."""

    def __init__(self, queries: PrometheusQueries, found: list[Pod]) -> None:
        self._queries, self._found = queries, found
        self._ledger = TallyLedger()
        self.counts: dict[str, Counts] = {}
        self.flaws: dict[str, str] = {}

    async def look(self) -> None:
        look = await self._queries.read([pod.target for pod in self._found])
        folded = fold_tallies(self._ledger, look.tallies)
        self._ledger = folded.ledger
        self.flaws = {name: flaw.message for name, flaws in look.flaws.items() for flaw in flaws.values()}
        for revision, metrics in folded.counts.items():
            for counts in metrics.values():
                self.counts[revision] = self.counts.get(revision, Counts()) + counts

    async def look_until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(LONGEST):
            while not condition():
                await self.look()
                await asyncio.sleep(PACE / 10)  # a round is asked for every two seconds at most


@asynccontextmanager
async def asking(url: str, found: list[Pod], metric: QueriedMetric = BY_POD) -> AsyncIterator[Reader]:
    async with PrometheusClient() as client:
        yield Reader(PrometheusQueries(client, url, [metric]), found)


async def test_each_version_is_counted_by_its_own_pods(world: World) -> None:
    found = world.pods["counted"]
    async with asking(world.url, found) as reader:
        await reader.look_until(lambda: reader.counts.keys() == {"counted-r1", "counted-r2"})
        for pod in found:
            pod.bento.score(100, declined=3 if pod.target.revision.endswith("r1") else 30)
        expected = {"counted-r1": Counts(200, 6), "counted-r2": Counts(100, 30)}
        await reader.look_until(lambda: reader.counts == expected)
    assert reader.flaws == {}


async def test_a_restart_counts_nothing_twice(world: World) -> None:
    stable, _, candidate = found = world.pods["restarted"]
    async with asking(world.url, found) as reader:
        await reader.look_until(lambda: "restarted-r2" in reader.counts)
        candidate.bento.score(500, declined=50)
        await reader.look_until(lambda: reader.counts["restarted-r2"] == Counts(500, 50))
        candidate.restart()
        stable.bento.score(7)
        await reader.look_until(lambda: reader.counts["restarted-r1"] == Counts(7, 0))
        candidate.bento.score(4, declined=2)
        await reader.look_until(lambda: reader.counts["restarted-r2"] == Counts(504, 52))


@pytest.mark.parametrize(
    ("bad", "total", "what"),
    [
        (BY_POD.bad, f"rate(scored_total{{{SELECTOR}}}[10s]) + 0.5", "a counter of events is a whole number"),
        (BY_POD.bad, f"scored_total{{{SELECTOR}}}[1m]", "it gives a matrix"),
        (BY_POD.bad, f"scalar(sum(scored_total{{{SELECTOR}}}))", "it gives a scalar"),
        (BY_POD.bad, f"sum by (pod) (scored_total{{{SELECTOR}}}", "it refused the query (HTTP 400): bad_data: "),
        (BY_POD.bad, f"scored_total{{{SELECTOR}}} / 0", "which is no number"),
        (f'scored_total{{outcome="declined", {SELECTOR}}}', BY_POD.total, "sum both by the same ones"),
        (BY_POD.total, BY_POD.bad, "total must count the bad ones too"),
    ],
    ids=["rate", "range", "scalar", "syntax", "infinite", "labels", "swapped"],
)
async def test_a_wrong_query_is_told_and_counts_nothing(world: World, bad: str, total: str, what: str) -> None:
    found = world.pods["wrong"]
    for pod in found:
        pod.bento.score(10, declined=5)
    async with asking(world.url, found, QueriedMetric("declined", bad, total)) as reader:
        await reader.look_until(lambda: reader.flaws.keys() == {"wrong-r1", "wrong-r2"})
    assert all(message.startswith(f"metric declined of {name}: ") for name, message in reader.flaws.items())
    assert all(what in message for message in reader.flaws.values()), reader.flaws
    assert all(counts == Counts() for counts in reader.counts.values())


async def test_what_was_counted_while_nobody_answered_is_not_lost() -> None:
    with pods("down-r1-a", "down-r2-b") as found, Prometheus([pod.scraped() for pod in found]) as prometheus:
        async with asking(prometheus.url, found) as reader:
            await reader.look_until(lambda: reader.counts.keys() == {"down-r1", "down-r2"})
            prometheus.kill()
            found[1].bento.score(20, declined=4)
            await reader.look_until(lambda: bool(reader.flaws))
            assert "connection refused" in reader.flaws["down-r2"]
            assert reader.counts["down-r2"] == Counts()
            prometheus.start()
            await reader.look_until(lambda: reader.counts["down-r2"] == Counts(20, 4) and not reader.flaws)

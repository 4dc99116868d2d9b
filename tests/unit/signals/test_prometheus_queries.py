"""Rounds of queries: all versions at one moment, each at its pace, and every reason for which nothing is counted."""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tandem.judge import Counts
from tandem.signals import PodTarget
from tandem.signals.prometheus import PrometheusClient, Unanswered
from tandem.signals.prometheus_queries import (
    AT_ONCE,
    FALLS_WITHIN,
    GRACE,
    MOST_FALLS,
    PACE,
    PATIENCE,
    PrometheusQueries,
)
from tandem.signals.queries import QueriedMetric
from tandem.signals.tallies import TallyLedger, fold_tallies
from tests.unit.signals.test_scraper import Clock

ADDRESS = "http://prometheus:9090"
R1, R2 = "fraud-r1", "fraud-r2"
PODS = [PodTarget("payments", f"{revision}-a", f"uid-{revision}", 0, revision, "10.0.0.1") for revision in (R1, R2)]
DECLINED = QueriedMetric("declined", "bad{v='$revision'}", "total{v='$revision'}")


@dataclass
class Prometheus(PrometheusClient):
    """Counts by version and pod; notes what it was asked, and when for."""

    counts: dict[str, dict[str, Counts]] = field(default_factory=lambda: {R1: {"a": Counts(100, 1)}, R2: {}})
    asked: list[tuple[str, float]] = field(default_factory=list)
    fails: str | None = None
    under_way: int = 0
    most: int = 0
    bad_is: Callable[[int], object] = lambda number: number

    def __post_init__(self) -> None:
        super().__init__()

    async def ask(self, address: str, text: str, at: float | None = None) -> bytes:
        assert address == ADDRESS and at is not None
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        if self.fails is not None:
            raise Unanswered("TimedOut", self.fails)
        self.asked.append((text, at))
        found = re.fullmatch(r"(bad|total)\{v='(.*)'\}", text)
        assert found is not None
        pods = self.counts.get(found[2], {})
        values = {pod: self.bad_is(counts.bad) if found[1] == "bad" else counts.total for pod, counts in pods.items()}
        result = [
            {"metric": {"pod": pod}, "value": [at, str(value)]} for pod, value in values.items() if value != "none"
        ]
        return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}).encode()


class World:
    """A Prometheus, the queries to it, and what came of them."""

    def __init__(self, *metrics: QueriedMetric) -> None:
        self.prometheus, self.clock = Prometheus(), Clock()
        self.queries = PrometheusQueries(self.prometheus, ADDRESS, metrics or (DECLINED,), self.clock, lambda: 5000.0)
        self.ledger = TallyLedger()
        self.flaws: dict[str, str] = {}

    async def look(self, wait: float = PACE) -> dict[str, Counts]:
        """Return what a round brought, by version."""
        self.clock.now += wait
        look = await self.queries.read(PODS)
        self.flaws = {
            name: f"{flaws['declined'].reason}: {flaws['declined'].message}" for name, flaws in look.flaws.items()
        }
        folded = fold_tallies(self.ledger, look.tallies)
        self.ledger = folded.ledger
        return {revision: metrics["declined"] for revision, metrics in folded.counts.items()}


async def test_counts_of_both_versions() -> None:
    world = World()
    world.prometheus.counts[R2] = {"b": Counts(10, 0), "c": Counts(10, 0)}
    assert await world.look() == {R1: Counts(), R2: Counts()}
    world.prometheus.counts = {R1: {"a": Counts(190, 2)}, R2: {"b": Counts(15, 4), "c": Counts(14, 1)}}
    assert await world.look() == {R1: Counts(90, 1), R2: Counts(9, 5)}
    assert world.flaws == {}


async def test_a_round_is_asked_for_one_moment_that_is_over_and_few_at_a_time() -> None:
    world = World(*[QueriedMetric(f"m{n}", DECLINED.bad, DECLINED.total) for n in range(8)])
    await world.queries.read(PODS)
    assert {at for _, at in world.prometheus.asked} == {4998.0}
    assert len(world.prometheus.asked) == 2 * 2 * 8
    assert world.prometheus.most == AT_ONCE


async def test_between_two_rounds_nothing_is_asked_and_nothing_is_new() -> None:
    world = World()
    await world.look()
    asked = len(world.prometheus.asked)
    assert await world.look(wait=PACE / 2) == {}
    assert len(world.prometheus.asked) == asked


async def test_a_pod_that_comes_or_restarts_counts_nothing_twice() -> None:
    world = World()
    world.prometheus.counts[R2] = {"b": Counts(10, 2)}
    await world.look()
    world.prometheus.counts[R2] = {"b": Counts(1, 1), "c": Counts(50, 5)}
    assert (await world.look())[R2] == Counts()
    world.prometheus.counts[R2] = {"b": Counts(3, 1), "c": Counts(52, 6)}
    assert (await world.look())[R2] == Counts(4, 1)


async def test_a_series_that_was_away_goes_on_where_it_was() -> None:
    """As those of a pod that could not be scraped for a while."""
    world = World()
    world.prometheus.counts[R2] = {"b": Counts(1000, 20), "c": Counts(1000, 20)}
    await world.look()
    world.prometheus.counts[R2] = {"b": Counts(1010, 21)}
    assert (await world.look())[R2] == Counts(10, 1)
    world.prometheus.counts[R2] = {"b": Counts(1020, 21), "c": Counts(1015, 22)}
    assert (await world.look())[R2] == Counts(25, 2)


async def test_a_version_without_any_is_missing_after_a_while() -> None:
    world = World()
    await world.look()
    await world.look(wait=GRACE)
    assert world.flaws == {}
    await world.look()
    assert world.flaws == {
        R2: "MetricMissing: metric declined of fraud-r2: its query for total gives nothing: see what its labels are"
    }


async def test_a_version_without_any_bad_ones_is_not_good_by_that() -> None:
    world = World()
    world.prometheus.counts[R2] = {"b": Counts(10, 0)}
    world.prometheus.bad_is = lambda _: "none"
    await world.look()
    world.prometheus.counts[R2] = {"b": Counts(500, 0)}
    assert await world.look(wait=GRACE + 1) == {R1: Counts(), R2: Counts()}
    assert "its query for bad gives nothing" in world.flaws[R2]
    assert "(bad) or 0 * (total)" in world.flaws[R2]
    world.prometheus.bad_is = lambda number: number
    world.prometheus.counts[R2] = {"b": Counts(510, 3)}
    assert (await world.look())[R2] == Counts(500, 3)  # nothing is lost


async def test_a_rate_is_told_and_not_counted() -> None:
    world = World()
    world.prometheus.counts[R2] = {"b": Counts(10, 1)}
    world.prometheus.bad_is = lambda number: number + 0.25
    assert await world.look() == {}
    assert world.flaws[R2].startswith("MetricGarbled: metric declined of fraud-r2: its query for bad: it gives '1.25'")


async def test_what_falls_again_and_again_is_no_counter() -> None:
    world = World()
    for number in range(MOST_FALLS + 1):
        assert world.flaws == {}
        world.prometheus.counts[R2] = {"b": Counts(100 - number, 0)}
        await world.look()
    assert "it fell 3 times in 10 minutes, and a counter only grows" in world.flaws[R2]
    world.prometheus.counts[R2] = {"b": Counts(150, 0)}
    assert (await world.look())[R2] == Counts()
    await world.look(wait=FALLS_WITHIN)
    await world.look()
    assert world.flaws == {}


async def test_no_answer_is_said_when_it_lasts() -> None:
    world = World()
    await world.look()
    world.prometheus.fails = "no complete answer within 3 s"
    for _ in range(PATIENCE - 1):
        assert await world.look() == {}
    assert world.flaws == {}
    await world.look()
    assert world.flaws[R1] == (
        "QueryFailed: metric declined of fraud-r1: Prometheus at http://prometheus:9090 gives no counts: "
        "no complete answer within 3 s"
    )
    world.prometheus.fails = None
    world.prometheus.counts[R1] = {"a": Counts(150, 5)}
    assert (await world.look())[R1] == Counts(50, 4)
    assert world.flaws == {}


@pytest.mark.parametrize("gone", [R1, R2])
async def test_a_version_that_is_looked_at_no_more_is_asked_for_no_more(gone: str) -> None:
    world = World()
    await world.look()
    world.prometheus.asked.clear()
    world.clock.now += PACE
    await world.queries.read([pod for pod in PODS if pod.revision != gone])
    assert not [text for text, _ in world.prometheus.asked if gone in text]

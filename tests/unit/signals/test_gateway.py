"""Reading gateways' proxies: through a real HTTP server on loopback that answers as an Envoy does."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from http import HTTPStatus

import pytest

from tandem.judge import Counts
from tandem.signals import ApiServer, PodTarget
from tandem.signals.gateway import (
    LIST_AGAIN,
    LIST_EVERY,
    PACE,
    REST,
    GatewayAt,
    Gateways,
    ProxiesUnknown,
    Proxy,
    RouteAtGateways,
)
from tandem.signals.pod_client import PodClient
from tandem.signals.tallies import TallyLedger, TallyLook, fold_tallies
from tests.unit.signals.test_scraper import Clock, serving

PUBLIC = GatewayAt("gateway", "public", "envoy-gateway-system")
R1, R2 = "fraud-r1", "fraud-r2"
STABLE = PodTarget("payments", "fraud-r1-a", "uid-a", 0, R1, "10.0.0.1")
CANDIDATE = PodTarget("payments", "fraud-r2-b", "uid-b", 0, R2, "10.0.0.2")
PODS = (STABLE, CANDIDATE)
SERIES = 'envoy_cluster_endpoint_{}{{envoy_cluster_name="{}",envoy_endpoint_address="{}:3000"}} {}\n'
CLUSTER = "httproute/payments/fraud/rule/0"


def proxy(name: str = "envoy-1", restarts: int = 0, *, leaving: bool = False) -> Proxy:
    return Proxy("envoy-gateway-system", name, f"uid-{name}", restarts, "10.9.0.1", leaving)


class World:
    """A gateway's proxies, and what each has counted by IP."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.proxies = [proxy()]
        self.counted: dict[str, dict[str, Counts]] = {"envoy-1": {}}
        self.cluster = CLUSTER
        self.down: set[str] = set()
        self.unknown: str | None = None
        self.asked: list[str] = []
        self.listed = 0
        self.takes = 0.0
        self.ledger = TallyLedger()

    async def find(self, gateway: GatewayAt) -> list[Proxy]:
        assert gateway == PUBLIC
        self.listed += 1
        if self.unknown is not None:
            raise ProxiesUnknown(self.unknown)
        return self.proxies

    async def answer(self, path: str, _headers: Mapping[str, str], writer: asyncio.StreamWriter) -> None:
        name = path.split("/pods/")[1].split(":", maxsplit=1)[0]
        assert f"/pods/{name}:19001/proxy/stats/prometheus?filter=" in path
        self.asked.append(name)
        self.clock.now += self.takes
        body = self._page(name).encode()
        status = HTTPStatus.SERVICE_UNAVAILABLE if name in self.down else HTTPStatus.OK
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)

    def _page(self, name: str) -> str:
        return "".join(
            SERIES.format("rq_success", self.cluster, ip, counts.total - counts.bad)
            + SERIES.format("rq_error", self.cluster, ip, counts.bad)
            for ip, counts in self.counted.get(name, {}).items()
        )

    @asynccontextmanager
    async def gateways(self) -> AsyncIterator[Gateways]:
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(serving(self.answer))
            there = ApiServer(f"http://127.0.0.1:{server.port}")
            client = await stack.enter_async_context(PodClient(there, timeout=5.0))
            yield Gateways(client, self.find, self.clock)

    @asynccontextmanager
    async def route(self) -> AsyncIterator[RouteAtGateways]:
        async with self.gateways() as gateways:
            yield RouteAtGateways(gateways, "payments", "fraud", (PUBLIC,))

    def take(self, look: TallyLook) -> dict[str, Counts]:
        """Return what a look brought, by revision."""
        folded = fold_tallies(self.ledger, look.tallies)
        self.ledger = folded.ledger
        return {revision: metrics["gateway-errors"] for revision, metrics in folded.counts.items()}

    async def look(self, route: RouteAtGateways, pods: tuple[PodTarget, ...] = PODS) -> dict[str, Counts]:
        self.clock.now += PACE
        look = await route.read(pods)
        assert look.trouble is None
        return self.take(look)


@pytest.fixture
def world() -> World:
    return World()


async def test_counts_go_to_the_versions_whose_pods_have_the_addresses(world: World) -> None:
    world.counted["envoy-1"] = {"10.0.0.1": Counts(900, 3), "10.0.0.2": Counts(100, 40), "10.0.0.9": Counts(7, 7)}
    async with world.route() as route:
        assert await world.look(route) == {R1: Counts(), R2: Counts()}
        world.counted["envoy-1"] |= {"10.0.0.1": Counts(990, 4), "10.0.0.2": Counts(110, 46)}
        assert await world.look(route) == {R1: Counts(90, 1), R2: Counts(10, 6)}


async def test_all_that_a_new_pod_gets_counts(world: World) -> None:
    world.counted["envoy-1"] = {"10.0.0.1": Counts(900, 3)}
    async with world.route() as route:
        await world.look(route)
        world.counted["envoy-1"]["10.0.0.2"] = Counts(5, 5)
        assert (await world.look(route))[R2] == Counts(5, 5)


async def test_a_pod_that_has_the_address_of_another_begins_with_nothing_of_it(world: World) -> None:
    world.counted["envoy-1"] = {"10.0.0.1": Counts(900, 3), "10.0.0.2": Counts(100, 40)}
    async with world.route() as route:
        await world.look(route)
        heir = replace(CANDIDATE, name="fraud-r2-c", uid="uid-c")
        world.counted["envoy-1"]["10.0.0.2"] = Counts(120, 60)
        assert (await world.look(route, (STABLE, heir)))[R2] == Counts()
        world.counted["envoy-1"]["10.0.0.2"] = Counts(2, 0)  # Envoy counts the new endpoint from 0
        assert (await world.look(route, (STABLE, heir)))[R2] == Counts()
        world.counted["envoy-1"]["10.0.0.2"] = Counts(6, 1)
        assert (await world.look(route, (STABLE, heir)))[R2] == Counts(4, 1)


async def test_a_restarted_container_is_still_that_pod(world: World) -> None:
    """Its own counters begin anew; the gateway's do not, and what it lost meanwhile is in them."""
    world.counted["envoy-1"] = {"10.0.0.2": Counts(100, 0)}
    async with world.route() as route:
        await world.look(route)
        world.counted["envoy-1"] = {"10.0.0.2": Counts(104, 4)}
        assert (await world.look(route, (replace(CANDIDATE, restarts=1),)))[R2] == Counts(4, 4)


async def test_proxies_that_restart_or_come_count_nothing_twice(world: World) -> None:
    world.counted["envoy-1"] = {"10.0.0.2": Counts(100, 0)}
    async with world.route() as route:
        await world.look(route)
        world.proxies = [proxy(restarts=1), proxy("envoy-2")]
        world.counted = {"envoy-1": {"10.0.0.2": Counts(30, 1)}, "envoy-2": {"10.0.0.2": Counts(500, 50)}}
        world.clock.now += LIST_EVERY
        assert (await world.look(route))[R2] == Counts()
        world.counted = {"envoy-1": {"10.0.0.2": Counts(31, 2)}, "envoy-2": {"10.0.0.2": Counts(503, 51)}}
        assert (await world.look(route))[R2] == Counts(4, 2)


async def test_a_proxy_is_asked_once_a_second_for_all_models(world: World) -> None:
    world.counted["envoy-1"] = {"10.0.0.1": Counts(1, 0)}
    async with world.gateways() as gateways:
        routes = [RouteAtGateways(gateways, "payments", name, (PUBLIC,)) for name in ("fraud", "churn", "limits")]
        await asyncio.gather(*(route.read(PODS) for route in routes))
        assert world.asked == ["envoy-1"]
        world.clock.now += PACE
        await asyncio.gather(*(route.read(PODS) for route in routes))
        assert world.asked == ["envoy-1"] * 2
        assert world.listed == 1


async def test_proxies_that_take_long_to_answer_are_asked_more_seldom(world: World) -> None:
    world.counted["envoy-1"], world.takes = {"10.0.0.1": Counts(1, 0)}, 0.5
    async with world.route() as route:
        await world.look(route)
        world.clock.now += (1.0 + REST) * 0.5 - 0.5 - 0.01
        await route.read(PODS)
        assert world.asked == ["envoy-1"]
        world.clock.now += 0.02
        await route.read(PODS)
        assert world.asked == ["envoy-1"] * 2


async def test_one_proxy_that_is_down_is_named_and_the_others_count(world: World) -> None:
    world.proxies.append(proxy("envoy-2"))
    world.counted = {"envoy-1": {"10.0.0.2": Counts(9, 0)}, "envoy-2": {"10.0.0.2": Counts(9, 0)}}
    async with world.route() as route:
        await world.look(route)
        world.down.add("envoy-2")
        world.counted = {"envoy-1": {"10.0.0.2": Counts(12, 1)}, "envoy-2": {"10.0.0.2": Counts(19, 5)}}
        world.clock.now += PACE
        look = await route.read(PODS)
        assert look.trouble is not None
        assert look.trouble.reason == "GatewayUnreadable"
        assert "proxy envoy-gateway-system/envoy-2 (port 19001, /stats/prometheus)" in look.trouble.message
        assert "HTTP 503" in look.trouble.message
        assert world.take(look)[R2] == Counts(3, 1)
        world.down.clear()
        assert (await world.look(route))[R2] == Counts(10, 5)  # caught up


async def test_one_on_its_way_out_need_not_answer(world: World) -> None:
    world.proxies.append(proxy("envoy-2", leaving=True))
    world.counted["envoy-1"] = {"10.0.0.2": Counts(9, 0)}
    world.down.add("envoy-2")
    async with world.route() as route:
        await world.look(route)


async def test_new_proxies_are_looked_for_sooner_while_one_does_not_answer(world: World) -> None:
    world.down.add("envoy-1")
    async with world.route() as route:
        await route.read(PODS)
        world.clock.now += LIST_AGAIN
        await route.read(PODS)
        assert world.listed == 2
        world.down.clear()
        world.clock.now += PACE
        await route.read(PODS)
        world.clock.now += LIST_AGAIN
        await route.read(PODS)
        assert world.listed == 2


@pytest.mark.parametrize(
    ("case", "what"),
    [
        ("off", "set spec.telemetry.metrics.enablePerEndpointStats to true in the gateway's EnvoyProxy"),
        ("other", "have no statistics of HTTPRoute payments/fraud"),
        ("none", "gateway gateway/public has no running proxy in namespace envoy-gateway-system"),
        ("forbidden", "the operator may not"),
    ],
)
async def test_why_there_is_nothing_to_read_is_said(world: World, case: str, what: str) -> None:
    if case == "other":
        world.counted["envoy-1"], world.cluster = {"10.0.0.1": Counts(1, 0)}, "httproute/payments/churn/rule/0"
    elif case == "none":
        world.proxies = []
    elif case == "forbidden":
        world.unknown = "the operator may not"
    async with world.route() as route:
        look = await route.read(PODS)
    assert look.tallies == ()
    assert look.trouble is not None and what in look.trouble.message

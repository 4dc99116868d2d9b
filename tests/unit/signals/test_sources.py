"""Which scraper a ModelDeployment has."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from tandem.api.objects import ModelDeployment, parse_deployment
from tandem.api.sources import EvidenceSource, PrometheusSource
from tandem.signals import PodScraper
from tandem.signals.gateway import GatewayAt, Gateways, Proxy, RouteAtGateways
from tandem.signals.pod_client import PodClient
from tandem.signals.prometheus import PrometheusClient
from tandem.signals.sources import Sources

DECLINED = {"name": "declined", "query": {"bad": "a{v='$revision'}", "total": "b{v='$revision'}"}}
FRAUD, CHURN = ("payments", "fraud"), ("payments", "churn")


def source(port: int) -> EvidenceSource:
    return EvidenceSource(prometheus=PrometheusSource(address=f"http://prometheus:{port}"))


def deployment(
    evidence: dict[str, Any], parents: Sequence[dict[str, str]] = (), namespace: str = "payments"
) -> ModelDeployment:
    spec: dict[str, Any] = {
        "owners": {"engineering": {"team": "payments", "contact": "payments@example.com"}},
        "model": {"image": "fraud:2"},
        "rollout": {"evidence": evidence},
    }
    if parents:
        spec["traffic"] = {"gateway": {"parentRefs": list(parents)}}
    return parse_deployment({"metadata": {"namespace": namespace, "name": "fraud"}, "spec": spec})


@asynccontextmanager
async def all_sources() -> AsyncIterator[Sources]:
    async def find(_: GatewayAt) -> list[Proxy]:
        return []

    async with PodScraper() as pods, PrometheusClient() as client, PodClient() as proxies:
        yield Sources(pods, client, Gateways(proxies, find))


async def test_nobody_else_counts_unless_the_spec_says_so() -> None:
    async with all_sources() as sources:
        assert sources.tallies(deployment({}, [{"name": "public"}])) == ()


async def test_the_gateways_that_the_route_goes_through_are_read() -> None:
    parents = [
        {"name": "public", "namespace": "gateway"},
        {"name": "public", "namespace": "gateway", "sectionName": "http"},
        {"name": "own"},
    ]
    async with all_sources() as sources:
        (route,) = sources.tallies(deployment({"gateway": {"envoy": {"namespace": "proxies"}}}, parents))
        assert isinstance(route, RouteAtGateways)
        assert (route.namespace, route.name) == ("payments", "fraud")
        assert route.through == (GatewayAt("gateway", "public", "proxies"), GatewayAt("payments", "own", "proxies"))
        again = sources.tallies(deployment({"gateway": {"envoy": {"namespace": "proxies"}}}, parents))
        assert {route} == set(again)  # what is the same is read on


async def test_queries_are_asked_on_until_they_change() -> None:
    prometheus = {"prometheus": {"address": "http://prometheus:9090"}}
    evidence = {"source": prometheus, "metrics": [DECLINED]}
    async with all_sources() as sources:
        (first,) = sources.tallies(deployment(evidence))
        assert sources.tallies(deployment(evidence)) == (first,)
        assert sources.tallies(deployment(evidence, namespace="other")) != (first,)
        changed = {**DECLINED, "query": {"bad": "c{v='$revision'}", "total": "b{v='$revision'}"}}
        assert sources.tallies(deployment({**evidence, "metrics": [changed]})) != (first,)
        assert sources.tallies(deployment({"source": prometheus})) == ()


async def test_models_without_a_source_share_what_reads_the_pods() -> None:
    async with PodScraper() as pods, PrometheusClient() as client:
        sources = Sources(pods, client)
        assert sources.scraper(FRAUD, None) is sources.scraper(CHURN, None) is pods


async def test_a_model_keeps_its_scraper_until_its_source_changes() -> None:
    """It remembers what it has handed on."""
    async with PodScraper() as pods, PrometheusClient() as client:
        sources = Sources(pods, client)
        first = sources.scraper(FRAUD, source(1))
        assert sources.scraper(FRAUD, source(1)) is first
        assert sources.scraper(CHURN, source(1)) is not first
        second = sources.scraper(FRAUD, source(2))
        assert second is not first
        assert sources.scraper(FRAUD, None) is pods
        assert sources.scraper(FRAUD, source(2)) is not second
        third = sources.scraper(CHURN, source(1))
        sources.forget(CHURN)
        assert sources.scraper(CHURN, source(1)) is not third

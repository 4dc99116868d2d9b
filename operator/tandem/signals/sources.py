"""Where evidence is read: from the pods, or from what the spec names instead; and from who counts besides."""

from tandem.api.objects import ModelDeployment
from tandem.api.sources import EvidenceSource
from tandem.signals.collector import Scraper
from tandem.signals.gateway import GatewayAt, Gateways, RouteAtGateways
from tandem.signals.prometheus import PrometheusClient, PrometheusScraper
from tandem.signals.prometheus_queries import PrometheusQueries
from tandem.signals.queries import QueriedMetric, queried_metrics
from tandem.signals.tallies import TallySource


class Sources:
    """The scraper of each ModelDeployment, by namespace and name. Those that read the pods themselves share one.

    ``gateways``: who reads the gateways' proxies; without it nobody does.
    """

    def __init__(self, pods: Scraper, client: PrometheusClient, gateways: Gateways | None = None) -> None:
        self._pods = pods
        self._client = client
        self._gateways = gateways
        self._others: dict[tuple[str, str], tuple[EvidenceSource, Scraper]] = {}
        self._queries: dict[tuple[str, str], tuple[EvidenceSource, tuple[QueriedMetric, ...], PrometheusQueries]] = {}

    def scraper(self, key: tuple[str, str], source: EvidenceSource | None) -> Scraper:
        """Return what reads the pods of a ModelDeployment; the same one for as long as its source is the same."""
        if source is None:
            self._others.pop(key, None)
            return self._pods
        known = self._others.get(key)
        if known is None or known[0] != source:
            known = self._others[key] = (source, PrometheusScraper(self._client, source.prometheus))
        return known[1]

    def tallies(self, deployment: ModelDeployment) -> tuple[TallySource, ...]:
        """Return who else counts what becomes of a ModelDeployment's requests, as its spec says."""
        found = (self._route(deployment), self._queries_of(deployment))
        return tuple(source for source in found if source is not None)

    def forget(self, key: tuple[str, str]) -> None:
        """Forget a ModelDeployment that is gone."""
        self._others.pop(key, None)
        self._queries.pop(key, None)

    def _queries_of(self, deployment: ModelDeployment) -> PrometheusQueries | None:
        key, evidence = (deployment.metadata.namespace, deployment.metadata.name), deployment.spec.rollout.evidence
        source, metrics = evidence.source, queried_metrics(evidence)
        if source is None or not metrics:
            self._queries.pop(key, None)
            return None
        known = self._queries.get(key)
        if known is None or known[:2] != (source, metrics):
            queries = PrometheusQueries(self._client, source.prometheus.address, metrics)
            known = self._queries[key] = (source, metrics, queries)
        return known[2]

    def _route(self, deployment: ModelDeployment) -> RouteAtGateways | None:
        declared, gateway = deployment.spec.rollout.evidence.gateway, deployment.spec.traffic.gateway
        if declared is None or gateway is None or self._gateways is None:
            return None
        namespace, name = deployment.metadata.namespace, deployment.metadata.name
        through = {
            GatewayAt(parent.namespace or namespace, parent.name, declared.envoy.namespace): None
            for parent in gateway.parent_refs
        }
        return RouteAtGateways(self._gateways, namespace, name, tuple(through))

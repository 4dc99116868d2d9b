"""Where evidence is read: from the pods, or from what the spec names instead."""

from tandem.api.sources import EvidenceSource
from tandem.signals.prometheus import PrometheusClient, PrometheusScraper
from tandem.signals.scraper import PodScraper

PODS = "pods"


class Sources:
    """Makes a scraper for each ModelDeployment that does not read its pods themselves; those share one."""

    def __init__(self, pods: PodScraper, client: PrometheusClient) -> None:
        self._pods = pods
        self._client = client

    def scraper(self, source: EvidenceSource | None) -> PodScraper | PrometheusScraper:
        """Return what reads the pods of one ModelDeployment; it remembers what it has handed on."""
        return self._pods if source is None else PrometheusScraper(self._client, source.prometheus)


def source_name(source: EvidenceSource | None) -> str:
    """Return the name of a source: counters from one are not compared with those from another."""
    return PODS if source is None else f"prometheus {source.prometheus.address}"

"""Where evidence is read: from the pods, or from what the spec names instead."""

from tandem.api.sources import EvidenceSource
from tandem.signals.collector import Scraper
from tandem.signals.prometheus import PrometheusClient, PrometheusScraper


class Sources:
    """The scraper of each ModelDeployment, by namespace and name. Those that read the pods themselves share one."""

    def __init__(self, pods: Scraper, client: PrometheusClient) -> None:
        self._pods = pods
        self._client = client
        self._others: dict[tuple[str, str], tuple[EvidenceSource, Scraper]] = {}

    def scraper(self, key: tuple[str, str], source: EvidenceSource | None) -> Scraper:
        """Return what reads the pods of a ModelDeployment; the same one for as long as its source is the same."""
        if source is None:
            self.forget(key)
            return self._pods
        known = self._others.get(key)
        if known is None or known[0] != source:
            known = self._others[key] = (source, PrometheusScraper(self._client, source.prometheus))
        return known[1]

    def forget(self, key: tuple[str, str]) -> None:
        """Forget a ModelDeployment that is gone."""
        self._others.pop(key, None)

"""Which scraper a ModelDeployment has."""

from tandem.api.sources import EvidenceSource, PrometheusSource
from tandem.signals import PodScraper
from tandem.signals.prometheus import PrometheusClient
from tandem.signals.sources import Sources

FRAUD, CHURN = ("payments", "fraud"), ("payments", "churn")


def source(port: int) -> EvidenceSource:
    return EvidenceSource(prometheus=PrometheusSource(address=f"http://prometheus:{port}"))


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

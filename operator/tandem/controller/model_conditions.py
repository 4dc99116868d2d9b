"""The conditions of all models as one metric, so that somebody may be called by them."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from tandem.cluster.cache import Cache


class ModelConditions(Collector):
    """Tells of each condition in status: 1, by model, type, status and reason. What is not there is not told.

    The labels are not called namespace and pod: those are the operator's own, as a target.
    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the metric; called for every scrape."""
        labels = ("model_namespace", "model", "type", "status", "reason")
        family = GaugeMetricFamily("tandem_model_condition", "Conditions in the status of models.", labels=labels)
        for body in self._cache.deployments():
            meta = body["metadata"]
            for each in body.get("status", {}).get("conditions") or []:
                told = (meta["namespace"], meta["name"], each["type"], each["status"], each["reason"])
                family.add_metric(told, 1.0)
        yield family

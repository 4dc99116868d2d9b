"""Signals: what the pods' own counters say, read over HTTP and folded into counts for the judge."""

from tandem.signals.collector import Collector
from tandem.signals.exposition import GarbledMetrics
from tandem.signals.ledger import Fold, Ledger, drained, fold
from tandem.signals.metrics import PodCounters, parse
from tandem.signals.named import Flaw, NamedMetric, named_metrics
from tandem.signals.pod_client import ApiServer
from tandem.signals.sample import ERRORS, PodSample, PodTarget, Unreadable, increments
from tandem.signals.scraper import PodScraper
from tandem.signals.store import ledger_from_dict, ledger_to_dict

__all__ = [
    "ERRORS",
    "ApiServer",
    "Collector",
    "Flaw",
    "Fold",
    "GarbledMetrics",
    "Ledger",
    "NamedMetric",
    "PodCounters",
    "PodSample",
    "PodScraper",
    "PodTarget",
    "Unreadable",
    "drained",
    "fold",
    "increments",
    "ledger_from_dict",
    "ledger_to_dict",
    "named_metrics",
    "parse",
]

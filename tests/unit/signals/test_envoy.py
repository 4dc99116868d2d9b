"""What an Envoy says of its endpoints: a page of a real one (1.40), and what is no such page.

Behind it were an upstream that answered well (9101), one with 500 (9102), one that never answered (9103), one that
closed the connection (9104), one that broke off in mid-answer (9105), and none at all (9106). Each was asked three
times by a route of its own that waits for half a second, and ten times by one route whose callers gave up before.
"""

from pathlib import Path

import pytest

from tandem.judge import Counts
from tandem.signals.envoy import STATS_PATH, parse_endpoints
from tandem.signals.exposition import GarbledMetrics

PAGE = (Path(__file__).parent / "data" / "stats-envoy.txt").read_text()
SERIES = 'envoy_cluster_endpoint_rq_error{{envoy_cluster_name="httproute/a/b/rule/0",envoy_endpoint_address="{}"}} {}\n'


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        (9101, Counts(3, 0)),
        (9102, Counts(3, 3)),
        (9103, Counts(3, 3)),
        (9104, Counts(3, 3)),
        (9105, Counts(3, 0)),
        (9106, Counts(3, 3)),
    ],
)
def test_a_real_page(port: int, expected: Counts) -> None:
    assert parse_endpoints(PAGE).of_route("demo", f"m{port}") == {"127.0.0.1": expected}


def test_who_gave_up_is_in_neither_count() -> None:
    assert parse_endpoints(PAGE).of_route("demo", "fraud") == {"127.0.0.1": Counts(50, 30)}


@pytest.mark.parametrize(("namespace", "name"), [("demo", "frau"), ("dem", "fraud"), ("demo", "m910")])
def test_a_route_is_known_by_its_whole_name(namespace: str, name: str) -> None:
    assert parse_endpoints(PAGE).of_route(namespace, name) is None


def test_all_clusters_of_a_route_are_summed() -> None:
    """Envoy Gateway makes one of a rule, or one of each backend."""
    text = SERIES.format("10.0.0.1:3000", 2) + SERIES.replace("rule/0", "rule/0/backend/1").format("10.0.0.1:3000", 3)
    assert parse_endpoints(text).of_route("a", "b") == {"10.0.0.1": Counts(5, 5)}


def test_an_address_of_version_6_is_written_as_kubernetes_does() -> None:
    assert parse_endpoints(SERIES.format("[fd00::1]:3000", 1)).of_route("a", "b") == {"fd00::1": Counts(1, 1)}


def test_another_page_says_nothing() -> None:
    assert parse_endpoints("# TYPE envoy_server_uptime gauge\nenvoy_server_uptime 3\n").clusters == {}
    assert parse_endpoints("").clusters == {}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (SERIES.format("10.0.0.1:3000", "NaN"), "no whole number"),
        (SERIES.format("10.0.0.1:3000", -1), "no whole number"),
        (SERIES.format("10.0.0.1:3000", 1.5), "no whole number"),
        (SERIES.format("10.0.0.1:3000", 2**60), "no whole number"),
        (SERIES.format("10.0.0.1:3000", 3)[:-1], "middle of a line"),
        ('envoy_cluster_endpoint_rq_error{envoy_cluster_name="a"} 1\n', "without the label 'envoy_endpoint_address'"),
        ('envoy_cluster_endpoint_rq_error{envoy_cluster_name="a} 1\n', "labels cannot be read"),
    ],
)
def test_what_is_garbled_is_not_guessed_at(text: str, what: str) -> None:
    with pytest.raises(GarbledMetrics, match=what):
        parse_endpoints(text)


def test_only_what_is_needed_is_asked_for() -> None:
    assert STATS_PATH.startswith("/stats/prometheus?filter=%5Ecluster")

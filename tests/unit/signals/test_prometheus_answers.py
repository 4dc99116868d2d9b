"""What is asked of Prometheus, and what its answers say of a pod."""

import json
from typing import Any

import pytest

from tandem.api.sources import PrometheusSource
from tandem.judge import Counts
from tandem.signals.named import NamedMetric, Selector
from tandem.signals.prometheus_answers import (
    Found,
    GarbledAnswer,
    PartialAnswer,
    QueryRefused,
    Snapshot,
    query,
    snapshots,
)
from tandem.signals.sample import PodTarget
from tests.unit.signals.prometheus_server import bucket, matrix, series, total

SOURCE = PrometheusSource(address="http://prometheus:9090")
UNSURE = NamedMetric("unsure", Selector("fraud_scores_total", (("outcome", "unsure"),)), Selector("fraud_scores_total"))


def found(content: bytes, pod: str = "a") -> Snapshot | GarbledAnswer:
    answers: Found = snapshots(content, SOURCE)
    return answers["demo", pod]


def snapshot(content: bytes, pod: str = "a") -> Snapshot:
    answer = found(content, pod)
    assert isinstance(answer, Snapshot), answer
    return answer


def test_one_query_for_all_pods() -> None:
    pods = [PodTarget("demo", name, "uid", 0, "r1", "") for name in ("b.x", "a", "a")]
    source = PrometheusSource(address="http://p", pod_label="kubernetes_pod", namespace_label="ns")
    assert query(source, pods) == (
        '{__name__=~"bentoml_service_request_total|bentoml_service_request_duration_seconds_bucket'
        '|bentoml_service_request_in_progress",ns=~"demo",kubernetes_pod=~"a|b[.]x"}[150s]'
    )


def test_counters_are_those_of_the_newest_scrape() -> None:
    at = [(10.0, 1), (15.0, 4)]
    answer = matrix(
        total(at),
        total([(10.0, 0), (15.0, 2)], 500),
        total([(15.0, 3)], 429),
        bucket([(15.0, 3)], "0.15"),
        bucket([(15.0, 4)], "+Inf"),
        series("in_progress", [(10.0, 0), (15.0, 2)]),
    )
    seen = snapshot(answer)
    assert (seen.at, seen.interval) == (15.0, 5.0)
    counters = seen.counters
    assert (counters.finished, counters.answered, counters.errors, counters.turned_away) == (9, 6, 2, 3)
    assert counters.within(0.15) == (3, 1)
    assert counters.in_progress == 2


def test_infrastructure_says_nothing_of_the_model() -> None:
    answer = matrix(total([(1.0, 5)]), series("total", [(1.0, 70)], endpoint="/healthz", http_response_code="200"))
    assert snapshot(answer).counters.finished == 5


def score(values: list[tuple[float, object]], outcome: str, **labels: str) -> dict[str, Any]:
    """Return a series of a counter of the user's own."""
    found = series("", values, outcome=outcome, **labels)
    found["metric"]["__name__"] = "fraud_scores_total"
    return found


def test_the_users_counters_are_asked_for_by_their_names() -> None:
    pods = [PodTarget("demo", "a", "uid", 0, "r1", "", metrics=(UNSURE,))]
    assert "bentoml_service_request_in_progress|fraud_scores|fraud_scores_total" in query(SOURCE, pods)


def test_the_users_counters_are_of_the_same_scrape() -> None:
    at: list[tuple[float, object]] = [(10.0, 3), (15.0, 7)]
    answer = matrix(
        total([(10.0, 1), (15.0, 4)], endpoint="http", exported_endpoint="/predict", job="first"),
        score(at, "unsure", endpoint="http", job="first"),
        score([(10.0, 9), (15.0, 20)], "sure", endpoint="http", exported_endpoint="/predict", job="first"),
        total([(14.0, 4)], endpoint="http", exported_endpoint="/predict", job="second"),
        score([(14.0, 100)], "sure", endpoint="http", job="second"),
    )
    found = snapshots(answer, SOURCE, [UNSURE])["demo", "a"]
    assert isinstance(found, Snapshot)
    assert found.counters.named["unsure"].counts == Counts(27, 7)


def test_a_counter_of_the_users_that_is_not_there_is_missing() -> None:
    found = snapshots(matrix(total([(1.0, 5)])), SOURCE, [UNSURE])["demo", "a"]
    assert isinstance(found, Snapshot)
    flaw = found.counters.named["unsure"].flaw
    assert flaw is not None and flaw.reason == "MetricMissing"


def test_a_scrape_that_is_not_all_there_yet_is_not_taken() -> None:
    answer = matrix(total([(10.0, 7), (15.0, 9), (20.0, 12)]), total([(10.0, 1), (15.0, 1)], 500))
    seen = snapshot(answer)
    assert seen.at == 15.0
    assert (seen.counters.finished, seen.counters.errors) == (10, 1)


def test_a_series_that_is_gone_is_waited_for_one_scrape_only() -> None:
    answer = matrix(total([(10.0, 7), (15.0, 0), (20.0, 2)]), total([(10.0, 1)], 500))
    seen = snapshot(answer)
    assert (seen.at, seen.counters.finished, seen.counters.errors) == (20.0, 2, 0)


def test_labels_that_the_target_has_too_are_the_bentos() -> None:
    """The Prometheus Operator labels every target with ``endpoint``, the name of its port."""
    answer = matrix(
        total([(1.0, 5)], endpoint="http", exported_endpoint="/predict"),
        total([(1.0, 50)], endpoint="http", exported_endpoint="/livez"),
    )
    assert snapshot(answer).counters.requests == {("/predict", 200): 5}


def test_a_pod_that_is_scraped_twice_counts_once() -> None:
    answer = matrix(
        total([(10.0, 5)], job="first"),
        total([(10.4, 6)], job="second"),
        bucket([(10.0, 5)], "+Inf", job="first"),
        bucket([(10.4, 6)], "+Inf", job="second"),
    )
    seen = snapshot(answer)
    assert (seen.at, seen.counters.finished) == (10.4, 6)
    assert seen.counters.buckets == {"/predict": {float("inf"): 6}}


def test_a_second_target_that_is_garbled_does_no_harm() -> None:
    answer = matrix(total([(10.0, 5)], job="first"), total([(11.0, "NaN")], job="second"))
    assert snapshot(answer).counters.finished == 5


def test_a_histogram_that_is_dropped_on_the_way_is_no_empty_histogram() -> None:
    assert snapshot(matrix(total([(1.0, 5)]))).counters.within(0.15) is None
    assert snapshot(matrix(total([(1.0, 0)]))).counters.within(0.15) == (0, 0)


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf", "-1", "1.5", "many", ""])
def test_what_counts_nothing_is_no_count(value: str) -> None:
    answer = found(matrix(total([(1.0, 5)]), total([(1.0, value)], 500), total([(1.0, 3)], pod="b")))
    assert isinstance(answer, GarbledAnswer)
    assert 'bentoml_service_request_total{endpoint="/predict", http_response_code="500"} has the value' in str(answer)


def test_one_pod_that_is_garbled_spoils_no_other() -> None:
    answer = matrix(total([(1.0, "NaN")]), total([(1.0, 3)], pod="b"))
    assert snapshot(answer, "b").counters.finished == 3


@pytest.mark.parametrize(
    ("series_", "said"),
    [
        (bucket([(1.0, 5)], "fast"), "lacks a usable label"),
        (series("total", [(1.0, 5)], http_response_code="good"), "lacks a usable label"),
        (series("in_progress", [(1.0, 0)]), "it has no series bentoml_service_request_total"),
        (total([]), "it has no samples"),
    ],
)
def test_series_that_say_nothing(series_: dict[str, object], said: str) -> None:
    answer = found(matrix(series_))
    assert isinstance(answer, GarbledAnswer)
    assert said in str(answer)


def test_nothing_found_is_no_pod() -> None:
    assert snapshots(matrix(), SOURCE) == {}


@pytest.mark.parametrize(
    "content",
    [
        b"<html><title>Grafana</title></html>",
        b"",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"status":"success"}',
        b'{"status":"success","data":{"resultType":"vector","result":[]}}',
        b'{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"pod":1},"values":[]}]}}',
        b'{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,2,3]]}]}}',
        b'{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[NaN,"1"]]}]}}',
        matrix(total([(1.0, 5)]))[:-20],
    ],
)
def test_what_is_not_prometheus(content: bytes) -> None:
    with pytest.raises(GarbledAnswer, match="not the HTTP API of Prometheus"):
        snapshots(content, SOURCE)


def test_prometheus_own_words_are_quoted_and_nothing_else() -> None:
    error = {"status": "error", "errorType": "bad_data", "error": "parse error: " + "x" * 500}
    with pytest.raises(QueryRefused) as caught:
        snapshots(json.dumps(error).encode(), SOURCE)
    assert str(caught.value).startswith("it refused the query: bad_data: parse error: xxx")
    assert len(str(caught.value)) < 300


def test_an_answer_that_may_lack_something_is_none() -> None:
    with pytest.raises(PartialAnswer, match="may lack something: store-1 is down"):
        snapshots(matrix(total([(1.0, 5)]), warnings=["store-1 is down"]), SOURCE)

"""What a query of the user's asks, and what its answer counts: whole counters of one version, or a reason."""

import json
from typing import Any

import pytest

from tandem.api.rollout import EvidenceSettings
from tandem.judge import Counts
from tandem.signals.named import Flaw
from tandem.signals.queries import MOST_SERIES, QueriedMetric, counted, paired, queried_metrics

A, B = frozenset({("pod", "a")}), frozenset({("pod", "b")})
NONE: frozenset[tuple[str, str]] = frozenset()


def vector(*values: object, kind: str = "vector", **more: object) -> bytes:
    result = [
        {"metric": {"__name__": "x_total", "pod": "abc"[n]}, "value": [1.5, value]} for n, value in enumerate(values)
    ]
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": result}, **more}).encode()


def test_only_the_version_is_put_into_a_query() -> None:
    metric = QueriedMetric(
        "declined",
        'sum by (pod) (x{pod=~"$revision-.*", v="$revisions", w="$1"})',
        'label_replace(x{pod=~"$revision-.*"}, "a", "$1", "$revision", "(.*)")',
    )
    assert metric.asked_of("fraud-r7") == (
        'sum by (pod) (x{pod=~"fraud-r7-.*", v="$revisions", w="$1"})',
        'label_replace(x{pod=~"fraud-r7-.*"}, "a", "$1", "fraud-r7", "(.*)")',
    )


def test_metrics_of_both_kinds_are_told_apart() -> None:
    counters = {"name": "doubt", "bad": {"counter": "a_total"}, "total": {"counter": "b_total"}}
    query = {"name": "declined", "query": {"bad": "a{v='$revision'}", "total": "b{v='$revision'}"}}
    settings = EvidenceSettings.model_validate({"metrics": [counters, query]})
    (found,) = queried_metrics(settings)
    assert (found.name, found.bad) == ("declined", "a{v='$revision'}")
    changed = QueriedMetric("declined", found.bad, "c{v='$revision'}")
    assert changed.counted_by != found.counted_by


@pytest.mark.parametrize("text", ["x_total", "x{pod=~'$revisions-.*'}", "", "x{v='$revision'}" + " " * 2000])
def test_a_query_of_no_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="query"):
        EvidenceSettings.model_validate(
            {"metrics": [{"name": "a", "query": {"bad": text, "total": "y{v='$revision'}"}}]}
        )


def test_counts_are_known_by_their_labels_and_not_by_their_name() -> None:
    assert counted(vector("3", "4")) == {A: 3, B: 4}
    assert counted(vector()) == {}


@pytest.mark.parametrize(
    ("answer", "reason", "what"),
    [
        (vector("0.35"), "MetricGarbled", "'0.35': a counter of events is a whole number; give the counter itself"),
        (vector("-1"), "MetricGarbled", "whole number"),
        (vector("1e300"), "MetricGarbled", "whole number"),
        (vector("NaN"), "MetricGarbled", "'NaN', which is no number"),
        (vector("+Inf"), "MetricGarbled", "no number"),
        (vector("two"), "MetricGarbled", "no number"),
        (vector(kind="matrix"), "MetricGarbled", "it gives a matrix"),
        (vector(kind="scalar"), "MetricGarbled", "it gives a scalar"),
        (vector("1", warnings=["a store is away"]), "QueryFailed", "may lack something"),
        (b'{"status":"error","errorType":"bad_data","error":"no"}', "QueryFailed", "it: bad_data: no"),
        (b"<html>Sign in</html>", "QueryFailed", "not one of Prometheus'"),
        (b'{"status":"success","data":{"resultType":"vector","result":[[1,"2"]]}}', "QueryFailed", "not one of"),
    ],
)  # fmt: skip
def test_what_is_no_counter_is_named(answer: bytes, reason: str, what: str) -> None:
    found = counted(answer)
    assert isinstance(found, Flaw)
    assert found.reason == reason
    assert what in found.message


def test_a_scalar_is_no_counter_of_a_version() -> None:
    found = counted(b'{"status":"success","data":{"resultType":"scalar","result":[1.5,"2"]}}')
    assert isinstance(found, Flaw) and "scalar" in found.message


def test_series_that_only_their_names_tell_apart_are_not_added_up() -> None:
    result: list[dict[str, Any]] = [{"metric": {"__name__": name}, "value": [1, "1"]} for name in ("a", "b")]
    found = counted(json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}).encode())
    assert isinstance(found, Flaw) and "several series of the same labels" in found.message


def test_an_answer_is_bounded() -> None:
    result = [{"metric": {"user": str(n)}, "value": [1, "1"]} for n in range(MOST_SERIES + 1)]
    found = counted(json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}).encode())
    assert isinstance(found, Flaw)
    assert (
        found.message == f"it gives {MOST_SERIES + 1} series, at most {MOST_SERIES} are read: sum them, best by (pod)"
    )


@pytest.mark.parametrize(
    ("bad", "total", "expected"),
    [
        ({A: 1}, {A: 5, B: 7}, {A: Counts(5, 1), B: Counts(7, 0)}),
        ({NONE: 1}, {NONE: 5}, {NONE: Counts(5, 1)}),
        ({}, {A: 5}, {A: Counts(5, 0)}),
        ({A: 1}, {}, "its labels: pod"),
        ({frozenset({("pod", "a"), ("user", "u1")}): 1}, {A: 5}, "its labels: pod, user"),
        ({NONE: 1}, {A: 5}, "its labels: none"),
        ({A: 6}, {A: 5}, "bad is 6 where total is 5: total must count the bad ones too"),
    ],
)
def test_bad_ones_stand_beside_all_of_the_same_labels(bad: Any, total: Any, expected: Any) -> None:
    found = paired(bad, total)
    if isinstance(expected, dict):
        assert found == expected
    else:
        assert isinstance(found, Flaw) and found.reason == "MetricGarbled" and expected in found.message
        assert "u1" not in found.message

"""Reading /metrics: a real bento's text, and texts that no bento wrote."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from tandem.signals.exposition import GarbledMetrics
from tandem.signals.metrics import INFRASTRUCTURE, PodCounters, parse
from tests.unit.signals.exposition import Bento

REAL = sorted((Path(__file__).parent / "data").glob("metrics-*.txt"))
TOTAL = 'bentoml_service_request_total{endpoint="/predict",http_response_code="200"} '


def test_a_real_bento() -> None:
    """metrics-local.txt: BentoML 1.4.39, 3 good answers, 1 exception, 1 bad input, 1 timeout, 2 still open, one 404."""
    counters = parse((Path(__file__).parent / "data" / "metrics-local.txt").read_text())
    assert counters.requests["/predict", 200] == 3
    assert counters.requests["/classify", 500] == 0
    assert (counters.finished, counters.answered, counters.errors, counters.turned_away) == (7, 6, 2, 0)
    assert counters.in_progress == 2
    assert counters.within(0.15) == (5, 1)
    assert counters.within(5.0) == (6, 0)
    assert counters.within(0.2) is None
    assert {endpoint for endpoint, _ in counters.requests}.isdisjoint(INFRASTRUCTURE)


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_agrees_with_the_official_parser(path: Path) -> None:
    text = path.read_text()
    expected: dict[tuple[str, int], int] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            endpoint = sample.labels.get("endpoint", "/")
            if sample.name == "bentoml_service_request_total" and endpoint not in INFRASTRUCTURE:
                key = (endpoint, int(sample.labels["http_response_code"]))
                expected[key] = expected.get(key, 0) + int(sample.value)
    assert expected
    assert parse(text).requests == expected


def test_what_counts_as_what() -> None:
    bento = Bento()
    for code, number in ((200, 50), (400, 4), (401, 1), (404, 7), (429, 9), (500, 2), (503, 1), (504, 3)):
        bento.answer(number, code)
    bento.answer(30, 200, path="/readyz")
    bento.answer(30, 500, path="/static_content/main.js")
    counters = parse(bento.text())
    assert counters.finished == 77
    assert counters.answered == 61
    assert counters.errors == 6
    assert counters.turned_away == 9
    assert counters.within(0.15) == (61, 0)


def test_several_workers_and_services_add_up() -> None:
    text = TOTAL + "3.0\n" + TOTAL.replace('endpoint="/predict"', 'endpoint="/predict",runner_name="other"') + "4.0\n"
    assert parse(text).requests == {("/predict", 200): 7}


def test_paths_may_hold_anything() -> None:
    text = TOTAL.replace("/predict", '/a\\"b}{\\\\,c=\\n # d 5') + "2 1700000000000\n"
    assert parse(text).requests == {('/a"b}{\\,c=\n # d 5', 200): 2}


def test_the_authors_own_metrics_are_left_alone() -> None:
    own = '# HELP score what it says\nscore_bucket{le="0.5"} NaN\nbentoml_service_request_total_of_mine 3\nup 1\n'
    assert parse(own + TOTAL + "5.0\n").requests == {("/predict", 200): 5}


def test_before_the_first_request_nothing_is_missing() -> None:
    assert parse(Bento().text()).within(0.15) == (0, 0)


def test_a_negative_gauge_is_nothing_in_progress() -> None:
    bento = Bento()
    bento.start(-2)
    assert parse(bento.text()).in_progress == 0


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "ends in the middle of a line"),
        ("\n", "no series bentoml_service_request_total"),
        ("# HELP something else\n", "no series bentoml_service_request_total"),
        ("python_gc_objects_collected_total 3.0\n", "its metrics are turned off"),
        ("<!doctype html>\n<html></html>\n", "no sample: '<!doctype html>'"),
        ('{"error": "no"}\n', "no sample"),
        (TOTAL, "middle of a line"),
        (TOTAL + "3.0\n" + TOTAL[:40], "middle of a line"),
        (TOTAL + "\n", "cannot be read"),
        (TOTAL + "1 2 3\n", "cannot be read"),
        (TOTAL + "many\n", "no number"),
        (TOTAL + "NaN\n", "no number"),
        (TOTAL + "+Inf\n", "no number"),
        (TOTAL + "1.5\n", "whole number"),
        (TOTAL + "-1\n", "whole number"),
        ('bentoml_service_request_total{endpoint="/p"} 3\n', "usable label"),
        (TOTAL.replace('"200"', '"OK"') + "3\n", "usable label"),
        (TOTAL.replace('"/predict"', "/predict") + "3\n", "labels cannot be read"),
        ("bentoml_service_request_total 3\n", "usable label"),
        ("bentoml_service_request_to}tal 3\n", "series that cannot be read"),
    ],
)
def test_garbled_texts_are_refused_and_quoted(text: str, what: str) -> None:
    with pytest.raises(GarbledMetrics, match=r"^/metrics ") as caught:
        parse(text)
    assert what in str(caught.value)
    assert len(str(caught.value)) < 300


@given(st.text(max_size=300) | st.text("bentoml_service_request_total{}=\"' \n01.", max_size=300))
def test_any_text_is_either_read_or_garbled(text: str) -> None:
    for candidate in (text, TOTAL + "1\n" + text + "\n"):
        try:
            counters = parse(candidate)
        except GarbledMetrics:
            continue
        assert isinstance(counters, PodCounters)
        assert counters.finished >= counters.answered >= counters.errors >= 0

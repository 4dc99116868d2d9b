"""The report: what refuses a version, and that it fits where it has to whatever the names are."""

import json

import pytest

from tandem.api.quality import Compare
from tandem.api.revision import QualityReport
from tandem.manifests.examination import LONGEST_WORD
from tandem.quality.comparison import Comparison, apart, same_answer
from tandem.quality.outcome import SLICES, Finding, Outcome
from tandem.quality.report import Report


def case(outcome: Outcome, name: str = "a") -> Finding:
    return Finding(name, outcome, f"{name}: it was answered with 500, not 200")


@pytest.mark.parametrize(
    ("share", "must", "optional", "passes"),
    [
        ("100%", [], [True, True], True),
        ("100%", [], [True, False], False),
        ("50%", [], [True, False], True),
        ("50%", [False], [True, True], False),
        ("0%", [True], [False, False], True),
        ("95%", [True], [], True),
    ],
)
def test_must_is_a_must_and_the_rest_counts_towards_the_share(
    share: str, must: list[bool], optional: list[bool], passes: bool
) -> None:
    report = Report(share)
    for group, is_must in ((must, True), (optional, False)):
        for met in group:
            report.take_case(case(Outcome.MET if met else Outcome.MISSED), must=is_must)
    assert report.passed is passes


def test_too_few_rows_stop_nobody_and_a_miss_elsewhere_does() -> None:
    report = Report()
    report.take(SLICES, case(Outcome.TOO_FEW))
    assert "too few rows" in report.sentence()
    report.take(SLICES, case(Outcome.MISSED, "recall of sex F"))
    assert not report.passed
    assert report.sentence() == "slices: 1 of 2 missed (recall of sex F: it was answered with 500, not 200)"


@pytest.mark.parametrize("letter", ["x", "\u00e4", "\U0001f600", '"'])
def test_it_fits_into_a_termination_message(letter: str) -> None:
    report = Report(share="90%")
    for number in range(500):
        report.take_case(case(Outcome.MISSED, f"{number}{letter * 76}"), must=True)
        report.take(SLICES, case(Outcome.MISSED, f"{number}{letter * 76}"))
    text = report.to_message(LONGEST_WORD)
    assert len(text.encode()) <= LONGEST_WORD
    read = json.loads(text)
    assert read["outcome"] == "Failed"
    assert [gate["missed"] for gate in read["gates"]] == [500, 500]


def test_names_of_any_length_and_of_half_characters_make_a_report_that_can_be_recorded() -> None:
    report = Report()
    report.take(SLICES, case(Outcome.MISSED, "\ud83d" + "a" * 400))
    about = {"inputs": "1", "attempt": 1, "at": "2026-03-01T12:00:00Z"}
    found = QualityReport.model_validate({**json.loads(report.to_message(LONGEST_WORD)), **about})
    [finding] = found.gates[0].findings or []
    assert finding.name == "?" + "a" * 199


def test_changed_answers_are_counted_and_the_largest_named() -> None:
    comparison = Comparison(Compare(max_changed="20%", answer="/y", tolerance=0.5))
    for number in range(10):
        comparison.take(f"row {number}", {"y": number}, {"y": 0 if number > 7 else number})
    assert comparison.finding().outcome is Outcome.MET
    comparison.take("form", {"z": 1}, {"y": 1})
    finding = comparison.finding()
    assert finding.outcome is Outcome.MISSED
    assert finding.why.endswith("most of all: form, row 9, row 8")


def test_answers_of_any_size_are_compared() -> None:
    for one, other in ((10**299, -(10**299)), (1.7e308, -1.7e308)):
        assert apart(one, other) > 0
        assert not same_answer(one, other)


def test_noise_of_arithmetic_is_the_same_answer() -> None:
    assert same_answer({"a": [0.1 + 0.2]}, {"a": [0.3]})
    assert not same_answer({"a": [0.3001]}, {"a": [0.3]})
    assert not same_answer({"a": True}, {"a": 1})

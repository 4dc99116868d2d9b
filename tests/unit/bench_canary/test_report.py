"""The tables say what was measured beside what was foretold, and the bench complains of what must not be."""

from pathlib import Path

import pytest

from bench.canary.__main__ import DOCUMENT
from bench.canary.findings import Findings
from bench.canary.foretold import Case, Foretold, foretell
from bench.canary.measured import Healthy, Trial
from bench.canary.plan import ERRORS, Bad
from bench.canary.report import BEGIN, COLUMNS, END, bad_table, foretold_table, healthy_table, with_tables

BAD = Bad(100.0, 1.0, ERRORS, 1)
OTHER = Bad(100.0, 0.2, ERRORS, 345)
TRIALS = [
    Trial("sent back", 2.0, 20, 20, 0, 2, 0.2),
    Trial("sent back", 1.0, 10, 20, 0, 3, 0.4),
    Trial("undecided", 30.0, 300, 300, 1, 0, None),
]


@pytest.fixture(scope="module")
def foretold() -> Foretold:
    return foretell(Case(100.0, 1.0, ERRORS), runs=100)


@pytest.fixture(scope="module")
def good() -> Foretold:
    return foretell(Case(400.0, 0.0, ERRORS), runs=5)


def test_a_row_has_the_medians_of_those_sent_back_and_all_losses(foretold: Foretold) -> None:
    table = bad_table({BAD: TRIALS, OTHER: []}, {BAD: foretold, OTHER: foretold})
    assert len(table.rows) == 1
    row = table.rows[0]
    assert len(row) == len(COLUMNS)
    assert row[:5] == ["100/s", "fails 100 %", "97.1%", "2 of 3", "1.5 (1.0 to 2.0)"]
    assert row[7] == "15 (10 to 20)"
    assert row[10:] == ["0.3 (0.2 to 0.4)", "5", "1"]


def test_the_lag_is_kept_apart_from_what_is_foretold(foretold: Foretold) -> None:
    row = bad_table({BAD: TRIALS}, {BAD: foretold}).rows[0]
    at_once, lagged = (float(row[column].split()[0]) for column in (8, 9))
    assert lagged > at_once


def test_nothing_sent_back_leaves_no_figures_and_no_lag(foretold: Foretold) -> None:
    row = bad_table({BAD: TRIALS[2:]}, {BAD: foretold}).rows[0]
    assert (row[3], row[4], row[6], row[7], row[9], row[10]) == ("0 of 1", "", "", "", "", "")


def rolled_out(number: int, **changes: object) -> Healthy:
    given = {"ending": "promoted", "started": 5.0, "promoted": 200.0, "watched": 31.0, "requests": 20_000, "lost": 0}
    return Healthy(number, **{**given, **changes})  # type: ignore[arg-type]


SENT_BACK = rolled_out(2, ending="sent back", promoted=None, watched=None, lost=3, reason="TooSlow: 3 of 10")


def test_healthy_rollouts_have_a_row_each_and_are_added_up(good: Foretold) -> None:
    table = healthy_table([rolled_out(1), SENT_BACK], good)
    assert table.rows[0] == ["1", "promoted", "5", "200", "31", "20,000", "0"]
    assert table.rows[1] == ["2", "sent back: TooSlow: 3 of 10", "5", "", "", "20,000", "3"]
    assert "1 of 2 sent back, 3 of 40,000 requests lost" in table.note
    assert "200 (200 to 200), foretold" in table.note


def test_what_is_foretold_is_shown_before_anything_is_measured(foretold: Foretold, good: Foretold) -> None:
    table = foretold_table({BAD: foretold}, good)
    assert [row[:4] for row in table.rows] == [
        ["100/s", "fails 100 %", "100.0%", "0.0%"],
        ["400/s", "is healthy", "0.0%", "100.0%"],
    ]


@pytest.fixture
def findings(foretold: Foretold, good: Foretold) -> Findings:
    return Findings("two cores", {BAD: foretold}, good)


def test_only_sent_back_healthy_versions_losses_and_what_was_not_measured_are_complained_of(
    findings: Findings,
) -> None:
    findings.add_trial(BAD, TRIALS[0])
    findings.add_healthy(rolled_out(1))
    findings.add_healthy(rolled_out(2, ending="undecided", promoted=None, watched=None))
    assert findings.complaints() == []
    findings.add_trial(BAD, TRIALS[2])
    findings.add_healthy(SENT_BACK)
    findings.unmeasured.append("run 3: not measured: it never started")
    assert findings.complaints() == [
        "a healthy version was sent back: rollout 2: TooSlow: 3 of 10",
        "4 requests were lost that no bad version answered",
        "run 3: not measured: it never started",
    ]


def test_what_was_measured_is_in_the_file_at_once(findings: Findings, tmp_path: Path) -> None:
    findings.file = tmp_path / "tables.md"
    assert findings.tables() == []
    findings.add_trial(BAD, TRIALS[0])
    assert "Bad versions on a real cluster" in findings.file.read_text()
    assert "Healthy" not in findings.file.read_text()
    findings.add_healthy(rolled_out(1))
    assert findings.file.read_text() == findings.markdown()
    assert "Healthy versions on a real cluster" in findings.markdown()


def test_tables_go_between_the_marks_of_the_document(findings: Findings) -> None:
    findings.add_trial(BAD, TRIALS[0])
    before = DOCUMENT.read_text()
    document = with_tables(before, findings.markdown())
    assert f"{BEGIN}\n\nMeasured on two cores.\n" in document
    assert with_tables(document, findings.markdown()) == document
    assert document.partition(BEGIN)[0] == before.partition(BEGIN)[0]
    assert document.partition(END)[2] == before.partition(END)[2]
    with pytest.raises(ValueError, match="put the lines"):
        with_tables("no marks", findings.markdown())

"""The fleet in rows: what is open, what expires, and what a spreadsheet must not run."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tandem.account.fleet import COLUMNS, cells, flat, fleet, open_findings
from tandem.api.objects import parse_deployment
from tests.unit.account.scenes import spec

NOW = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)


def body(**changes: Any) -> dict[str, Any]:
    status = {"phase": "Serving", "stable": {"revision": "fraud-r1", "since": "2027-02-27T10:00:00Z"}}
    return {"metadata": {"name": "fraud", "namespace": "payments"}, "spec": spec("a") | changes, "status": status}


def entry(**changes: Any) -> Any:
    made = body(**changes)
    (found,) = fleet([(parse_deployment(made), made)], [], NOW)
    return found


def waiver(until: str) -> dict[str, str]:
    return {"check": "TDM014", "reason": "no labelled rows yet", "until": until}


@pytest.mark.parametrize(
    ("until", "expiring"),
    [
        ("2027-03-31", [False]),
        ("2027-03-01", [False]),
        ("2027-02-28", [True]),
        ("2027-04-01", []),
        ("2027-02-31", [True]),  # no such day: the schema lets it pass, and the last of the month is meant
    ],
)
def test_a_waiver_is_told_of_in_its_last_30_days_and_after(until: str, expiring: list[bool]) -> None:
    assert [each.expired for each in entry(waivers=[waiver(until)]).expiring] == expiring


@pytest.mark.parametrize(("day", "due"), [("2027-02-28", True), ("2027-03-01", False), ("2027-02-31", True)])
def test_a_review_is_due_after_its_day(day: str, due: bool) -> None:
    assert entry(reviewBy=day).review_due is due


@pytest.mark.parametrize(
    ("readiness", "count"),
    [
        (None, None),
        ([], 0),
        ("garbled", None),
        ([{"check": "TDM001", "outcome": "Fail"}, {"check": "TDM002", "outcome": "Unknown"}], 1),
        ([{"outcome": "Fail", "waivedUntil": "2027-03-01"}, {"outcome": "Fail", "waivedUntil": "2027-02-28"}], 1),
        ({"findings": [{"outcome": "Fail", "waivedUntil": "soon"}]}, 1),
    ],
)
def test_findings_are_those_that_fail_and_are_not_waived(readiness: Any, count: int | None) -> None:
    assert open_findings({"status": {"readiness": readiness}}, NOW) == count


def test_a_row_names_whom_to_call_and_how_long_it_has_served() -> None:
    assert cells(entry(waivers=[waiver("2027-03-05")]), NOW) == (
        "fraud", "Critical", "payments-platform", "payments-oncall@example.com", "Serving", "fraud-r1", "2 d 2 h", "?",
        "TDM014 until 2027-03-05",
    )  # fmt: skip


def test_a_spreadsheet_gets_every_column_and_runs_nothing() -> None:
    row = flat(entry(purpose='=HYPERLINK("http://evil.example.com")'))
    assert list(row) == [*COLUMNS, "expiring"]
    assert row["purpose"].startswith("'=")
    assert row["dataScienceContact"] == "risk-models@example.com"

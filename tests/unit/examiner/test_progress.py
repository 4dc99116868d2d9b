"""What the pod of an examination says: how far it is in its log, and its verdict at the end."""

import json
from pathlib import Path
from typing import Any

import pytest

from tandem.examiner.__main__ import Teller, main
from tandem.examiner.details import Detail, Details
from tandem.examiner.plan import Plan
from tandem.manifests.examination import LONGEST_WORD
from tandem.quality.outcome import EDGE_CASES, Finding, Outcome
from tandem.quality.report import Report


def test_progress_is_told_now_and_then_whichever_numbers_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    teller = Teller()
    for asked in (1, 99, 103, 104, 202, 203, 204, 900):
        teller(asked)
    assert capsys.readouterr().out.splitlines() == ["103 requests asked", "203 requests asked", "900 requests asked"]


@pytest.mark.parametrize("way", [False, True])
def test_a_verdict_stands_whatever_becomes_of_what_was_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: bool
) -> None:
    """The pod lacks what its way to the API server needs, or the operator had found no way."""

    async def missed(_: Plan, __: Any, details: Details) -> Report:
        report = Report(asked=1)
        for number in range(100):
            name = f"case {number} " + "ü" * 70
            report.take_case(Finding(name, Outcome.MISSED, f"{name}: /risk is above 1"), must=True)
            details.take(Detail(EDGE_CASES, name, "/risk is above 1", {"iban": "DE00"}, {}, {}))
        return report

    monkeypatch.setattr("tandem.examiner.__main__.examine", missed)
    plan, message = tmp_path / "plan.json", tmp_path / "message"
    plan.write_text(json.dumps({"revision": "fraud-r2", "quality": {"path": "/predict"}, "interface": []}))
    told = without_a_volume(tmp_path) if way else {"CASES_TROUBLE": "exceeded quota"}
    environment = {"PLAN_FILE": str(plan), "ROWS_FOLDER": str(tmp_path), "MESSAGE_FILE": str(message), **told}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert main() == 0
    content = message.read_bytes()
    assert len(content) <= LONGEST_WORD
    report = json.loads(content)
    assert report["outcome"] == "Failed"
    assert report["cases"]["trouble"]
    assert b"DE00" not in content


def without_a_volume(folder: Path) -> dict[str, str]:
    secret = json.dumps({"metadata": {"name": "fraud-r2-quality-1", "namespace": "payments"}})
    place = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "1"}
    return {"CASES_SECRET": secret, "ACCESS_FOLDER": str(folder), "POD_UID": "0123456789", **place}

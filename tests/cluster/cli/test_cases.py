"""``tandem cases`` against a real API server: read with the rights of whoever calls it, and with no others."""

import asyncio
import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tandem.cli.access import FORBIDDEN, NOT_COME_ABOUT, NOT_FOUND
from tandem.cli.main import app
from tandem.cluster.kinds import MODEL_REVISION
from tandem.examiner.details import Detail, Details, document
from tandem.manifests.missed import DOCUMENT_KEY
from tandem.quality.outcome import EDGE_CASES, Finding, Outcome
from tandem.quality.report import Report
from tests.cluster.cli.conftest import Played, Tandem

pytestmark = pytest.mark.cluster

SECRET = "fraud-r2-quality-1-0123456789-01234567"
ROWS = "modeldeployments.tandem.dev,modelrevisions.tandem.dev"


async def missed(played: Played, cases: dict[str, Any] | None) -> None:
    """Have the version that is tried miss a question; what is kept of it is said by ``cases``."""
    report, details = Report(asked=7), Details()
    report.take_case(Finding("young", Outcome.MISSED, "young: /risk is above 1"), must=True)
    details.take(
        Detail(EDGE_CASES, "young", "/risk is above 1", {"age": 18}, {"at": "/risk", "max": 1}, {"status": 200})
    )
    content = base64.b64encode(document("fraud-r2", report, details).content).decode()
    metadata = {"namespace": played.namespace, "name": SECRET}
    await played.cluster.create(
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {DOCUMENT_KEY: content}}
    )
    quality: dict[str, Any] = {**report.to_dict(), "inputs": "x", "attempt": 1, "at": "2027-01-01T00:00:00Z"}
    if cases is not None:
        quality["cases"] = cases
    live = await played.cluster.get(MODEL_REVISION, played.namespace, "fraud-r2")
    version = live["metadata"]["resourceVersion"]
    await played.cluster.update_status(MODEL_REVISION, played.namespace, "fraud-r2", version, {"quality": quality})


async def test_what_was_asked_expected_and_got_is_shown(tandem: Tandem, played: Played) -> None:
    await missed(played, {"secret": SECRET, "kept": 1, "leftOut": 0})
    shown = await tandem("cases", "fraud", "-n", played.namespace)
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.splitlines() == [
        "fraud-r2: Failed: edgeCases: 1 of 1 missed (young: /risk is above 1)",
        "",
        "edgeCases  young: /risk is above 1",
        '  asked     {"age": 18}',
        '  expected  {"at": "/risk", "max": 1}',
        '  got       {"status": 200}',
    ]
    found = json.loads((await tandem("cases", "fraud", "-n", played.namespace, "-o", "json")).stdout)
    assert [case["request"] for case in found["cases"]] == [{"age": 18}]
    account = await tandem("get", "fraud", "-n", played.namespace)
    assert f"tandem cases fraud -n {played.namespace}" in account.stdout


@pytest.mark.parametrize(
    ("cases", "says"),
    [({"trouble": "Secret x could not be written: exceeded quota"}, "exceeded quota"), (None, "spec.quality.report")],
)
async def test_why_there_is_nothing_to_show_is_said(
    tandem: Tandem, played: Played, cases: dict[str, Any] | None, says: str
) -> None:
    await missed(played, cases)
    shown = await tandem("cases", "fraud", "-n", played.namespace)
    assert shown.exit_code == NOT_COME_ABOUT
    assert says in shown.stderr
    assert "young: /risk is above 1" in shown.stderr


async def test_a_version_that_was_not_asked_or_is_not_there_is_named(tandem: Tandem, played: Played) -> None:
    unasked = await tandem("cases", "fraud", "-n", played.namespace)
    assert unasked.exit_code == NOT_FOUND and "was asked" in unasked.stderr
    missing = await tandem("cases", "fraud", "-n", played.namespace, "--revision", "fraud-r9")
    assert missing.exit_code == NOT_FOUND and "keeps no revision fraud-r9" in missing.stderr


async def test_a_missing_right_is_named(played: Played, somebody: Callable[..., Path]) -> None:
    await missed(played, {"secret": SECRET, "kept": 1, "leftOut": 0})
    config = somebody(ROWS)
    words = ["cases", "fraud", "--kubeconfig", str(config)]
    said = await asyncio.to_thread(CliRunner().invoke, app, words, catch_exceptions=False)
    assert said.exit_code == FORBIDDEN
    assert f'secrets "{SECRET}" is forbidden' in said.stderr and "the ClusterRole edit" in said.stderr
    assert "age" not in said.output

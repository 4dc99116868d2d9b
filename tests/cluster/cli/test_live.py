"""``tandem get`` and the verbs against a real API server."""

import asyncio
import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tandem.cli.access import FORBIDDEN, NOT_COME_ABOUT, NOT_FOUND, TOO_LATE, UNREACHABLE
from tandem.cli.completion import _names
from tandem.cli.main import app
from tandem.cluster.kinds import MODEL_DEPLOYMENT, MODEL_REVISION
from tests.cluster.cli.conftest import Played, Tandem

pytestmark = pytest.mark.cluster


async def test_get_shows_the_models_of_a_namespace(tandem: Tandem, played: Played) -> None:
    shown = await tandem("get", "-n", played.namespace)
    assert shown.exit_code == 0
    assert shown.stdout.split()[:2] == ["NAME", "PHASE"]
    assert "fraud-r2 (2)" in shown.stdout and "10 %" in shown.stdout
    everywhere = json.loads((await tandem("get", "-A", "-o", "json")).stdout)
    assert (played.namespace, "fraud") in [(row["namespace"], row["name"]) for row in everywhere["models"]]


async def test_get_shows_one_model_for_people_and_machines(tandem: Tandem, played: Played) -> None:
    shown = await tandem("get", "fraud", "-n", played.namespace)
    assert "model.image: x.example.com/f:1 -> x.example.com/f:2" in shown.stdout
    assert f"tandem abort fraud -n {played.namespace} --revision fraud-r2 --kubeconfig" in shown.stdout
    found = json.loads((await tandem("get", "fraud", "-n", played.namespace, "-o", "json")).stdout)
    assert [slot["revision"] for slot in found["slots"]] == ["fraud-r1", "fraud-r2"]
    assert found["lastChange"]["manager"] == "tandem"


async def test_an_order_is_written_and_its_result_told(tandem: Tandem, played: Played) -> None:
    given = asyncio.create_task(tandem("pause", "fraud", "-n", played.namespace, "--id", "INC-1"))
    order = await played.act("fraud-r2", "stays at 10 %; it can still be sent back")
    result = await given
    assert (order["verb"], order["id"]) == ("Pause", "INC-1")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "Pause (id INC-1): fraud-r2 stays at 10 % until Resume; it can still be sent back",
        "Tandem: stays at 10 %; it can still be sent back",
    ]
    written = await played.cluster.get(MODEL_REVISION, played.namespace, "fraud-r2")
    by = {entry["manager"] for entry in written["metadata"]["managedFields"] if not entry.get("subresource")}
    assert "tandem-cli" in by, "who ordered can be told from the operator"


async def test_an_order_that_came_to_nothing_fails(tandem: Tandem, played: Played) -> None:
    given = asyncio.create_task(tandem("abort", "fraud", "-n", played.namespace))
    await played.act("fraud-r2", "nothing done: it is not the candidate")
    result = await given
    assert result.exit_code == NOT_COME_ABOUT
    assert "nothing done: it is not the candidate" in result.stderr


async def test_a_dry_run_and_a_senseless_order_change_nothing(tandem: Tandem, played: Played) -> None:
    dry = await tandem("abort", "fraud", "-n", played.namespace, "--dry-run", "--id", "INC-2")
    assert dry.stdout.startswith("kubectl patch mrev fraud-r2") and '"id":"INC-2"' in dry.stdout
    refused = await tandem("resume", "fraud", "-n", played.namespace)
    assert refused.exit_code == NOT_COME_ABOUT and "neither paused nor frozen" in refused.stderr
    for name in ("fraud-r1", "fraud-r2"):
        body = await played.cluster.get(MODEL_REVISION, played.namespace, name)
        assert "decision" not in body["spec"]


async def test_what_is_not_there_is_said(tandem: Tandem, namespace: str) -> None:
    missing = await tandem("get", "nobody", "-n", namespace)
    assert missing.exit_code == NOT_FOUND and f"ModelDeployment {namespace}/nobody" in missing.stderr
    assert "there is no ModelDeployment here" in (await tandem("get", "-n", namespace)).stdout
    context = await tandem("get", "--context", "elsewhere")
    assert context.exit_code == UNREACHABLE and "there is no context elsewhere; there are:" in context.stderr


@pytest.mark.usefixtures("played")
async def test_a_missing_right_is_named(somebody: Callable[..., Path]) -> None:
    config = somebody("modeldeployments.tandem.dev,modelrevisions.tandem.dev")

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, [*words, "--kubeconfig", str(config)], catch_exceptions=False)
        return done.exit_code, done.output

    code, shown = await asyncio.to_thread(run, "get", "fraud")
    assert code == 0, "what may be read is shown"
    assert "Not seen" in shown and 'cannot list resource "pods"' in shown
    code, said = await asyncio.to_thread(run, "abort", "fraud", "--no-wait")
    assert code == FORBIDDEN
    assert 'cannot patch resource "modelrevisions"' in said and "the ClusterRole edit" in said


@pytest.mark.usefixtures("played")
async def test_models_are_completed(somebody: Callable[..., Path]) -> None:
    config = somebody("modeldeployments.tandem.dev")
    assert await asyncio.to_thread(_names, {"kubeconfig": str(config)}, "fr") == ["fraud"]
    assert await asyncio.to_thread(_names, {"kubeconfig": str(config)}, "spam") == []


async def test_a_watch_says_what_changes_and_ends_when_it_has_come_about(tandem: Tandem, played: Played) -> None:
    watching = asyncio.create_task(
        tandem("watch", "fraud", "-n", played.namespace, "--until", "ready", "--timeout", "60s")
    )
    condition = {"reason": "Serving", "message": "", "lastTransitionTime": "2027-01-01T00:00:00Z"}
    ready = {"type": "Ready", "status": "True", "observedGeneration": 1, **condition}
    stable = {"revision": "fraud-r2", "since": "2027-01-01T00:00:00Z"}
    await played.tell(phase="Serving", stable=stable, conditions=[ready])
    result = await watching
    assert result.exit_code == 0, result.output
    assert "Serving; fraud-r2 serves (0/0 ready)" in result.stdout.splitlines()[-1]


async def test_a_watch_ends_with_what_cannot_come_about_and_in_time(tandem: Tandem, played: Played) -> None:
    late = await tandem("watch", "fraud", "-n", played.namespace, "--until", "ready", "--timeout", "1s")
    assert late.exit_code == TOO_LATE and "was watched for 1s, and is not ready" in late.stderr
    assert "RollingOut; fraud-r1 serves (0/0 ready); fraud-r2 at 10 %" in late.stdout
    missing = await tandem("watch", "nobody", "-n", played.namespace)
    assert missing.exit_code == NOT_FOUND
    watching = asyncio.create_task(tandem("watch", "fraud", "-n", played.namespace))
    made = await played.cluster.get(MODEL_DEPLOYMENT, played.namespace, "fraud")
    await played.cluster.delete(MODEL_DEPLOYMENT, played.namespace, "fraud", made["metadata"]["uid"])
    gone = await watching
    assert gone.exit_code in (NOT_COME_ABOUT, NOT_FOUND)


async def test_the_past_a_record_and_the_fleet(tandem: Tandem, played: Played) -> None:
    history = json.loads((await tandem("history", "fraud", "-n", played.namespace, "-o", "json")).stdout)
    assert [version["revision"] for version in history["versions"]] == ["fraud-r2", "fraud-r1"]
    assert "NO" in (await tandem("history", "fraud", "-n", played.namespace)).stdout
    report = await tandem("report", "fraud-r2", "-n", played.namespace)
    assert report.stdout.startswith(f"# {played.namespace}/fraud-r2\n")
    assert (await tandem("report", "fraud-r7", "-n", played.namespace)).exit_code == NOT_FOUND
    assert (await tandem("report", "fraud", "-n", played.namespace)).exit_code == 2
    fleet = await tandem("inventory", "-o", "csv", "-n", played.namespace)
    rows = list(csv.DictReader(fleet.stdout.splitlines()))
    assert [(row["name"], row["dataScience"], row["phase"]) for row in rows] == [("fraud", "risk-models", "RollingOut")]
    assert "fraud" in (await tandem("inventory")).stdout

"""``tandem accept`` against a real API server: it lets a version promise less, once, and only where one does."""

import asyncio
import shlex
import subprocess
from typing import Any

import pytest

from dev.cluster.control_plane import ControlPlane
from tandem.cli.access import NOT_COME_ABOUT
from tandem.cluster.kinds import MODEL_REVISION
from tests.cluster.cli.conftest import Played, Tandem

pytestmark = pytest.mark.cluster

SLOWER = {"hash": "w281d1c1c9ac", "term": "latency.p99", "difference": "latency.p99 went from 150ms to 1s"}
GONE = {"hash": "wc627d261254", "term": "interface POST /predict", "difference": "POST /predict was removed"}


async def weaken(played: Played, *terms: dict[str, str], **slots: Any) -> None:
    stable = {"revision": "fraud-r1", "since": "2027-01-01T00:00:00Z"}
    await played.tell(
        phase="RollingOut", weakened=list(terms), **({"stable": stable, "candidate": played.candidate()} | slots)
    )


async def decision(played: Played, revision: str) -> Any:
    return (await played.cluster.get(MODEL_REVISION, played.namespace, revision))["spec"].get("decision")


async def test_what_is_accepted_is_told_with_its_differences(tandem: Tandem, played: Played) -> None:
    await weaken(played, SLOWER)
    given = asyncio.create_task(tandem("accept", "fraud", "-n", played.namespace, "--id", "INC-7"))
    order = await played.act("fraud-r2", "is judged by what is declared now")
    result = await given
    assert (order["verb"], order["id"]) == ("Accept", "INC-7")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "Accept (id INC-7): fraud-r2 is judged by what is declared now: latency.p99 went from 150ms to 1s",
        "Tandem: is judged by what is declared now",
    ]


async def test_callers_that_may_break_are_named_before_anything_is_written(tandem: Tandem, played: Played) -> None:
    await weaken(played, SLOWER, GONE)
    result = await tandem("accept", "fraud", "-n", played.namespace, "--no-wait")
    assert result.exit_code == 0
    assert "latency.p99 went from 150ms to 1s; POST /predict was removed" in result.stdout
    assert "but callers may break: agree with them first" in result.stdout
    assert (await decision(played, "fraud-r2"))["verb"] == "Accept"


async def test_a_version_in_its_watch_is_accepted_too(tandem: Tandem, played: Played) -> None:
    since = {"since": "2027-01-01T00:00:00Z"}
    watched = {"stable": {"revision": "fraud-r2", **since}, "candidate": None}
    await weaken(played, SLOWER, fallback={"revision": "fraud-r1", "size": 1}, **watched)
    assert (await tandem("accept", "fraud", "-n", played.namespace, "--no-wait")).exit_code == 0
    assert (await decision(played, "fraud-r2"))["verb"] == "Accept"


async def test_nothing_is_written_where_there_is_nothing_to_accept(tandem: Tandem, played: Played) -> None:
    senseless = await tandem("accept", "fraud", "-n", played.namespace)
    assert senseless.exit_code == NOT_COME_ABOUT
    assert "nothing done: fraud promises no less than before: nothing to accept" in senseless.stderr
    await weaken(played, SLOWER)
    other = await tandem("accept", "fraud", "-n", played.namespace, "--revision", "fraud-r1")
    assert other.exit_code == NOT_COME_ABOUT
    assert "fraud-r1 is not the version that promises less: that is fraud-r2" in other.stderr
    assert [await decision(played, name) for name in ("fraud-r1", "fraud-r2")] == [None, None]


async def test_its_kubectl_twin_is_taken_by_the_api_server(tandem: Tandem, played: Played, plane: ControlPlane) -> None:
    await weaken(played, SLOWER)
    dry = await tandem("accept", "fraud", "-n", played.namespace, "--dry-run", "--id", "INC-8")
    assert await decision(played, "fraud-r2") is None
    program, *words = shlex.split(dry.stdout)
    assert program == "kubectl"
    await asyncio.to_thread(subprocess.run, [str(plane.kubectl), *words], check=True, capture_output=True, timeout=60)
    assert await decision(played, "fraud-r2") == {"verb": "Accept", "id": "INC-8"}

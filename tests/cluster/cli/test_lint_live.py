"""``tandem lint --against cluster``: what a file promises less than what serves, whatever Git says."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from tandem.cli.access import FORBIDDEN
from tandem.cli.main import app
from tests.cluster.cli.conftest import Played, Tandem
from tests.cluster.controller.objects import model_deployment

pytestmark = pytest.mark.cluster

PROMISED = {"availability": "99.9%", "quality": [{"term": "quality.edgeCases", "least": 1.0}]}


def written(tmp_path: Path, namespace: str, image: str, **spec: Any) -> str:
    body = model_deployment(namespace, "fraud", tier="Critical", **spec)
    body["spec"]["model"]["image"] = image
    file = tmp_path / "model.yaml"
    file.write_text(yaml.safe_dump(body))
    return str(file)


async def serves(played: Played, **contract: Any) -> None:
    stable = {"revision": "fraud-r1", "since": "2027-01-01T00:00:00Z"}
    await played.tell(phase="Serving", stable={**stable, "contract": contract}, candidate=None)


def weakened(output: str) -> list[str]:
    return [line for line in output.splitlines() if " TDM034 " in line]


async def test_what_serves_is_what_is_compared_with(tandem: Tandem, played: Played, tmp_path: Path) -> None:
    await serves(played, **PROMISED)
    file = written(tmp_path, played.namespace, "x.example.com/f:9", requirements={"availability": "99%"})
    result = await tandem("lint", file, "--against", "cluster")
    assert result.exit_code == 1
    [line] = weakened(result.stdout)
    assert "availability went from 99.9% to 99%" in line and "quality.edgeCases of at least 1 was removed" in line


async def test_the_image_that_serves_makes_it_a_change_of_its_own(
    tandem: Tandem, played: Played, tmp_path: Path
) -> None:
    await serves(played, **PROMISED)
    file = written(tmp_path, played.namespace, "x.example.com/f:1")
    assert weakened((await tandem("lint", file, "--against", "cluster")).stdout) == []


async def test_a_model_that_is_not_there_has_nothing_to_weaken(tandem: Tandem, namespace: str, tmp_path: Path) -> None:
    result = await tandem("lint", written(tmp_path, namespace, "x.example.com/f:9"), "--against", "cluster")
    assert weakened(result.stdout) == [] and "not compared" not in result.stdout


async def test_without_the_right_to_look_it_says_which(played: Played, somebody: Any, tmp_path: Path) -> None:
    file = written(tmp_path, played.namespace, "x.example.com/f:9")
    words = ["lint", file, "--against", "cluster", "--kubeconfig", str(somebody("pods"))]
    done = await asyncio.to_thread(CliRunner().invoke, app, words, catch_exceptions=False)
    assert done.exit_code == FORBIDDEN
    assert "a right is missing" in done.output


async def test_standard_input_is_refused(tandem: Tandem) -> None:
    done = await tandem("lint", "-", "--against", "cluster")
    assert done.exit_code == 2 and "give a file" in done.output

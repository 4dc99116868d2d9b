"""``tandem check --bento`` on real bentos: each wrong Diabetes is refused for its reason, the good one passes.

They are run from their sources, as `bentoml serve` does too; the models are trained into a store of the test's own.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from bentos.diabetes.quality.write import CASES, FOLDER, ROWS

ROOT = Path(__file__).parents[2]
VERSIONS = ("first", "better", "skewed", "clipped", "renamed", "undefined", "unsteady")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    store = tmp_path_factory.mktemp("store")
    found = {**os.environ, "BENTOML_HOME": str(store), "BENTOML_DO_NOT_TRACK": "True", "OMP_NUM_THREADS": "1"}
    found["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "operator")])
    for version in VERSIONS:
        train = [sys.executable, "-m", "bentos.diabetes.train", version]
        subprocess.run(train, cwd=ROOT, env=found, check=True, capture_output=True, timeout=120)
    return found


def check(environment: dict[str, str], version: str, *more: str) -> tuple[int, dict[str, Any]]:
    rows = [f"--rows=diabetes-cases={CASES}", f"--rows=diabetes-people={ROWS}", "--output=json"]
    bento = f"bentos.diabetes.{version}.service:Diabetes"
    words = ["check", str(FOLDER / "model.yaml"), "--bento", bento, *rows, *more]
    command = [sys.executable, "-c", "from tandem.cli.main import app; app()", *words]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode in (0, 1), done.stderr
    assert not _running(environment["BENTOML_HOME"]), "what was started is gone"
    return done.returncode, json.loads(done.stdout)


def _running(store: str) -> list[int]:
    found = []
    for process in psutil.process_iter():
        try:
            of_ours = process.environ().get("BENTOML_HOME") == store
        except psutil.Error:
            continue
        if of_ours:
            found.append(process.pid)
    return found


def test_the_good_version_passes_beside_the_one_that_serves(environment: dict[str, str]) -> None:
    code, report = check(environment, "better", "--stable-bento", "bentos.diabetes.first.service:Diabetes")
    assert code == 0, report
    assert all(gate["missed"] == 0 for gate in report["gates"])
    assert {gate["name"] for gate in report["gates"]} == {
        "interface", "edgeCases", "slices", "compare", "deterministic"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("version", "gate", "says"),
    [
        ("skewed", "slices", "recall of sex 2 is 0.1613"),
        ("clipped", "edgeCases", "beyond everyone in the data in weight, blood pressure, fat and sugar"),
        ("renamed", "interface", "the whole lacks progression"),
        ("undefined", "edgeCases", "lipids that do not add up: /progression is null, not a number"),
        ("unsteady", "deterministic", "asked again"),  # of whom, is chance: two workers agree about one person in ten
    ],
)
def test_a_wrong_version_is_refused_for_its_reason(
    environment: dict[str, str], tmp_path: Path, version: str, gate: str, says: str
) -> None:
    details = tmp_path / "details"
    code, report = check(environment, version, "--copies", "1", "--details", str(details))
    assert code == 1, report
    [found] = [each for each in report["gates"] if each["name"] == gate]
    assert says in json.dumps(found["findings"])
    kept = [json.loads(line) for line in details.read_text(encoding="utf-8").splitlines()]
    behind = [each for each in kept if each["gate"] == gate]
    assert behind, "what was asked and answered is there for each kind of wrong"
    assert all({"request", "expected", "got"} <= each.keys() for each in behind)
    if version == "skewed":
        assert {each["request"]["sex"] for each in behind} == {2}


def test_copies_of_one_worker_each_tell_of_an_answer_that_depends_on_the_process(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """A version of one worker answers the same as long as one process is asked: two are, as two pods would be."""
    settings = tmp_path / "bentoml.yaml"
    settings.write_text("services: {Diabetes: {workers: 1}}\n")
    alone = {**environment, "BENTOML_CONFIG": str(settings)}
    # Which of its models answers whom is drawn once for the process; this draw misses nothing else.
    assert check({**alone, "PYTHONHASHSEED": "1"}, "unsteady", "--copies", "1")[0] == 0
    assert check(alone, "unsteady", "--copies", "2")[0] == 1

"""``tandem check --bento``: a bento that is started for it, whatever that does, is gone afterwards."""

import json
import signal
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tandem.cli.check_rows import built_folder
from tandem.cli.main import app
from tests.unit.profiling.conftest import fake
from tests.unit.profiling.fakes import Fake, interrupted

__all__ = ["fake"]

MODEL = """\
apiVersion: tandem.dev/v1alpha1
kind: ModelDeployment
metadata: {name: fraud}
spec:
  owners: {dataScience: {team: risk, contact: risk@example.com}}
  model: {image: "registry.example.com/fraud:1"}
  quality:
    path: /predict
    edgeCases: {rows: [{path: /home/bentoml/bento/src/cases.jsonl}]}
    limits: {rate: 5000, timeout: 300ms}
"""
CASE = {
    "name": "secret-free",
    "request": {"amount": "secret row"},
    "expect": {"at": "/label", "equals": 1},
    "must": True,
}


def words(folder: Path, fake: Fake, behaviour: str, *more: str) -> list[str]:
    (folder / "model.yaml").write_text(MODEL, encoding="utf-8")
    cases = folder / "cases.jsonl"
    cases.write_text(json.dumps(CASE) + "\n", encoding="utf-8")
    rows = f"/home/bentoml/bento/src/cases.jsonl={cases}"
    given = ["check", str(folder / "model.yaml"), "--bento", f"{behaviour}:1", "--bentoml", fake.program]
    return [*given, "--rows", rows, *more]


def check(folder: Path, fake: Fake, behaviour: str, *more: str) -> Result:
    return CliRunner().invoke(app, words(folder, fake, behaviour, *more))


def test_a_bento_is_started_in_copies_asked_and_gone(tmp_path: Path, fake: Fake) -> None:
    result = check(tmp_path, fake, "good", "--stable-bento", "good:0")
    assert result.exit_code == 0, result.output
    assert "good:1 passed" in result.stdout
    assert len(fake.pids.read_text().split()) == 2 * 3, "two copies and stable, each with a worker"
    assert fake.left_running() == []


@pytest.mark.parametrize(
    ("behaviour", "code", "says"),
    [
        ("hangs", 1, "there was no complete answer within 0.3 s"),
        ("page", 1, "it is HTML or XML, not JSON"),
        ("huge", 1, "larger than 4 MiB"),
        ("refuses", 1, "it was answered with 400, not 200"),
        ("dies", 2, "no verdict: the bento ended while it was asked"),
        ("ends", 2, "KeyError: 'digits'"),
        ("never-ready", 2, "was not ready within 1 s"),
    ],
)
def test_one_that_is_not_well_is_told_of_and_gone(
    tmp_path: Path, fake: Fake, behaviour: str, code: int, says: str
) -> None:
    startup = "1s" if behaviour == "never-ready" else "20s"
    result = check(tmp_path, fake, behaviour, "--copies", "1", "--startup", startup)
    assert result.exit_code == code, result.output
    assert says in result.output
    assert "secret row" not in result.output
    assert fake.left_running() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_leaves_nothing_running(tmp_path: Path, fake: Fake, number: signal.Signals) -> None:
    given = words(tmp_path, fake, "slow")
    (tmp_path / "model.yaml").write_text(MODEL.replace("rate: 5000", "rate: 0.1"), encoding="utf-8")
    (tmp_path / "cases.jsonl").write_text(
        "".join(json.dumps({**CASE, "name": f"case {index}"}) + "\n" for index in range(50)), encoding="utf-8"
    )
    await interrupted(fake, given, 4, number, tmp_path)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "say who is asked"),
        (["--bento", "fraud:1", "--url", "http://localhost:3000"], "not both"),
        (["--url", "localhost:3000"], "is no address"),
        (["--bento", "fraud:1", "--bentoml", "/nowhere/bentoml"], "cannot run /nowhere/bentoml"),
        (["--bento", "fraud:1", "--startup", "soon"], "--startup"),
    ],
)
def test_wrong_usage_is_named(tmp_path: Path, fake: Fake, options: list[str], says: str) -> None:
    given = words(tmp_path, fake, "good")
    result = CliRunner().invoke(app, [*given[:2], *given[6:], *options])
    assert result.exit_code == 2
    assert says in result.output


@pytest.mark.parametrize("tag", ["fraud:2.1.0", "fraud:latest", "fraud"])
def test_a_bento_brings_its_own_cases(tmp_path: Path, fake: Fake, monkeypatch: pytest.MonkeyPatch, tag: str) -> None:
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "home"))
    folder = tmp_path / "home" / "bentos" / "fraud" / "2.1.0"
    (folder / "src").mkdir(parents=True)
    (folder / "bento.yaml").write_text("name: fraud\nversion: 2.1.0\n")
    (folder.parent / "latest").write_text("2.1.0")
    assert built_folder(tag) == built_folder(str(folder)) == folder
    (folder / "src" / "cases.jsonl").write_text(json.dumps({**CASE, "expect": {"at": "/label", "equals": 2}}) + "\n")
    given = words(tmp_path, fake, "good")
    result = CliRunner().invoke(app, [*given[:2], "--bento", str(folder), "--bentoml", fake.program, "--copies", "1"])
    assert result.exit_code == 1, result.output
    assert "/label is below what is expected" in result.stdout


@pytest.mark.parametrize("bento", [None, "nobody:1", "nobody:latest", "service:svc"])
def test_what_is_no_built_bento_has_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bento: str | None
) -> None:
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path))
    assert built_folder(bento) is None

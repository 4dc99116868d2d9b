"""``tandem init --design`` as people call it."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from tandem.cli.files import read_deployment
from tandem.cli.main import app

FIELDS = ("--request", "amount: number", "--response", "score: number 0..1")
OWNER = ("--name", "fraud", "--owner", "risk=risk@example.com")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["init", *arguments])


def written(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_it_writes_a_model_and_a_stub_and_says_what_is_next(folder: Path) -> None:
    result = run("--design", *OWNER, *FIELDS, "--latency", "p99=150ms")
    assert result.exit_code == 0, result.output
    stub = {f"fraud/stub/{name}" for name in ("service.py", "answers.py", "contract.json", "bentofile.yaml")}
    assert written(folder) == {"fraud/model.yaml", *stub}
    spec = read_deployment("fraud/model.yaml").spec
    assert spec.model.image == "fraud:stub" and spec.model.service == "Fraud"
    assert "(cd fraud/stub && bentoml build --version stub)" in result.stdout


def test_two_files_come_with_owners_and_kustomize(folder: Path) -> None:
    result = run("--design", *OWNER, *FIELDS, "--two-files", "--out", "deploy")
    assert result.exit_code == 0, result.output
    manifests = {"deploy/data-science.yaml", "deploy/engineering.yaml", "deploy/kustomization.yaml"}
    assert {name for name in written(folder) if "stub" not in name} == manifests
    assert "/deploy/data-science.yaml  @risk" in result.stdout
    assert "kubectl apply -k deploy" in result.stdout


def test_an_openapi_document_is_the_interface(folder: Path) -> None:
    schema: Any = {"paths": {"/a": {"post": {"responses": {"200": {"content": {"application/json": {"schema": {"type": "boolean"}}}}}}}, "/b": {"get": {}}}}  # fmt: skip # noqa: E501
    (folder / "api.json").write_text(json.dumps(schema))
    result = run("--design", *OWNER, "--schema", "api.json")
    assert result.exit_code == 0, result.output
    [route] = read_deployment("fraud/model.yaml").spec.model.interface or []
    assert (route.path, route.response) == ("/a", {"type": "boolean"})
    assert "Left out: GET /b" in result.stderr


def test_what_exists_is_not_overwritten_and_nothing_else_is_written(folder: Path) -> None:
    (folder / "fraud").mkdir()
    (folder / "fraud" / "model.yaml").write_text("mine")
    result = run("--design", *OWNER, *FIELDS)
    assert result.exit_code == 2
    assert "fraud/model.yaml exists already" in result.stderr and "--force" in result.stderr
    assert written(folder) == {"fraud/model.yaml"}
    assert run("--design", *OWNER, *FIELDS, "--force").exit_code == 0
    assert run("--design", *OWNER, *FIELDS).exit_code == 0, "the same again is no conflict"
    assert "mine" not in (folder / "fraud" / "model.yaml").read_text()


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
SLOW = "response: {type: string, pattern: '^(a+)+$', examples: ['" + "a" * 60 + "!']}"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (BOMB + "response: *i", "more than 20000 parts"),
        ("response: &r {properties: {a: *r}}", "nested more than 64"),
        ("[" * 5000, "cannot be read"),
        ("response: {x", "s.yaml:1: this is not YAML"),
        ("response: " + "x" * 2_000_000, "has at most 1024 KiB"),
        ("\xff\xfe", "UTF-8"),
        ("request: {}", "says nothing of the answer"),
        ("response: {$ref: '#/response'}", "describes nothing"),
        (SLOW, "took longer than"),
    ],
    ids=["aliases", "circle", "deep", "broken", "large", "bytes", "one-sided", "loop", "pattern"],
)
def test_hostile_schemas_are_refused_in_bounded_time(
    folder: Path, content: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if content == SLOW:
        monkeypatch.setattr("tandem.cli.schema_files.SECONDS", 2.0)
    (folder / "s.yaml").write_bytes(content.encode("latin-1"))
    result = run("--design", *OWNER, "--schema", "s.yaml")
    assert result.exit_code == 2, result.output
    assert said in result.stderr and "Traceback" not in result.output
    assert written(folder) == {"s.yaml"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "say what to begin with"),
        (("--design", *OWNER), "--schema FILE, or --request and --response"),
        (("--design", "--name", "fraud", *FIELDS), "--owner is missing"),
        (("--design", "--owner", "a=b", *FIELDS), "--name is missing"),
        (("--design", *OWNER, *FIELDS, "--name", "Fraud"), "no name for a ModelDeployment"),
        (("--design", *OWNER, *FIELDS, "--owner", "risk"), "give the team and its contact"),
        (("--design", *OWNER, *FIELDS, "--latency", "150"), "as in p99=150ms"),
        (("--design", *OWNER, *FIELDS, "--service", "a b"), "no name for the service's class"),
        (("--design", *OWNER, *FIELDS, "--host", "a"), "name it too, with --gateway"),
        (("--design", *OWNER, *FIELDS, "--image", "a b"), "model.image"),
        (("--design", *OWNER, "--request", "x", "--response", "y"), "is no field"),
    ],
)
def test_wrong_usage_is_told_with_what_to_do(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())
    assert written(folder) == set()


def test_answers_come_from_a_terminal_where_there_is_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tandem.cli.init_known.on_terminal", lambda: True)
    answers = "fraud\namount: number\nscore: number\nrisk=risk@example.com\n"
    result = CliRunner().invoke(app, ["init", "--design"], input=answers)
    assert result.exit_code == 0, result.output
    assert yaml.safe_load((folder / "fraud/model.yaml").read_text())["spec"]["owners"] == {
        "dataScience": {"team": "risk", "contact": "risk@example.com"}
    }

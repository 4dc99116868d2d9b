"""``tandem init BENTO --rows FILE``: with a stand-in for `bentoml serve` that behaves, and with some that do not."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from tandem.api.profile import Profile
from tandem.cli import init_bento
from tandem.cli.files import read_deployment
from tandem.cli.main import app
from tandem.cli.profile_subject import Bounds
from tandem.quality.rows import read_cases
from tests.unit.profiling.fakes import Fake

OWNER = ("--owner", "risk=risk@example.com")
ROWS = '{"amount": 1}\n{"amount": 2}\n'


@pytest.fixture(autouse=True)
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """A folder to work in, with rows; `bentoml` on PATH is the stand-in, and all is quick."""
    made = Fake(tmp_path)
    monkeypatch.setenv("FAKE_PIDS", str(made.pids))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(init_bento, "BOUNDS", Bounds(startup=60.0, load=2.0, answer=15.0, callers=2))
    work = tmp_path / "work"
    work.mkdir()
    (work / "rows.jsonl").write_text(ROWS)
    monkeypatch.chdir(work)
    return made


def run(bento: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["init", bento, "--rows", "rows.jsonl", *OWNER, *arguments])


def test_one_run_writes_the_model_its_profile_and_draft_cases(fake: Fake) -> None:
    result = run("good:1", "--latency", "p99=2s")
    assert result.exit_code == 0, result.output
    spec = read_deployment("good/model.yaml").spec
    assert (spec.model.image, spec.model.service, spec.profile) == ("good:1", "Fake", "good-profile")
    [route] = spec.model.interface or []
    assert (route.path, route.request) == ("/predict", {"type": "object"})
    profile = Profile.model_validate(yaml.safe_load(_data("good/profile.yaml")["profile.yaml"]))
    assert profile.bento == "good:1" and profile.load
    cases = list(read_cases(_data("good/edge-cases.yaml")["cases.jsonl"].encode().splitlines(), "cases"))
    assert [(case.request, case.must) for case in cases] == [({"amount": 1}, False), ({"amount": 2}, False)]
    assert fake.left_running() == []


def test_draft_cases_do_not_bind_before_a_person_confirms_them() -> None:
    assert run("good:1").exit_code == 0
    text = Path("good/model.yaml").read_text()
    assert "quality" not in yaml.safe_load(text)["spec"]
    assert "good-edge-cases" in text, "they are suggested"


def test_rows_that_are_too_large_for_a_config_map_are_told_of() -> None:
    large = json.dumps({"image": "A" * 300_000})
    Path("rows.jsonl").write_text(f"{ROWS}{large}\n")
    result = run("good:1")
    assert result.exit_code == 0, result.output
    assert "1 of 3 recorded rows is not in edge-cases.yaml" in result.stderr
    assert _data("good/edge-cases.yaml")["cases.jsonl"].count("\n") == 2


def test_without_a_row_that_fits_there_are_no_edge_cases() -> None:
    Path("rows.jsonl").write_text(json.dumps({"image": "A" * 300_000}))
    result = run("good:1", "--two-files", "--image", "registry.example.com/good:1")
    assert result.exit_code == 0, result.output
    assert "There is no edge-cases.yaml" in result.stderr and "Confirm edge-cases" not in result.stdout
    assert not Path("good/edge-cases.yaml").exists()
    assert not any("edge-cases" in path.read_text() for path in Path("good").iterdir())


def test_two_files_are_put_together_with_profile_and_cases() -> None:
    result = run("good:1", "--two-files", "--image", "registry.example.com/good:1")
    assert result.exit_code == 0, result.output
    kustomization = yaml.safe_load(Path("good/kustomization.yaml").read_text())
    assert kustomization["resources"] == ["data-science.yaml", "profile.yaml", "edge-cases.yaml"]


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        ("hangs", "was not answered in time"),
        ("huge", "has more than 64 KiB"),
        ("page", "the answer is no JSON"),
        ("garbage", "was not answered"),
        ("refuses", "was answered with 400"),
        ("dies", "was not answered"),
        ("ends", "ended before it was ready"),
        ("never-ready", "was not ready within"),
        ("huge-schema", "has more than 2048 KiB"),
        ("deep-schema", "the answer is no JSON"),
    ],
)
def test_a_bento_that_misbehaves_is_told_of_and_nothing_is_left(
    fake: Fake, behaviour: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if behaviour in ("hangs", "never-ready"):
        quick = Bounds(startup=3.0, load=2.0, answer=2.0, callers=2)
        monkeypatch.setattr(init_bento, "BOUNDS", quick)
    result = run(f"{behaviour}:1")
    assert result.exit_code == 1, result.output
    assert said in result.stderr and "secret row" not in result.output and "amount" not in result.output
    assert fake.left_running() == []
    assert [path.name for path in Path().iterdir()] == ["rows.jsonl"]


def test_a_rows_file_that_is_too_large_is_refused_before_anything_runs(fake: Fake) -> None:
    with Path("rows.jsonl").open("wb") as file:
        file.truncate(50_000_000)
    result = run("good:1")
    assert result.exit_code == 2 and "50 MB" in result.stderr
    assert not fake.pids.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--route", "/other"), "it has no route /other"),
        (("--name", "Good"), "no name for a ModelDeployment"),
        (("--design",), "only one"),
    ],
)
def test_wrong_usage_is_told(arguments: tuple[str, ...], said: str) -> None:
    result = run("good:1", *arguments)
    assert result.exit_code in (1, 2) and said in result.stderr


def _data(file: str) -> dict[str, str]:
    data = yaml.safe_load(Path(file).read_text())["data"]
    assert json.dumps(data)
    return dict(data)

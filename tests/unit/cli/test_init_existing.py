"""``tandem init --from deployment/NAME`` as people call it; the cluster's answer is given."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from tandem.cli import init_existing
from tandem.cli.access import Access
from tandem.cli.files import read_deployment
from tandem.cli.main import app
from tandem.cluster.existing import Neighbourhood

OWNER = ("--owner", "risk=risk@example.com")
CONTAINER: dict[str, Any] = {"name": "web", "image": "fraud:1", "ports": [{"containerPort": 3000}]}
DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "fraud", "namespace": "payments"},
    "spec": {"template": {"metadata": {"labels": {"app": "fraud"}}, "spec": {"containers": [CONTAINER]}}},
}


@pytest.fixture(autouse=True)
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def read(access: Access, name: str) -> Neighbourhood:
        del access, name
        return Neighbourhood(DEPLOYMENT, [], [], [], [], {})

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(init_existing, "_read", read)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["init", "--from", "deployment/fraud", *OWNER, *arguments])


def plan(folder: str) -> list[str]:
    return [line.strip() for line in (Path(folder) / "takeover" / "PLAN.md").read_text().splitlines()]


def test_what_is_given_beside_is_written_too() -> None:
    result = run("--purpose", "Score payments", "--latency", "p99=150ms", "--service", "FraudService")
    assert result.exit_code == 0, result.output
    spec = read_deployment("fraud/model.yaml").spec
    assert (spec.purpose, spec.model.image, spec.model.service) == ("Score payments", "fraud:1", "FraudService")
    assert spec.requirements is not None and spec.requirements.latency is not None
    assert spec.requirements.latency.p99 == "150ms"


def test_the_plan_applies_the_one_file() -> None:
    assert run("--out", "deploy").exit_code == 0
    assert {"kubectl apply -f deploy/model.yaml", "kubectl delete -f deploy/model.yaml"} <= {*plan("deploy")}


def test_the_plan_applies_two_files_by_kustomize() -> None:
    result = run("--out", "deploy", "--two-files")
    assert result.exit_code == 0, result.output
    assert {"kubectl apply -k deploy", "kubectl delete -k deploy"} <= {*plan("deploy")}
    assert "model.yaml" not in "\n".join(plan("deploy"))
    assert yaml.safe_load(Path("deploy/kustomization.yaml").read_text())["resources"] == ["data-science.yaml"]
    assert "/deploy/data-science.yaml  @risk" in result.stdout


@pytest.mark.parametrize(
    "option",
    ["--gateway", "--host", "--path", "--image", "--rows", "--route", "--schema", "--request", "--response"],
)
def test_an_option_that_does_not_apply_is_refused_and_nothing_is_written(option: str) -> None:
    result = run(option, "x")
    assert result.exit_code == 2
    assert option in result.stderr and "--from" in result.stderr
    assert not Path("fraud").exists()

"""`tandem rules`: objects for Kubernetes, files for Prometheus and Alertmanager, and what is wrong with a file."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from tandem.cli.main import app

FRAUD = """\
apiVersion: tandem.dev/v1alpha1
kind: ModelDeployment
metadata: {name: fraud, namespace: payments}
spec:
  owners: {engineering: {team: payments-platform, contact: pager 4711}}
  model: {image: "fraud:2"}
  requirements: {availability: 99.9%}
"""
RANKING = FRAUD.replace("fraud", "ranking").replace(", namespace: payments", "")
OTHER = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: limits}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "model.yaml"


def rules(file: Path, text: str, *words: str) -> Result:
    file.write_text(text)
    return CliRunner().invoke(app, ["rules", str(file), *words])


def written(done: Result) -> list[Any]:
    assert done.exit_code == 0, done.output
    assert "&id" not in done.stdout, "people read it: no aliases"
    return list(yaml.safe_load_all(done.stdout))


def test_an_object_for_each_model(file: Path) -> None:
    words = ("--namespace", "search", "--label", "release=kube-prometheus-stack")
    first, second = written(rules(file, f"{FRAUD}---\n{OTHER}---\n{RANKING}", *words))
    assert (first["apiVersion"], first["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
    labels = {"release": "kube-prometheus-stack"}
    assert first["metadata"] == {"name": "tandem-fraud", "namespace": "payments", "labels": labels}
    assert second["metadata"] == {"name": "tandem-ranking", "namespace": "search", "labels": labels}
    assert {rule["labels"]["model"] for group in second["spec"]["groups"] for rule in group["rules"]} == {"ranking"}


def test_one_plain_file_for_all(file: Path) -> None:
    (found,) = written(rules(file, f"{FRAUD}---\n{RANKING}", "--plain", "-n", "search"))
    names = [group["name"] for group in found["groups"]]
    assert len(names) == len(set(names)) == 8
    assert found.keys() == {"groups"}


def test_routes_for_alertmanager(file: Path) -> None:
    done = rules(file, FRAUD, "--routing")
    (found,) = written(done)
    assert [route["receiver"] for route in found["route"]["routes"]] == [
        "tandem-shown-only",
        *["payments-platform"] * 2,
    ]
    assert "# Receiver payments-platform: how Alertmanager reaches pager 4711 only you know" in done.stdout


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        pytest.param(OTHER, (), "no ModelDeployment of tandem.dev/v1alpha1", id="none"),
        pytest.param(RANKING, (), "ranking names no namespace: give --namespace", id="no-namespace"),
        pytest.param(FRAUD.replace("99.9%", "much"), (), "requirements.availability", id="not-in-order"),
        pytest.param("a: [", (), "this is not YAML", id="no-yaml"),
        pytest.param(FRAUD, ("--label", "release"), "a label is written KEY=VALUE", id="label"),
        pytest.param(FRAUD, ("--plain", "--routing"), "ask for one at a time", id="both"),
    ],
)
def test_what_is_wrong_is_said(file: Path, text: str, words: tuple[str, ...], said: str) -> None:
    done = rules(file, text, *words)
    assert done.exit_code == 2
    assert said in done.output
    assert "Traceback" not in done.output

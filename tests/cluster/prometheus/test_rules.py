"""The rules of `tandem rules` in Prometheus' own hands: they are valid, and fire when they should and only then."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from dev.prometheus import find_prometheus
from tandem.cli.main import app

MODEL = {
    "apiVersion": "tandem.dev/v1alpha1",
    "kind": "ModelDeployment",
    "metadata": {"name": "fraud", "namespace": "payments"},
    "spec": {
        "tier": "Standard",
        "owners": {
            "dataScience": {"team": "risk {{models}}", "contact": "risk-models@example.com"},
            "engineering": {"team": "payments-platform", "contact": "#payments-oncall"},
        },
        "runbook": "https://wiki.example.com/fraud",
        "model": {"image": "fraud:2", "service": "Fraud"},
        "requirements": {"availability": "99.9%", "latency": {"p99": "150ms", "p50": "1s"}},
    },
}
REQUESTS, BUCKETS = "bentoml_service_request_total", "bentoml_service_request_duration_seconds_bucket"
Series = list[tuple[str, str]]
Expected = dict[tuple[str, str, str], int]


@pytest.fixture(scope="module")
def promtool() -> Path:
    found = find_prometheus().with_name("promtool")
    if not found.exists():
        pytest.skip("this Prometheus came without its promtool")
    return found


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rules")
    (folder / "model.yaml").write_text(yaml.safe_dump(MODEL))
    done = CliRunner().invoke(app, ["rules", str(folder / "model.yaml"), "--plain"])
    assert done.exit_code == 0, done.output
    (folder / "rules.yaml").write_text(done.stdout)
    return folder / "rules.yaml"


def run(*words: str | Path) -> str:
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def labelled(name: str, **labels: str) -> str:
    told = ",".join(f'{label}="{value}"' for label, value in labels.items())
    return f"{name}{{{told}}}"


def requests(
    code: str, values: str, endpoint: str = "/predict", pod: str = "fraud-r7-5d9-abcde", **more: str
) -> Series:
    told = {"namespace": "payments", "pod": pod, "endpoint": endpoint, "http_response_code": code, **more}
    return [(labelled(REQUESTS, **told), values)]


def buckets(edges: dict[str, str], pod: str = "fraud-r7-5d9-abcde") -> Series:
    told = {"namespace": "payments", "pod": pod, "endpoint": "/predict", "http_response_code": "200"}
    return [(labelled(BUCKETS, **told, le=edge), values) for edge, values in edges.items()]


def condition(type_: str, status: str, reason: str, model: str = "fraud") -> Series:
    told = {"model_namespace": "payments", "model": model, "type": type_, "status": status, "reason": reason}
    return [(labelled("tandem_model_condition", **told), "1x400")]


WELL = condition("Available", "True", "StableServes")
FINE = requests("200", "0+100x400")
FAILING: Expected = {("ModelFailing", "engineering", "critical"): 2, ("ModelFailing", "engineering", "warning"): 2}
SLOW: Expected = {("ModelSlow", "engineering", "critical"): 2, ("ModelSlow", "engineering", "warning"): 2}
FAST = {"0.15": "0+100x400", "1.0": "0+100x400", "+Inf": "0+100x400"}
LATE = {"0.15": "0+80x400", "1.0": "0+100x400", "+Inf": "0+100x400"}
NO_EDGE = {"0.25": "0+100x400", "1.0": "0+100x400", "+Inf": "0+100x400"}


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        pytest.param(FINE + buckets(FAST), {}, id="all-is-well"),
        pytest.param(FINE + requests("500", "0+5x400"), FAILING, id="five-in-a-hundred-fail"),
        pytest.param(
            FINE + requests("500", "0+5x30 150+0x370"),
            {("ModelFailing", "engineering", "warning"): 1},
            id="half-an-hour-that-is-over-by-four-hours",
        ),
        pytest.param(FINE + requests("404", "0+50x400") + requests("429", "0+50x400"), {}, id="not-the-models"),
        pytest.param(FINE + requests("500", "0+50x400", "/livez"), {}, id="not-the-models-path"),
        pytest.param(
            requests("200", "0+100x400", "http", exported_endpoint="/predict")
            + requests("500", "0+50x400", "http", exported_endpoint="/livez"),
            {},
            id="not-its-path-as-the-prometheus-operator-labels-it",
        ),
        pytest.param(
            requests("200", "0+100x400", "http", exported_endpoint="/predict")
            + requests("500", "0+5x400", "http", exported_endpoint="/predict"),
            FAILING,
            id="failing-as-the-prometheus-operator-labels-it",
        ),
        pytest.param(requests("200", "0+1x400") + requests("500", "0x200 1x200"), {}, id="one-error-at-little-traffic"),
        pytest.param(FINE + requests("500", "0+50x400", pod="fraud-detector-r1-5d9-x"), {}, id="another-models-pods"),
        pytest.param(FINE + buckets(LATE), SLOW, id="a-fifth-is-too-slow"),
        pytest.param(
            FINE + buckets(FAST, "fraud-r8-7c4-x") + buckets(NO_EDGE), {}, id="a-version-whose-histogram-lacks-the-edge"
        ),
        pytest.param(
            condition("Stalled", "True", "TooManyErrors"),
            {("ModelStalled", "dataScience", "warning"): 1},
            id="stalled-by-the-model",
        ),
        pytest.param(
            condition("Stalled", "True", "Unschedulable"),
            {("ModelStalled", "engineering", "warning"): 1},
            id="stalled-by-what-surrounds-it",
        ),
        pytest.param(condition("Stalled", "True", "TooManyErrors", "ranking"), {}, id="another-model"),
        pytest.param(
            condition("Available", "False", "NoReadyPods"),
            {("ModelUnavailable", "engineering", "critical"): 1},
            id="nothing-serves",
        ),
        pytest.param(
            condition("ObjectiveMissed", "True", "AvailabilityMissed"),
            {("ModelObjectiveMissed", "engineering", "warning"): 1},
            id="objective-missed",
        ),
        pytest.param(condition("ObjectiveMissed", "Unknown", "EdgeMissing"), {}, id="nobody-knows"),
        pytest.param(
            condition("Stale", "True", "ModelTooOld") + condition("ReviewDue", "True", "ReviewOverdue"),
            {
                ("ModelStale", "dataScience", "info"): 1,
                ("ModelReviewDue", "dataScience", "info"): 1,
                ("ModelReviewDue", "engineering", "info"): 1,
            },
            id="grown-old",
        ),
    ],
)
def test_what_fires(promtool: Path, rules: Path, tmp_path: Path, series: Series, expected: Expected) -> None:
    check(promtool, rules, tmp_path, WELL + series, expected)


def test_silence_is_told(promtool: Path, rules: Path, tmp_path: Path) -> None:
    check(promtool, rules, tmp_path, FINE, {("ModelNotWatched", "engineering", "warning"): 1})


def check(promtool: Path, rules: Path, folder: Path, series: Series, expected: Expected) -> None:
    """Have promtool evaluate the rules over four hours and compare what fires then."""
    samples = [
        {"labels": labelled("", alertname=name, side=side, severity=severity), "value": number}
        for (name, side, severity), number in expected.items()
    ]
    fires = {
        "expr": 'count by (alertname, side, severity) (ALERTS{alertstate="firing"})',
        "eval_time": "4h",
        "exp_samples": samples,
    }
    case: dict[str, Any] = {
        "rule_files": [str(rules)],
        "evaluation_interval": "5m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in series],
                "promql_expr_test": [fires],
            }
        ],
    }
    (folder / "case.yaml").write_text(yaml.safe_dump(case))
    run(promtool, "test", "rules", folder / "case.yaml")


def test_they_are_valid(promtool: Path, rules: Path) -> None:
    assert "SUCCESS" in run(promtool, "check", "rules", rules)

"""``tandem simulate`` as people call it."""

import json
import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from tandem.cli import plots
from tandem.cli.main import app

QUICK = ("--runs", "20", "--limit", "10m", "--history", "1m")
MODEL = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: other}
---
apiVersion: tandem.dev/v1alpha1
kind: ModelDeployment
metadata: {name: fraud}
spec:
  owners: {dataScience: {team: risk, contact: risk@example.com}}
  model: {image: "registry.example.com/fraud:1", service: FraudService}
  requirements:
    latency: {p95: 150ms}
    availability: 99.9%
  rollout:
    steps:
    - weight: 20
      hold: 5s
    evidence: {budget: 2%, falseRollback: 2%}
    watch: 20s
  traffic: {gateway: {parentRefs: [{name: public}]}}
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["simulate", *arguments])


def model(folder: Path, text: str = MODEL) -> str:
    file = folder / "model.yaml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def document(*arguments: str) -> Any:
    result = run(*arguments, *QUICK, "--output", "json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_table_says_what_becomes_of_each_version() -> None:
    result = run("--rate", "100", *QUICK)
    assert result.exit_code == 0, result.output
    assert re.search(r"fails 100 % +0 % +- +100 % +\d(\.\d)? \(\d(\.\d)?\) s +\d+ \(\d+\)", result.stdout)
    assert "Sent back by mistake: 0 of 20 good versions; declared is at most 1 %" in result.stdout


def test_thin_traffic_comes_with_what_to_change_and_the_best_first() -> None:
    result = run("--rate", "5", *QUICK)
    assert "The traffic is too thin: 0 % of good versions are promoted within 10 min" in result.stdout
    assert result.stdout.count("- Or: ") == 7 and "- Best change: " in result.stdout


def test_where_no_change_helps_it_says_so() -> None:
    result = run("--rate", "0", *QUICK)
    assert "None of these changes helps" in result.stdout and "Best change" not in result.stdout


def test_json_has_the_documented_keys(tmp_path: Path) -> None:
    found = document("-f", model(tmp_path), "--day", "100", "--night", "0")
    assert {"format", "runs", "seed", "rollout", "requirements", "traffic"} == found.keys()
    assert found["rollout"]["steps"] == [{"weight": 20, "hold": "5s"}]
    assert found["requirements"] == {"latency": {"p95": "150ms"}, "availability": "99.9%"}
    day, night = found["traffic"]
    assert (day["name"], day["requestsPerSecond"], day["limitMinutes"]) == ("day", 100, 10)
    assert day["baseErrors"] == 0.005 and day["baseSlow"] == {"latency-p95-150ms": 0.025}
    assert day["falseRollback"]["declared"] == 0.02
    assert (day["tooThin"], day["changes"], night["tooThin"]) == (False, [], True)
    good, *_, dead, late = day["outcomes"]
    assert good["good"] and good["promoted"] == 1.0 and 0 < good["promotedMinutes"]["median"] < 10
    assert (dead["version"], dead["badShare"], dead["sentBack"]) == ("fails 100 %", 1.0, 1.0)
    assert 0 < dead["sentBackMinutes"]["median"] <= dead["sentBackMinutes"]["p90"] < 1
    assert 0 < dead["badResponses"]["median"] <= dead["badResponses"]["p90"]
    assert late["version"] == "late for 25 %"
    assert night["outcomes"][0]["promotedMinutes"] == {"median": None, "p90": None}
    assert {"change", "enough", "good", "bad"} == night["changes"][0].keys()
    assert math.isfinite(found["traffic"][0]["outcomes"][0]["sentBack"])


def test_yaml_says_the_same_as_json() -> None:
    result = run("--rate", "100", *QUICK, "-o", "yaml")
    assert yaml.safe_load(result.stdout) == document("--rate", "100")


def test_options_win_over_the_file(tmp_path: Path) -> None:
    options = ("--steps", "5:1s,30", "--budget", "5%", "--latency", "p99=1s", "--pace", "Time", "--watch", "5s")
    more = ("--max-duration", "5m", "--when-undecided", "Promote", "--availability", "99%")
    found = document("-f", model(tmp_path), "--rate", "50", *options, *more)
    rollout = found["rollout"]
    assert rollout["steps"] == [{"weight": 5, "hold": "1s"}, {"weight": 30, "hold": "30s"}]
    assert (rollout["pace"], rollout["watch"]) == ("Time", "5s")
    assert rollout["evidence"] == {
        "falseRollback": "2%",
        "budget": "5%",
        "maxDuration": "5m",
        "whenUndecided": "Promote",
    }
    assert found["requirements"] == {"latency": {"p99": "1s"}, "availability": "99%"}


def test_a_file_may_come_on_standard_input() -> None:
    result = CliRunner().invoke(app, ["simulate", "-f", "-", "--rate", "100", *QUICK], input=MODEL)
    assert result.exit_code == 0, result.output


def test_without_a_gateway_the_watch_window_is_all_there_is(tmp_path: Path) -> None:
    text = MODEL.replace("  traffic: {gateway: {parentRefs: [{name: public}]}}\n", "  rollback: {automatic: false}\n")
    result = run("-f", model(tmp_path, text), "--rate", "50", *QUICK)
    assert "Without spec.traffic.gateway there are no steps" in result.stdout
    assert "rollback.automatic is false" in result.stdout


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_plot_is_drawn(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"rollout.{ending}"
    assert run("--day", "100", "--night", "0", *QUICK, "--plot", str(file)).exit_code == 0
    begin = file.read_bytes()[:1000]
    assert begin.startswith(b"\x89PNG") if ending == "png" else b"<svg" in begin


def test_a_plot_that_cannot_be_drawn_is_refused_before_anything_is_simulated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in ("rollout.pdf", str(tmp_path / "missing" / "rollout.png")):
        result = run("--rate", "1", "--plot", file)
        assert result.exit_code == 2 and "--plot" in result.output
    monkeypatch.setattr(plots, "find_spec", lambda _: None)
    result = run("--rate", "1", "--plot", str(tmp_path / "rollout.png"))
    assert result.exit_code == 2 and "pip install 'tandem-operator[plot]'" in result.output


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("weight: 20", "weight: 200", "model.yaml:16: spec.rollout.steps[0].weight: Input should be less than"),
        (
            "hold: 5s",
            "hold: 5",
            "model.yaml:17: spec.rollout.steps[0].hold: 5 is not text: put it in quotes, with its unit",
        ),
        (
            "budget: 2%",
            "bugdet: 2%",
            "model.yaml:18: spec.rollout.evidence.bugdet: there is no such field; did you mean",
        ),
        ("  owners:", "  own:", "model.yaml:9: spec.own: there is no such field; did you mean owners?"),
        ("  owners:", "  own:", "model.yaml:8: spec.owners: Field required"),
        ("watch: 20s", "watch: 20", "model.yaml:19: spec.rollout.watch: 20 is not text"),
        ("watch: 20s", 'watch: "20"', "model.yaml:19: spec.rollout.watch: '20': a duration needs a number and a unit"),
        ("watch: 20s", "watch: [", "this is not YAML"),
        ("kind: ModelDeployment", "kind: Model", "holds no ModelDeployment"),
        ("watch: 20s", "watch: &a [*a]", "its aliases refer to themselves"),
        ("watch: 20s", f"watch: {'[' * 5000}{']' * 5000}", "levels deep"),
        ("    - weight: 20", "    - weight: 50\n    - weight: 20", "weights must rise from step to step"),
    ],
)
def test_a_file_that_is_not_in_order_is_refused_with_line_and_field(
    tmp_path: Path, right: str, wrong: str, said: str
) -> None:
    assert right in MODEL
    result = run("-f", model(tmp_path, MODEL.replace(right, wrong)), "--rate", "1")
    assert result.exit_code == 2
    assert said in result.stderr


def test_aliases_that_stand_for_billions_are_refused(tmp_path: Path) -> None:
    levels = [f"level{number}: &l{number} [{', '.join([f'*l{number - 1}'] * 10)}]" for number in range(1, 10)]
    filters = "filters: [{type: *l9}]"
    text = "level0: &l0 [x]\n" + "\n".join(levels) + "\n" + MODEL.split("---\n")[1]
    file = model(tmp_path, text.replace("gateway: {", f"gateway: {{{filters}, "))
    result = run("-f", file, "--rate", "1")
    assert result.exit_code == 2 and "stand for more than anybody would write" in result.stderr


def test_a_file_with_several_models_needs_a_name(tmp_path: Path) -> None:
    file = model(tmp_path, MODEL + "---\n" + MODEL.replace("fraud", "spam"))
    result = run("-f", file, "--rate", "100")
    assert result.exit_code == 2 and "choose one with --name: fraud, spam" in result.stderr
    assert run("-f", file, "--rate", "100", "--name", "spam", *QUICK).exit_code == 0
    assert run("-f", file, "--rate", "100", "--name", "none").exit_code == 2


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert "nowhere.yaml: cannot be read: No such file" in run("-f", "nowhere.yaml", "--rate", "1").stderr
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    assert "is not text in UTF-8" in run("-f", str(tmp_path / "bytes"), "--rate", "1").stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--rate 20, or --day 50 --night 1"),
        (("--rate", "-1"), "--rate"),
        (("--rate", "1", "--budget", "0.5"), "has its sign"),
        (("--rate", "1", "--steps", "many"), "is no step"),
        (("--rate", "1", "--steps", "50,10"), "weights must rise"),
        (("--rate", "1", "--latency", "p42=1s"), "p50, p90, p95 or p99"),
        (("--rate", "1", "--pace", "Fast"), "--pace"),
        (("--rate", "1", "--base-errors", "lots"), "--base-errors"),
        (("--rate", "1", "--base-errors", "100%"), "where stable fails every request, no version is worse"),
        (("--rate", "1", "--limit", "0s"), "--limit"),
        (("--rate", "1", "--runs", "1"), "--runs"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_to_do(arguments: tuple[str, ...], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in re.sub(r"[│\s]+", " ", result.stderr)


@pytest.mark.parametrize("arguments", [("--help",), ("simulate", "--help")])
def test_help_imports_nothing_that_is_slow_to_import(arguments: tuple[str, ...]) -> None:
    slow = ("numpy", "matplotlib", "kubernetes", "kopf", "httpx")
    code = (
        "import sys\nfrom tandem.cli.main import app\n"
        f"try:\n    app({list(arguments)!r})\n"
        "except SystemExit as end:\n    assert end.code == 0, end.code\n"
        f"print('slow:', [name for name in {slow!r} if name in sys.modules])\n"
    )
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "simulate" in shown.stdout
    assert shown.stdout.splitlines()[-1] == "slow: []"

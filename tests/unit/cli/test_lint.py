"""``tandem lint`` as people call it."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from tandem.api.objects import parse_deployment
from tandem.cli.main import app
from tandem.contract import Kind, contract_of, weakenings
from tandem.readiness import CHECKS
from tests.unit.readiness.objects import PROFILE, REMOVED, body

EXPERIMENT = """\
apiVersion: tandem.dev/v1alpha1
kind: ModelDeployment
metadata: {name: fraud}
spec:
  owners: {dataScience: {team: risk, contact: risk@example.com}}
  model:
    image: fraud
"""
PROFILE_MAP = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "fraud-profile", "namespace": "payments"},
    "data": {"profile.yaml": yaml.safe_dump(PROFILE)},
}


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, ["lint", *arguments], input=stdin)


def written(path: Path, *objects: Any) -> str:
    text = "---\n".join(each if isinstance(each, str) else yaml.safe_dump(each, sort_keys=False) for each in objects)
    path.write_text(text, encoding="utf-8")
    return str(path)


def model(**changes: Any) -> dict[str, Any]:
    """A model that needs a review far in the future, whenever this test runs."""
    spec = {"reviewBy": "2199-01-01", "requirements": {"maxAge": REMOVED}, "waivers": REMOVED, **changes}
    return body(**spec)


def test_an_experiment_of_image_and_owner_is_clean(tmp_path: Path) -> None:
    result = run(written(tmp_path / "model.yaml", EXPERIMENT))
    assert (result.exit_code, result.stdout) == (0, "1 model: 0 errors, 0 warnings, 0 to know, 0 waived\n")


def test_text_names_file_line_and_fix(tmp_path: Path) -> None:
    file = written(tmp_path / "model.yaml", EXPERIMENT)
    result = run(file, "--tier", "Critical")
    assert result.exit_code == 1
    assert f"{file}:7: error TDM033 fraud: tag latest (none is given) is pushed again and again\n" in result.stdout
    assert "    fix (Engineering): Use a tag that is pushed once" in result.stdout
    assert f"{file}: fraud: not known because of TDM010: TDM016\n" in result.stdout


def test_a_complete_model_with_its_profile_is_clean(tmp_path: Path) -> None:
    result = run(written(tmp_path / "model.yaml", model(), PROFILE_MAP))
    assert result.exit_code == 0 and " 0 errors, 0 warnings" in result.stdout, result.stdout


def test_a_profile_that_is_not_given_is_not_known_and_no_pass(tmp_path: Path) -> None:
    result = run(written(tmp_path / "model.yaml", model()))
    assert result.exit_code == 1
    assert "error TDM010 payments/fraud: not known: ConfigMap fraud-profile: is not among the files" in result.stdout


@pytest.mark.parametrize("name", ["fraud-profile.yaml", "profile.yaml"])
def test_a_profile_is_found_beside_the_model(tmp_path: Path, name: str) -> None:
    written(tmp_path / name, PROFILE_MAP)
    assert run(written(tmp_path / "model.yaml", model())).exit_code == 0


@pytest.mark.parametrize(("fail_on", "code"), [("error", 0), ("warning", 1), ("info", 1)])
def test_the_exit_code_is_by_severity(tmp_path: Path, fail_on: str, code: int) -> None:
    file = written(tmp_path / "model.yaml", model(tier="Standard", purpose=REMOVED), PROFILE_MAP)
    assert run(file, "--fail-on", fail_on).exit_code == code


def test_a_waived_finding_is_told_and_does_not_count(tmp_path: Path) -> None:
    waived = [{"check": "TDM001", "reason": "being written", "until": "2199-01-01"}]
    file = written(tmp_path / "model.yaml", model(purpose=REMOVED, waivers=waived), PROFILE_MAP)
    result = run(file)
    assert result.exit_code == 0
    assert "waived TDM001 payments/fraud: nothing says what the model is for (until 2199-01-01: being" in result.stdout
    sarif = json.loads(run(file, "-o", "sarif").stdout)
    assert sarif["runs"][0]["results"][0]["suppressions"][0]["kind"] == "external"


def test_json_has_every_check(tmp_path: Path) -> None:
    file = written(tmp_path / "model.yaml", EXPERIMENT)
    found = json.loads(run(file, "-o", "json", "--tier", "Standard").stdout)
    (told,) = found["models"]
    assert (found["format"], told["name"], told["tier"], told["line"]) == (1, "fraud", "Standard", 1)
    assert [each["check"] for each in told["checks"]] == [check.id for check in CHECKS]
    failing = next(each for each in told["checks"] if each["check"] == "TDM033")
    assert (failing["outcome"], failing["severity"], failing["side"], failing["line"]) == (
        "Fail", "Warning", "Engineering", 7,
    )  # fmt: skip


def test_sarif_is_what_code_review_reads(tmp_path: Path) -> None:
    file = written(tmp_path / "model.yaml", EXPERIMENT, EXPERIMENT.replace("image:", "imag:"))
    result = run(file, "-o", "sarif", "--tier", "Critical")
    assert result.exit_code == 2
    sarif = json.loads(result.stdout)
    assert sarif["version"] == "2.1.0" and sarif["$schema"].endswith("sarif-2.1.0.json")
    (only,) = sarif["runs"]
    rules = only["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules) == len(CHECKS) + 1
    assert all(rule["shortDescription"]["text"] for rule in rules)
    assert {each["level"] for each in only["results"]} == {"error", "warning"}
    for each in only["results"]:
        assert rules[each["ruleIndex"]]["id"] == each["ruleId"] and each["message"]["text"]
        place = each["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == file and place["region"]["startLine"] >= 1
    broken = [each["message"]["text"] for each in only["results"] if each["ruleId"] == "TDM000"]
    assert "fraud: spec.model.imag: there is no such field; did you mean image?" in broken


def test_stories_have_a_side_and_an_acceptance_criterion(tmp_path: Path) -> None:
    result = run(written(tmp_path / "model.yaml", EXPERIMENT), "-o", "stories", "--tier", "Standard")
    assert "## fraud: The purpose is said (TDM001)\n\n- Side: data science (risk, risk@example.com)\n" in result.stdout
    assert "\nDone when: spec.purpose says in one sentence" in result.stdout
    assert result.stdout.count("## ") == result.stdout.count("Done when: ")


def test_lists_and_streams_of_kustomize_and_helm_are_read_from_standard_input() -> None:
    listed = yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": [yaml.safe_load(EXPERIMENT), PROFILE_MAP]})
    stream = f"---\n# Source: x\n{EXPERIMENT}---\n---\nnull\n---\n{listed}"
    result = run("-", stdin=stream)
    assert result.stdout.startswith("2 models: 0 errors"), result.output


def test_dates_without_quotes_are_text_as_for_kubernetes(tmp_path: Path) -> None:
    result = run(written(tmp_path / "model.yaml", EXPERIMENT + "  reviewBy: 2020-01-31\n"))
    assert ":8: info TDM030 fraud: the review was due on 2020-01-31" in result.stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("a: [b", "this is not YAML", id="broken"),
        pytest.param("a: " + "[" * 200_000, "nested more than 100 levels deep", id="deep"),
        pytest.param("kind: ModelDeployment\na: &a {b: *a}", "aliases refer to themselves", id="cyclic"),
        pytest.param("kind: List\nitems: &a [{kind: List, items: *a}]", "refer to themselves", id="cyclic-list"),
        pytest.param(
            "a: &a [1,1,1,1,1,1,1,1,1,1]\n"
            + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(9)),
            "stand for more than anybody would write",
            id="billions",
        ),
        pytest.param("a: " + "9" * 5000, "not YAML that can be read", id="huge-number"),
        pytest.param("kind: ConfigMap", "no ModelDeployment", id="nothing-to-check"),
        pytest.param("", "no ModelDeployment", id="empty"),
    ],
)
def test_hostile_input_is_refused(tmp_path: Path, text: str, said: str) -> None:
    result = run(written(tmp_path / "model.yaml", text))
    assert (result.exit_code, result.stdout) == (2, "") and said in result.stderr


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    result = run(str(tmp_path / "none.yaml"))
    assert result.exit_code == 2 and "cannot be read: No such file" in result.stderr


def test_a_folder_stands_for_the_manifests_in_it(tmp_path: Path) -> None:
    written(tmp_path / "model.yaml", model())
    written(tmp_path / "the-profile.yaml", PROFILE_MAP)
    (tmp_path / "notes.md").write_text("no manifest: [")
    (tmp_path / "stub").mkdir()
    (tmp_path / "stub" / "bentofile.yaml").write_text("service: [")
    assert run(str(tmp_path)).stdout == run(*(str(each) for each in sorted(tmp_path.glob("*.yaml")))).stdout
    assert run(str(tmp_path)).exit_code == 0
    (tmp_path / "empty").mkdir()
    empty = run(str(tmp_path / "empty"))
    assert empty.exit_code == 2 and "holds no manifest" in empty.stderr


def test_parts_that_kustomize_puts_together_are_not_taken_for_models(tmp_path: Path) -> None:
    written(tmp_path / "data-science.yaml", EXPERIMENT)
    written(tmp_path / "kustomization.yaml", {"resources": ["data-science.yaml"]})
    result = run(str(tmp_path))
    assert result.exit_code == 2
    assert f"put them together: kustomize build {tmp_path} | tandem lint -" in result.stderr


def test_an_object_that_is_not_in_order_hides_no_other(tmp_path: Path) -> None:
    broken = EXPERIMENT.replace("name: fraud", "name: broken").replace("image: fraud", "image: [1]")
    result = run(written(tmp_path / "model.yaml", broken, EXPERIMENT), "--tier", "Standard")
    assert result.exit_code == 2
    assert ":7: error TDM000 broken: spec.model.image: [1] is not text" in result.stdout
    assert "warning TDM001 fraud" in result.stdout


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


def test_against_a_revision_finds_what_was_weakened_with_a_new_image(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "models").mkdir()
    file = written(tmp_path / "models" / "model.yaml", model(), PROFILE_MAP)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    image = {"image": "registry.corp/fraud:2.2.0"}
    relaxed = {"latency": {"p99": "200ms"}, "maxAge": REMOVED}
    written(Path(file), model(model=image, requirements=relaxed), PROFILE_MAP)
    result = run(file, "--against", "HEAD")
    assert result.exit_code == 1
    assert (
        "error TDM034 payments/fraud: together with a new image: latency.p99 went from 150ms to 200ms" in result.stdout
    )
    new = written(tmp_path / "models" / "new.yaml", model(rollout={"watch": "0s"}), PROFILE_MAP)
    assert run(new, "--against", "HEAD").exit_code == 0, "nothing of that name ran before"
    refused = run(file, "--against", "no-such")
    assert refused.exit_code == 2 and "no revision of the Git repository" in refused.stderr
    assert run("-", "--against", "HEAD", stdin=EXPERIMENT).exit_code == 2


ROUTE = {"path": "/predict", "request": {"type": "object"}, "response": {"type": "object"}}
NARROW = {"type": "object", "required": ["age"]}
WEAKENED: list[tuple[Kind, dict[str, Any], dict[str, Any], str]] = [
    (Kind.OBJECTIVE, {"latency": {"p99": "150ms"}}, {"latency": {"p99": "200ms"}}, "latency.p99 went from 150ms to"),
    (Kind.OBJECTIVE, {"latency": {"p50": "9ms"}}, {"latency": {"p50": REMOVED}}, "latency.p50 of 9ms was removed"),
    (Kind.OBJECTIVE, {"availability": "99.9%"}, {"availability": "99%"}, "availability went from 99.9% to 99%"),
    (Kind.PLAN, {"throughput": {"peak": 200}}, {"throughput": {"peak": 100}}, "throughput.peak went from 200"),
    (Kind.PLAN, {"maxAge": "90d"}, {"maxAge": "180d"}, "maxAge went from 90d to 180d"),
    (Kind.SAFEGUARD, {}, {"automatic": False}, "rollback.automatic was switched off"),
    (Kind.INTERFACE, {"interface": [ROUTE]}, {"interface": [{**ROUTE, "path": "/other"}]}, "POST /predict was removed"),
    (Kind.INTERFACE, {"interface": [ROUTE]}, {"interface": [{**ROUTE, "request": NARROW}]}, "age is now required"),
    (
        Kind.INTERFACE,
        {"interface": [{**ROUTE, "response": NARROW}]},
        {"interface": [ROUTE]},
        "age is no longer promised",
    ),
    (
        Kind.QUALITY,
        {"quality": {"edgeCases": {"rows": [{"configMap": "cases"}]}}},
        {"quality": {"edgeCases": {"rows": [{"configMap": "cases"}], "share": "90%"}}},
        "quality.edgeCases went from at least 1 to at least 0.9",
    ),
]


def promising(promises: dict[str, Any], tag: str, **changes: Any) -> dict[str, Any]:
    """Return a model with these promises, each put where it belongs."""
    model_part = {"image": f"registry.corp/fraud:{tag}"}
    if "interface" in promises:
        model_part["interface"] = promises["interface"]
    rollback = {"automatic": promises["automatic"]} if "automatic" in promises else {}
    needs = {key: value for key, value in promises.items() if key not in ("interface", "automatic", "quality")}
    asked = {"quality": promises["quality"]} if "quality" in promises else {}
    return model(model=model_part, requirements=needs, rollback=rollback, **asked, **changes)


def test_the_table_has_every_kind_of_weakening() -> None:
    assert {kind for kind, *_ in WEAKENED} == set(Kind)


@pytest.mark.parametrize(("kind", "before", "after", "said"), WEAKENED)
def test_each_kind_of_weakening_in_one_change_with_a_new_image(
    tmp_path: Path, kind: Kind, before: dict[str, Any], after: dict[str, Any], said: str
) -> None:
    old, new = promising(before, "2.1.0"), promising(after, "2.2.0")
    weaker = weakenings(contract_of(parse_deployment(new).spec), contract_of(parse_deployment(old).spec))
    assert {each.kind for each in weaker} == {kind}
    earlier = written(tmp_path / "old.yaml", old)

    def found(changed: dict[str, Any]) -> str:
        file = written(tmp_path / "new.yaml", changed, PROFILE_MAP)
        lines = run(file, "--against", earlier, "--tier", "Critical").stdout.splitlines()
        return next((line for line in lines if " TDM034 " in line), "")

    assert f"{said}" in found(new) and weaker[0].hash in found(new) and "error TDM034" in found(new)
    assert found(promising(after, "2.1.0")) == "", "without a new image it is a change of its own"
    assert found(promising(before, "2.2.0")) == "", "a new image by itself weakens nothing"
    assert found(promising(after, "2.2.0", rollout={"acceptWeakening": [each.hash for each in weaker]})) == ""


def test_without_against_it_says_once_what_was_not_compared(tmp_path: Path) -> None:
    lines = run(written(tmp_path / "model.yaml", model(), model(), PROFILE_MAP)).stdout.splitlines()
    assert [line for line in lines if "--against" in line] == ["not compared with what ran before: see --against"]


def test_against_a_file(tmp_path: Path) -> None:
    old = written(tmp_path / "old.yaml", model(requirements={"availability": "99.99%", "maxAge": REMOVED}))
    new = written(tmp_path / "new.yaml", model(model={"image": "registry.corp/fraud:2.2.0"}), PROFILE_MAP)
    assert "availability went from 99.99% to 99.9%" in run(new, "--against", old).stdout


def test_a_thousand_models_are_checked(tmp_path: Path, record_property: Any) -> None:
    one = yaml.safe_dump(model(), sort_keys=False)
    file = written(tmp_path / "all.yaml", *(one.replace("name: fraud\n", f"name: fraud{n}\n") for n in range(1000)))
    began = time.monotonic()
    result = run(file)
    record_property("seconds", time.monotonic() - began)
    assert result.stdout.splitlines()[-1].startswith("1000 models: 1000 errors, 0 warnings")

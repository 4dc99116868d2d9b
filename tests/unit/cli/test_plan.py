"""``tandem plan`` as people call it."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from tandem.api.objects import ModelRevision, parse_deployment, parse_revision
from tandem.cli.main import app
from tandem.cli.plan_diff import difference
from tandem.manifests.declared import declare
from tandem.manifests.edges import edges
from tandem.manifests.profile import profile_manifest
from tandem.manifests.revision import revision_manifest
from tests.unit.planning.test_capacity import profile
from tests.unit.planning.test_sizing import deployment


def folder(path: Path, with_profile: bool = True, **spec: Any) -> str:
    body = {"apiVersion": "tandem.dev/v1alpha1", "kind": "ModelDeployment", **deployment(**spec).to_dict()}
    body = {key: body[key] for key in ("apiVersion", "kind", "spec")} | {"metadata": {"name": "fraud"}}
    file = path / "model.yaml"
    file.write_text(yaml.safe_dump(body))
    if with_profile:
        made = profile_manifest("fraud-profile", None, profile())
        (path / "fraud-profile.yaml").write_text(yaml.safe_dump(made))
    return str(file)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["plan", *arguments, "--runs", "0"])


def test_the_text_has_every_number_with_its_source(tmp_path: Path) -> None:
    result = run(folder(tmp_path))
    assert result.exit_code == 0, result.output
    assert "fraud: 6 pods, 5 for the peak and one to lose" in result.stdout
    assert "requirements.throughput.peak" in result.stdout and "to do: serving.replicas.min" in result.stdout
    assert "Deployment fraud-r1" in result.stdout


def test_json_and_yaml_say_the_same_with_the_whole_objects(tmp_path: Path) -> None:
    file = folder(tmp_path)
    found = json.loads(run(file, "-o", "json").stdout)
    assert found == yaml.safe_load(run(file, "-o", "yaml").stdout)
    assert (found["replicas"], found["podsForPeak"], found["autoscaling"]) == (6, 5, {"min": 2, "max": 10})
    assert [each["spec"]["replicas"] for each in found["objects"] if each["kind"] == "Deployment"] == [6]


def test_what_cannot_be_met_ends_with_1(tmp_path: Path) -> None:
    result = run(folder(tmp_path, requirements={"latency": {"p99": "5ms"}, "throughput": {"peak": 1}}))
    assert result.exit_code == 1 and "cannot be met, even unloaded" in result.stdout


def test_the_record_can_be_committed(tmp_path: Path) -> None:
    record = run(folder(tmp_path), "-o", "adr").stdout
    headings = [line for line in record.splitlines() if line.startswith("#")]
    assert headings[1:] == ["## Context", "## Decision", "## Consequences", "## Numbers"]
    assert "| replicas | 6 | 5, and 1 to lose |" in record and str(tmp_path / "model.yaml") in record


def test_rollouts_are_simulated_by_day_and_by_night(tmp_path: Path) -> None:
    words = ["plan", folder(tmp_path), "--runs", "20", "-o", "json"]
    found = json.loads(CliRunner().invoke(app, words).stdout)
    assert {name: each["requestsPerSecond"] for name, each in found["rollouts"].items()} == {"day": 290, "night": 10}


def test_the_profile_may_be_named_or_stand_in_the_same_file(tmp_path: Path) -> None:
    file = Path(folder(tmp_path))
    moved = (tmp_path / "fraud-profile.yaml").rename(tmp_path / "other.yaml")
    assert run(str(file), "--profile", str(moved)).exit_code == 0
    file.write_text(f"{file.read_text()}---\n{moved.read_text()}")
    assert run(str(file)).exit_code == 0


def test_the_profile_that_init_wrote_is_found(tmp_path: Path) -> None:
    file = folder(tmp_path)
    general = (tmp_path / "fraud-profile.yaml").rename(tmp_path / "profile.yaml")
    assert run(file).exit_code == 0
    general.write_text(general.read_text().replace("fraud-profile", "other-profile"))
    result = run(file)
    assert result.exit_code == 2 and "fraud-profile.yaml" in result.output, "it is another model's"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "measure it with `tandem profile`"),
        ("a: [", "not YAML"),
        ("kind: Secret", "holds no ConfigMap"),
        ("{kind: ConfigMap, metadata: {name: fraud-profile}}", "has no key profile.yaml"),
        ("{kind: ConfigMap, metadata: {name: fraud-profile}, data: {profile.yaml: '{}'}}", "measure it again"),
        ("a: &a [*a]", "refer to themselves"),
    ],
)
def test_a_profile_that_is_not_in_order(tmp_path: Path, text: str | None, told: str) -> None:
    file = folder(tmp_path, with_profile=False)
    if text is not None:
        (tmp_path / "fraud-profile.yaml").write_text(text)
    result = run(file)
    assert result.exit_code == 2 and told in result.output


def live(number: int = 1, **spec: Any) -> tuple[Any, list[ModelRevision]]:
    given = deployment(**spec)
    body = given.to_dict() | {"status": {"stable": {"revision": f"fraud-r{number}", "since": "2026-11-24T00:00:00Z"}}}
    made = revision_manifest(given, declare(given.spec, {}), number, edges(given.spec.requirements))
    return parse_deployment(body), [parse_revision(made)]


@pytest.mark.parametrize(
    ("spec", "rollout", "told"),
    [
        ({}, None, ["starts no rollout: it is fraud-r1, which is stable"]),
        ({"model": {"image": "fraud:2", "service": "Fraud"}}, 2, ["fraud-r2", "  model.image: fraud:1 -> fraud:2"]),
        ({"serving": {"replicas": {"min": 4}}}, None, ["pods of the stable version: 1 -> 4"]),
        ({"requirements": {"latency": {"p99": "1s"}}}, None, ["without a rollout: spec.requirements"]),
    ],
)
def test_the_difference_says_whether_a_rollout_starts(
    spec: dict[str, Any], rollout: int | None, told: list[str]
) -> None:
    found = difference(deployment(**spec), *live(), {})
    assert found.rollout == rollout
    assert all(any(each in line for line in found.lines) for each in told), found.lines


SENT_BACK = {"revision": "fraud-r2", "reason": "LatencyMissed", "message": "slow", "at": "2026-11-24T00:00:00Z"}
TRIED = {"revision": "fraud-r2", "attempt": 1, "size": 1, "weight": 25, "since": "2026-11-24T00:00:00Z"}
NEXT = {"model": {"image": "fraud:2", "service": "Fraud"}}


@pytest.mark.parametrize(
    ("status", "spec", "rollout", "told"),
    [
        ({"candidate": TRIED}, {}, None, "starts no rollout: fraud-r2 is tried already"),
        ({"candidate": TRIED | {"revision": "fraud-r3"}}, {}, 2, "goes back to fraud-r2, which is not stable"),
        ({"rejected": SENT_BACK}, {}, None, "fraud-r2 was sent back (LatencyMissed); another rollout.attempt tries it"),
        ({"rejected": SENT_BACK}, {"rollout": {"attempt": "again"}}, 2, "tries fraud-r2 again, which was sent back"),
        ({"rejected": SENT_BACK | {"attempt": "again"}}, {"rollout": {"attempt": "again"}}, None, "starts no rollout"),
        ({}, {}, 2, "goes back to fraud-r2, which is not stable: a rollout of it"),
    ],
)
def test_a_version_that_is_tried_or_was_sent_back_starts_no_rollout(
    status: dict[str, Any], spec: dict[str, Any], rollout: int | None, told: str
) -> None:
    (before, [first]), (_, [second]) = live(), live(2, **NEXT)
    body = before.to_dict()
    found = difference(
        deployment(**NEXT, **spec), parse_deployment(body | {"status": body["status"] | status}), [first, second], {}
    )
    assert found.rollout == rollout and told in found.lines[0], found.lines


PREDICT: dict[str, Any] = {"path": "/predict", "request": {"type": "object"}}
ASKING = PREDICT | {"request": {"type": "object", "required": ["amount"]}}


def test_what_callers_lose_is_told_though_no_rollout_starts() -> None:
    old, new = ({"image": "fraud:1", "service": "Fraud", "interface": [route]} for route in (PREDICT, ASKING))
    found = difference(deployment(model=new), *live(model=old), {})
    assert found.rollout is None
    assert "changes at once, without a rollout: spec.model.interface" in found.lines
    [weaker] = [line for line in found.lines if line.startswith("promises less than before: POST /predict request")]
    accepted = {"acceptWeakening": [weaker.rpartition("(")[2].rstrip(")")]}
    told = difference(deployment(model=new, rollout=accepted), *live(model=old), {}).lines
    assert not any("promises less" in line for line in told), "it is meant"


def test_what_stable_is_held_to_counts_not_what_was_declared_last() -> None:
    """The weaker promise of a candidate is in the live object already when its file is planned again."""
    before, revisions = live(model={"image": "fraud:1", "service": "Fraud"})
    body = before.to_dict()
    body["status"]["stable"]["contract"] = {"availability": "99%"}
    found = difference(deployment(), parse_deployment(body), revisions, {})
    assert "promises less than before: availability of 99% was removed" in "\n".join(found.lines)


def test_a_model_that_is_new_to_the_cluster() -> None:
    found = difference(deployment(), None, [], {})
    assert found.rollout == 1 and "Deployment fraud-r1" in found.lines[0]

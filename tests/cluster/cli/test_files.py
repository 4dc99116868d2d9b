"""Files that ``tandem`` writes or reads, held against a real API server: `init`'s drafts, and ``plan --diff``."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from dev.cluster.control_plane import ControlPlane
from tandem.cli import init_bento
from tandem.cli.main import app
from tandem.cli.profile_subject import Bounds
from tests.cluster.cli.conftest import Played
from tests.cluster.controller.objects import model_deployment
from tests.e2e.test_takeover import OLD, Plan, by_hand
from tests.unit.profiling.fakes import Fake

pytestmark = pytest.mark.cluster

TANDEM = str(Path(sys.executable).with_name("tandem"))
OWNER = ("--owner", "risk=risk@example.com", "--engineering", "ops=ops@example.com", "--purpose", "Score payments")
GATEWAY = ("--gateway", "gateway/public", "--host", "fraud.example.com")
FIELDS = ("--request", "amount: number 0..10000, country: AT|DE", "--response", "score: number 0..1")
Kubectl = Callable[..., str]


@pytest.fixture
def kubectl(plane: ControlPlane, namespace: str) -> Kubectl:
    def run(*words: str) -> str:
        command = [str(plane.kubectl), "--kubeconfig", str(plane.kubeconfig), "-n", namespace, *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout

    return run


@pytest.fixture(autouse=True)
def work(tmp_path: Path, plane: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, and the cluster that commands find."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("KUBECONFIG", str(plane.kubeconfig))
    return folder


def tandem(*words: str) -> str:
    done = subprocess.run([TANDEM, *words], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{words}: {done.stdout} {done.stderr}"
    return done.stdout


STRICT = ("apply", "--server-side", "--dry-run=server", "--validate=strict")


@pytest.mark.parametrize("gateway", [(), GATEWAY], ids=["inside", "gateway"])
def test_a_design_is_taken_by_strict_validation(kubectl: Kubectl, gateway: tuple[str, ...]) -> None:
    words = ("init", "--design", "--name", "fraud", *OWNER, *FIELDS, "--latency", "p99=150ms", *gateway)
    tandem(*words, "--out", "one")
    tandem(*words, "--out", "two", "--two-files")
    assert "modeldeployment.tandem.dev/fraud serverside-applied (server dry run)" in kubectl(*STRICT, "-f", "one")
    assert "modeldeployment.tandem.dev/fraud serverside-applied (server dry run)" in kubectl(*STRICT, "-k", "two")


def test_what_a_bento_told_is_taken_by_strict_validation(
    kubectl: Kubectl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = Fake(tmp_path)
    monkeypatch.setenv("FAKE_PIDS", str(fake.pids))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(init_bento, "BOUNDS", Bounds(startup=60.0, load=2.0, answer=15.0, callers=2))
    Path("rows.jsonl").write_text('{"amount": 1}\n{"amount": 2}\n')
    words = ("init", "good:1", "--rows", "rows.jsonl", *OWNER, *GATEWAY, "--latency", "p99=2s")
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    said = kubectl(*STRICT, "-f", "good")
    assert said.count("serverside-applied (server dry run)") == 3, "model, profile and edge cases"


def test_a_typing_error_would_be_found(kubectl: Kubectl) -> None:
    tandem("init", "--design", "--name", "fraud", *OWNER, *FIELDS)
    file = Path("fraud/model.yaml")
    file.write_text(file.read_text() + "\n  replicaz: 1\n")
    with pytest.raises(AssertionError, match=r"\.spec\.replicaz: field not declared in schema"):
        kubectl(*STRICT, "-f", "fraud")


def as_it_is(kubectl: Kubectl, kind: str, name: str) -> Any:
    """Return what somebody wrote of an object: without what the API server adds to it."""
    found = json.loads(kubectl("get", kind, name, "-o", "json"))
    return found["spec"], found["metadata"].get("labels")


def test_each_step_of_a_takeover_has_a_way_back_that_works(
    kubectl: Kubectl, namespace: str, plane: ControlPlane
) -> None:
    for each in by_hand(namespace):
        Path("old.yaml").write_text(yaml.safe_dump(each))
        kubectl("apply", "-f", "old.yaml")
    before = {(kind, name): as_it_is(kubectl, kind, name) for kind, name in OBJECTS}
    tandem("init", "--from", f"deployment/{OLD}", "-n", namespace, "--out", "digits", *OWNER[:2])
    plan = Plan(Path("digits").absolute())
    for title in STEPS:
        for command in plan.commands(title):
            # There is no operator here: what waits for it is for the test on a whole cluster.
            if not command.startswith("kubectl wait"):
                shell(plane, command)
        if title == "Hand the Service over":
            selector = {"spec": {"selector": {"app": None, "tandem.dev/deployment": "digits"}}}
            kubectl("patch", "service", "digits", "--type=merge", "-p", json.dumps(selector))
    assert "NotFound" in missing(plane, namespace, "deployment", OLD)
    assert as_it_is(kubectl, "service", "digits") != before["service", "digits"]
    for title in reversed(STEPS):
        for command in plan.back(title):
            shell(plane, command)
    assert {(kind, name): as_it_is(kubectl, kind, name) for kind, name in OBJECTS} == before
    assert "NotFound" in missing(plane, namespace, "modeldeployment", "digits")


OBJECTS = (("deployment", OLD), ("service", "digits"), ("httproute", "digits-by-hand"))
STEPS = ("Start the model", "Let the gateway", "Hand the Service over", "Delete the old Deployment")


def shell(plane: ControlPlane, command: str) -> None:
    """Run a command of the plan as it stands there."""
    environment = {"KUBECONFIG": str(plane.kubeconfig), "PATH": f"{Path(plane.kubectl).parent}:/usr/bin:/bin"}
    done = subprocess.run(
        ["sh", "-c", command], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stderr}"


def missing(plane: ControlPlane, namespace: str, kind: str, name: str) -> str:
    command = [str(plane.kubectl), "--kubeconfig", str(plane.kubeconfig), "-n", namespace, "get", kind, name]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stderr


def difference(namespace: str, **spec: Any) -> Any:
    body = model_deployment(namespace, "fraud", **spec)
    Path("model.yaml").write_text(yaml.safe_dump(body))
    return json.loads(tandem("plan", "model.yaml", "--diff", "-o", "json"))


async def test_the_difference_is_that_to_the_live_model(played: Played) -> None:
    async def against(**spec: Any) -> Any:
        return await asyncio.to_thread(difference, played.namespace, **spec)

    def image(tag: str) -> Any:
        return {"model": {"image": f"x.example.com/f:{tag}", "service": "FraudService"}}

    newer = await against(**image("3"))
    assert newer["rollout"] == 3
    assert newer["changes"][0] == "starts a rollout of fraud-r3"
    assert "  model.image: x.example.com/f:1 -> x.example.com/f:3" in newer["changes"]
    same = await against(**image("1"), serving={"replicas": {"min": 3}}, purpose="Score payments")
    assert same["rollout"] is None
    assert same["changes"][0] == "starts no rollout: it is fraud-r1, which is stable"
    assert "changes at once, without a rollout: spec.purpose" in same["changes"]
    assert any(line.startswith("pods of the stable version: ") and line.endswith("-> 3") for line in same["changes"])
    tried = await against(**image("2"))
    assert (tried["rollout"], tried["changes"][0]) == (None, "starts no rollout: fraud-r2 is tried already")


def test_the_difference_to_nothing_is_all_of_it(namespace: str) -> None:
    found = difference(namespace)
    assert found["rollout"] == 1
    assert found["changes"][0].startswith("is new: ModelRevision fraud-r1")


def test_the_cluster_that_is_named_is_the_one_that_is_read(
    kubectl: Kubectl, namespace: str, plane: ControlPlane, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in by_hand(namespace):
        Path("old.yaml").write_text(yaml.safe_dump(each))
        kubectl("apply", "-f", "old.yaml")
    Path("model.yaml").write_text(yaml.safe_dump(model_deployment(namespace, "fraud")))
    commands = (
        ("plan", "model.yaml", "--diff"),
        ("init", "--from", f"deployment/{OLD}", "-n", namespace, "--out", "digits", *OWNER[:2]),
    )
    monkeypatch.setenv("KUBECONFIG", str(work / "nowhere"))
    for words in commands:
        said = CliRunner().invoke(app, words)
        assert said.exit_code == 2 and "nowhere" in said.output, said.output
        tandem(*words, "--kubeconfig", str(plane.kubeconfig))

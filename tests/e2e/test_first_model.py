"""docs/first-model.md by the letter: its commands are read from it and run as they stand there.

What stands for the reader's own surroundings is put in: a registry that the cluster reads from (images are brought to
its nodes instead), and the address of the gateway.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from dev.cluster.progress import Progress
from dev.images import docker
from dev.images.bentos import bentoml_environment, build_bentos
from dev.images.buildah import open_buildah
from dev.images.cache import cache_folder
from dev.kube import stack
from dev.kube.client import Kube
from dev.kube.diagnosis import diagnose

pytestmark = pytest.mark.alone

DOCUMENT = stack.REPOSITORY / "docs" / "first-model.md"
NAMESPACE = "e2e-first-model"
MINUTES_5 = 300
GATEWAY = "http://models.example.com"


@dataclass(frozen=True)
class Step:
    """A command of the document, and what it is said to print: nothing where the document does not show it."""

    command: str
    shown: str


def steps(section: str) -> list[Step]:
    """Return the commands of a section, in order."""
    text = DOCUMENT.read_text().partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    lines = [line.removeprefix("    ") for line in text.splitlines() if line.startswith("    ")]
    found = []
    for block in re.split(r"^\$ ", "\n".join(lines), flags=re.MULTILINE)[1:]:
        command, _, shown = block.partition("\n")
        # A block without a prompt follows: those commands are not this story's.
        found.append(Step(command, "" if shown.startswith(("bentoml", "kubectl")) else shown.strip()))
    return found


@dataclass
class Reader:
    """Somebody who follows the document in a folder."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, command: str, seconds: float = MINUTES_5) -> str:
        done = subprocess.run(
            ["bash", "-c", command], cwd=self.folder, env=self.environment, capture_output=True, text=True,
            timeout=seconds, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout


def environment(base: Mapping[str, str], store: Path) -> dict[str, str]:
    """`base` with this Python's programs first, as in an environment that somebody has activated."""
    programs = Path(sys.executable).parent
    return {**bentoml_environment(store, base), "PATH": f"{programs}:{base['PATH']}"}


def test_from_a_built_bento_to_a_clean_model_by_two_commands(rows: Path, tmp_path: Path) -> None:
    [built] = [each for each in build_bentos(cache_folder(), Progress()) if each.source.tag == "digits:first"]
    bodies = (json.loads(line)["body"] for line in rows.read_text().splitlines())
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(body) + "\n" for body in bodies))
    reader = Reader(tmp_path, environment(os.environ, built.store))
    story = steps("From a built bento")
    assert [step.command.split()[1] for step in story] == ["init", "lint"]
    began = time.monotonic()
    for step in story:
        # Five minutes for all of it is what the document promises: they are the deadline, not a figure.
        said = reader.run(step.command, MINUTES_5 - (time.monotonic() - began)).strip()
        assert step.shown.startswith(said), f"{step.command} said {said}"
    print(f"{time.monotonic() - began:.0f} s")
    assert {path.name for path in (tmp_path / "digits").iterdir()} == {"model.yaml", "profile.yaml", "edge-cases.yaml"}


@pytest.fixture
def reader(kube: Kube, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Reader]:
    """Somebody whose kubeconfig has a namespace of its own, which takes only restricted pods."""
    stack.remove_namespace(kube, NAMESPACE, 120)
    stack.make_namespace(kube, NAMESPACE)
    access = yaml.safe_load(Path(kube.env["KUBECONFIG"]).read_text())
    for context in access["contexts"]:
        context["context"]["namespace"] = NAMESPACE
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(access))
    env = environment(kube.env, tmp_path / "bentoml")
    failed = request.session.testsfailed
    yield Reader(tmp_path, {**env, "KUBECONFIG": str(tmp_path / "kubeconfig")})
    if request.session.testsfailed > failed:
        print(diagnose(kube, NAMESPACE))
    stack.remove_namespace(kube, NAMESPACE, 120)


def containerize(kube: Kube, reader: Reader, command: str) -> None:
    """Run `bentoml containerize` with what builds images here, and bring the image to the cluster's nodes."""
    archive, image = reader.folder / "stub.tar", command.rsplit(maxsplit=1)[-1]
    if docker.answers():
        reader.run(command, 600)
        reader.run(f"docker save --output {archive} {image}")
    else:
        buildah = open_buildah(cache_folder())
        with_buildah = Reader(reader.folder, {**buildah.env, **reader.environment})
        with_buildah.run(f"{command} --backend buildah --opt network=host", 600)
        buildah.save(image, archive)
        buildah("rmi", image, doing="removing the stub's image")
    stack.load_archives([archive], kube.name)


def test_a_stub_that_consumers_can_call_before_there_is_a_model(kube: Kube, reader: Reader) -> None:
    answer = ""
    for step in steps("Before there is a model"):
        began = time.monotonic()
        if step.command.startswith("bentoml containerize"):
            containerize(kube, reader, step.command)
        elif not step.command.startswith("docker push"):
            answer = reader.run(step.command.replace(GATEWAY, kube.gateway_url), 420)
            assert not step.shown or answer.strip() == step.shown
        print(f"{time.monotonic() - began:.0f} s: {step.command}")
    contract = json.loads((reader.folder / "fraud" / "stub" / "contract.json").read_text())["routes"]["/predict"]
    assert json.loads(answer) in contract["answers"]
    Draft202012Validator(contract["response"]).validate(json.loads(answer))
    call = steps("Before there is a model")[-1].command.replace(GATEWAY, kube.gateway_url)
    status = "-o /dev/null -w '%{http_code}'"
    assert reader.run(f"{call.replace('AT', 'XX')} {status}") == "400", "what the contract does not allow"
    assert "x-model-stub: " in reader.run(f"{call} -D -").lower(), "nobody takes it for a model"

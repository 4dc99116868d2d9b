"""The examples that people copy are what the API accepts."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.cluster

Kubectl = Callable[..., "subprocess.CompletedProcess[str]"]

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]


def examples() -> list[str]:
    """Every ModelDeployment in a document, its namespace left out."""
    found = []
    for document in DOCUMENTS:
        for block in re.findall(r"```yaml\n(.*?)```", document.read_text(), re.DOTALL):
            for body in yaml.safe_load_all(block):
                if body["kind"] == "ModelDeployment":
                    body["metadata"].pop("namespace", None)
                    found.append(yaml.safe_dump(body))
    return found


def test_there_are_examples() -> None:
    assert examples()


@pytest.mark.parametrize("example", examples())
def test_examples_are_accepted(kubectl: Kubectl, example: str) -> None:
    kubectl("create", "--dry-run=server", "-f", "-", given=example)

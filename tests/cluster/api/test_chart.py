"""The chart's definitions on a real API server: upgraded with the chart, kept with all models when it goes."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dev.cluster.binaries import HELM, ensure_tools
from dev.cluster.progress import Progress
from dev.images.cache import cache_folder

pytestmark = pytest.mark.cluster

Kubectl = Callable[..., "subprocess.CompletedProcess[str]"]
Helm = Callable[..., str]

CHART = Path(__file__).resolve().parents[3] / "charts" / "tandem"
RELEASE = "chart-test"
MODEL = {
    "apiVersion": "tandem.dev/v1alpha1",
    "kind": "ModelDeployment",
    "metadata": {"name": "fraud"},
    "spec": {
        "purpose": "Score card payments",
        "owners": {"engineering": {"team": "payments", "contact": "payments@example.com"}},
        "model": {"image": "registry.example.com/fraud:1"},
    },
}


@pytest.fixture
def helm(kubeconfig: Path, tmp_path: Path) -> Helm:
    binary = ensure_tools((HELM,), cache_folder(), Progress())["helm"] / "helm"
    homes = {f"HELM_{folder}_HOME": str(tmp_path) for folder in ("CACHE", "CONFIG", "DATA")}
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig), **homes}

    def run(*words: str | Path) -> str:
        command = [str(word) for word in (binary, *words)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, f"helm {' '.join(command[1:])}: {done.stderr}"
        return done.stdout

    return run


@pytest.fixture
def older_chart(tmp_path: Path) -> Path:
    """The chart as if ``spec.purpose`` had not been invented yet."""
    chart = tmp_path / "older"
    shutil.copytree(CHART, chart)
    file = chart / "files" / "crds" / "modeldeployments.yaml"
    text = file.read_text()
    assert "              purpose:\n" in text
    file.write_text(text.replace("              purpose:\n", "              aim:\n"))
    return chart


def test_definitions_are_upgraded_and_kept(kubectl: Kubectl, helm: Helm, namespace: str, older_chart: Path) -> None:
    settings = ("--namespace", namespace, "--set", "image.repository=registry.example.com/tandem-operator")
    # Other tests on this API server have applied the definitions with kubectl.
    helm("install", RELEASE, older_chart, *settings, "--take-ownership", "--force-conflicts")
    in_namespace = ("-n", namespace, "-f", "-")
    refused = kubectl("create", *in_namespace, given=json.dumps(MODEL), check=False)
    assert 'unknown field "spec.purpose"' in refused.stderr

    helm("upgrade", RELEASE, CHART, *settings)
    kubectl("create", *in_namespace, given=json.dumps(MODEL))

    assert "kept due to the resource policy" in helm("uninstall", RELEASE, "--namespace", namespace)
    kept = kubectl("get", "md", "fraud", "-n", namespace, "-o", "jsonpath={.spec.purpose}")
    assert kept.stdout == "Score card payments"

    helm("install", RELEASE, CHART, *settings)
    helm("uninstall", RELEASE, "--namespace", namespace)

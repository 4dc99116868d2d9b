"""One light control plane for all tests that need a real API server and no containers."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.cluster.control_plane import ControlPlane

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def plane() -> Iterator[ControlPlane]:
    """The control plane, with Tandem's and Gateway API's kinds."""
    with ControlPlane(nodes=1) as plane:
        plane.install_gateway_api()
        kubectl = [str(plane.kubectl), "--kubeconfig", str(plane.kubeconfig)]
        subprocess.run([*kubectl, "apply", "-f", str(REPOSITORY / "crds")], check=True, capture_output=True)
        wait = ["wait", "crd", "--all", "--for=condition=Established", "--timeout=60s"]
        subprocess.run([*kubectl, *wait], check=True, capture_output=True)
        yield plane

"""One light control plane for all tests that need a real API server and no containers."""

import subprocess
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from dev.cluster.control_plane import ControlPlane
from tandem.cluster.client import Cluster
from tandem.cluster.connection import Connection, connect
from tandem.cluster.kinds import NAMESPACE

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


@pytest.fixture
async def connection(plane: ControlPlane) -> Connection:
    return await connect(str(plane.kubeconfig))


@pytest.fixture
async def cluster(connection: Connection) -> AsyncIterator[Cluster]:
    async with Cluster(connection.configuration) as cluster:
        yield cluster


@pytest.fixture
async def namespace(cluster: Cluster) -> AsyncIterator[str]:
    """A namespace for one test."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    made = await cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    await cluster.delete(NAMESPACE, "", name, made["metadata"]["uid"])

"""A light control plane for the operator's own parts: a real API server, no containers."""

import socket
import subprocess
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from dev.cluster.control_plane import ControlPlane
from tandem.cluster.client import Cluster
from tandem.cluster.connection import Connection, connect
from tandem.cluster.kinds import NAMESPACE

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def plane() -> Iterator[ControlPlane]:
    """The control plane, with Tandem's and Gateway API's kinds."""
    with ControlPlane(nodes=1) as plane:
        plane.install_gateway_api()
        kubectl = [str(plane.kubectl), "--kubeconfig", str(plane.kubeconfig)]
        subprocess.run([*kubectl, "apply", "-f", str(REPOSITORY / "crds")], check=True, capture_output=True)
        established = ["wait", "crd", "--all", "--for=condition=Established", "--timeout=60s"]
        subprocess.run([*kubectl, *established], check=True, capture_output=True)
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


@pytest.fixture
def free_port() -> int:
    """A port of loopback where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])

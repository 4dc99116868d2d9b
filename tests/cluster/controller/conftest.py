"""The operator's own parts before a real API server, without containers."""

import socket
import uuid
from collections.abc import AsyncIterator

import pytest

from dev.cluster.control_plane import ControlPlane
from tandem.cluster.client import Cluster
from tandem.cluster.connection import Connection, connect
from tandem.cluster.kinds import NAMESPACE


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

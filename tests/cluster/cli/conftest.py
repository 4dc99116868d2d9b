"""``tandem`` as people call it, before a real API server; the operator's part is played by the test."""

import asyncio
import subprocess
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from dev.cluster.control_plane import ControlPlane
from tandem.api.objects import parse_deployment
from tandem.cli.main import app
from tandem.cluster.client import Cluster, Listing
from tandem.cluster.follow import Selection, follow
from tandem.cluster.kinds import MODEL_DEPLOYMENT, MODEL_REVISION
from tandem.manifests.declared import declare
from tandem.manifests.edges import edges
from tandem.manifests.revision import revision_manifest
from tests.cluster.controller.objects import Object, model_deployment

Tandem = Callable[..., Any]


@pytest.fixture
def tandem(plane: ControlPlane) -> Tandem:
    """Run a command as the cluster's administrator."""

    async def run(*words: str) -> Result:
        return await asyncio.to_thread(
            CliRunner().invoke, app, [*words, "--kubeconfig", str(plane.kubeconfig)], catch_exceptions=False
        )

    return run


class Played:
    """A model whose operator is the test."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self.cluster, self.namespace = cluster, namespace

    async def make(self) -> None:
        """Make a model with a version that serves and one that is tried at 10 %."""
        made = await self.cluster.create(model_deployment(self.namespace, "fraud"))
        for number in (1, 2):
            await self.revise(made, number)
        await self.tell(
            phase="RollingOut",
            stable={"revision": "fraud-r1", "since": "2027-01-01T00:00:00Z"},
            candidate=self.candidate(),
        )

    def candidate(self, **changes: Any) -> Object:
        """Return the candidate's slot."""
        return {
            "revision": "fraud-r2",
            "attempt": 1,
            "since": "2027-01-01T00:00:00Z",
            "size": 1,
            "weight": 10,
        } | changes

    async def revise(self, made: Object, number: int) -> None:
        body = {
            **made,
            "spec": {**made["spec"], "model": {**made["spec"]["model"], "image": f"x.example.com/f:{number}"}},
        }
        md = parse_deployment(body)
        await self.cluster.create(revision_manifest(md, declare(md.spec, {}), number, edges(md.spec.requirements)))

    async def tell(self, **status: Any) -> None:
        """Write the model's status."""
        meta = (await self.cluster.get(MODEL_DEPLOYMENT, self.namespace, "fraud"))["metadata"]
        status = {"observedGeneration": meta["generation"], **status}
        await self.cluster.update_status(MODEL_DEPLOYMENT, self.namespace, "fraud", meta["resourceVersion"], status)

    async def order_on(self, revision: str) -> Object:
        """Wait for an order on a revision."""
        selection = Selection(MODEL_REVISION, self.namespace, fields=f"metadata.name={revision}")
        async with asyncio.timeout(30), aclosing(follow(self.cluster, selection)) as news:
            async for each in news:
                for found in each.items if isinstance(each, Listing) else [each.object]:
                    if decision := found["spec"].get("decision"):
                        return {**decision, "resourceVersion": found["metadata"]["resourceVersion"]}
        raise AssertionError("what is followed does not end")

    async def act(self, revision: str, result: str) -> Object:
        """Act on the order on a revision."""
        order = await self.order_on(revision)
        observed = {"verb": order["verb"], "id": order["id"], "result": result, "at": "2027-01-01T00:10:00Z"}
        version = order["resourceVersion"]
        await self.cluster.update_status(
            MODEL_REVISION, self.namespace, revision, version, {"observedDecision": observed}
        )
        return order


@pytest.fixture
async def played(cluster: Cluster, namespace: str) -> Played:
    played = Played(cluster, namespace)
    await played.make()
    return played


@pytest.fixture
def somebody(plane: ControlPlane, namespace: str, tmp_path: Path) -> Callable[..., Path]:
    """Return a kubeconfig of somebody who has only some rights in the namespace."""

    def kubectl(*words: str) -> str:
        command = [str(plane.kubectl), "--kubeconfig", str(plane.kubeconfig), "-n", namespace, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()

    def make(resources: str) -> Path:
        kubectl("create", "serviceaccount", "eve")
        if resources:
            kubectl("create", "role", "eve", "--verb=get,list,watch", f"--resource={resources}")
            kubectl("create", "rolebinding", "eve", "--role=eve", f"--serviceaccount={namespace}:eve")
        access = yaml.safe_load(plane.kubeconfig.read_text())
        access["users"][0]["user"] = {"token": kubectl("create", "token", "eve")}
        access["contexts"][0]["context"]["namespace"] = namespace
        file = tmp_path / "kubeconfig"
        file.write_text(yaml.safe_dump(access))
        return file

    return make

"""The operator's ears: it hears everything, survives what happens to the API server, and leaves no trace."""

import asyncio
from typing import Any

import pytest

from dev.cluster.control_plane import ControlPlane
from tandem.cluster import kinds
from tandem.cluster.client import Cluster
from tandem.cluster.connection import Connection
from tests.cluster.controller.objects import config_map, deployment, model_deployment, ours
from tests.cluster.controller.running import Recording, running

pytestmark = pytest.mark.cluster


@pytest.fixture
def recording() -> Recording:
    return Recording()


def generation_last_seen(recording: Recording, key: tuple[str, str]) -> int | None:
    """Return the generation that the last reconcile saw; None where a child was heard of before the model itself."""
    itself = recording.of(key)[-1]["itself"]
    return itself["metadata"]["generation"] if itself else None


async def test_the_first_reconcile_sees_all_that_exists(
    cluster: Cluster, connection: Connection, recording: Recording, namespace: str
) -> None:
    await cluster.create(model_deployment(namespace, "fraud"))
    await cluster.create(deployment(namespace, "fraud-r1", 1, ours("fraud")))
    await cluster.create(config_map(namespace, "fraud-r1-bento", ours("fraud")))
    key = (namespace, "fraud")
    async with running(connection, recording):
        await recording.until(lambda: bool(recording.of(key)))
    first = recording.of(key)[0]
    assert first["itself"]["spec"]["model"]["service"] == "FraudService"
    assert [child["metadata"]["name"] for child in first["Deployment"]] == ["fraud-r1"]
    assert [child["metadata"]["name"] for child in first["ConfigMap"]] == ["fraud-r1-bento"]


async def test_changes_of_a_model_and_of_its_children_are_heard(
    recording: Recording, connection: Connection, cluster: Cluster, namespace: str
) -> None:
    async with running(connection, recording):
        key = (namespace, "fraud")
        await cluster.create(model_deployment(namespace, "fraud"))
        await recording.until(lambda: any(seen["itself"] for seen in recording.of(key)))
        made = await cluster.create(deployment(namespace, "fraud-r1", 2, ours("fraud")))
        # The pods come by way of the real Deployment and ReplicaSet controllers, and kwok makes them Ready.
        await recording.until(lambda: len(recording.seen(key).get("Pod", ())) == 2)
        await recording.until(lambda: _ready(recording.seen(key)) == 2)
        await cluster.delete(kinds.DEPLOYMENT, namespace, "fraud-r1", made["metadata"]["uid"])
        await recording.until(lambda: not {"Deployment", "Pod"} & recording.seen(key).keys())


async def test_deletion_and_creation_under_the_same_name_is_heard(
    recording: Recording, connection: Connection, cluster: Cluster, namespace: str
) -> None:
    async with running(connection, recording):
        key = (namespace, "fraud")
        first = await cluster.create(model_deployment(namespace, "fraud"))
        await cluster.delete(kinds.MODEL_DEPLOYMENT, namespace, "fraud", first["metadata"]["uid"])
        second = await cluster.create(model_deployment(namespace, "fraud"))
        await recording.until(
            lambda: any(
                seen["itself"] and seen["itself"]["metadata"]["uid"] == second["metadata"]["uid"]
                for seen in recording.of(key)
            )
        )
        await cluster.delete(kinds.MODEL_DEPLOYMENT, namespace, "fraud", second["metadata"]["uid"])
        await recording.until(lambda: recording.of(key)[-1]["itself"] is None)


async def test_what_is_not_ours_is_not_even_sent_to_us(
    recording: Recording, connection: Connection, cluster: Cluster, namespace: str
) -> None:
    async with running(connection, recording):
        await cluster.create(deployment(namespace, "somebody-elses", 1))
        await cluster.create(config_map(namespace, "somebody-elses"))
        await cluster.create(model_deployment(namespace, "fraud"))
        await cluster.create(deployment(namespace, "fraud-r1", 1, ours("fraud")))
        await recording.until(lambda: "Pod" in recording.seen((namespace, "fraud")))
        assert recording._parts is not None
        cache = recording._parts.cache
        assert cache.get(kinds.DEPLOYMENT, namespace, "somebody-elses") is None
        assert cache.get(kinds.CONFIG_MAP, namespace, "somebody-elses") is None
        assert {key for key, _ in recording.calls if key[0] == namespace} == {(namespace, "fraud")}


async def test_nothing_is_written_to_anybodys_object(
    recording: Recording, connection: Connection, cluster: Cluster, namespace: str
) -> None:
    async with running(connection, recording):
        model = await cluster.create(model_deployment(namespace, "fraud"))
        service = {"ports": [{"port": 80}]}
        child = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"namespace": namespace, "name": "fraud", "labels": ours("fraud")},
            "spec": service,
        }
        made = await cluster.create(child)
        await recording.until(lambda: "Service" in recording.seen((namespace, "fraud")))
        changed = await cluster.merge_patch(kinds.MODEL_DEPLOYMENT, namespace, "fraud", {"spec": {"purpose": "Score"}})
        await recording.until(lambda: generation_last_seen(recording, (namespace, "fraud")) == 2)
        live = await cluster.get(kinds.MODEL_DEPLOYMENT, namespace, "fraud")
        assert live == changed
        assert not {"annotations", "finalizers"} & live["metadata"].keys()
        assert await cluster.get(kinds.SERVICE, namespace, "fraud") == made
        await cluster.delete(kinds.MODEL_DEPLOYMENT, namespace, "fraud", model["metadata"]["uid"])
        await recording.until(lambda: recording.of((namespace, "fraud"))[-1]["itself"] is None)


async def test_a_crash_of_the_api_server_is_survived(
    recording: Recording, connection: Connection, cluster: Cluster, namespace: str, plane: ControlPlane
) -> None:
    async with running(connection, recording):
        await cluster.create(model_deployment(namespace, "before"))
        await recording.until(lambda: bool(recording.of((namespace, "before"))))
        await asyncio.to_thread(plane.kill_apiserver)
        await asyncio.to_thread(plane.start_apiserver)
        await cluster.create(model_deployment(namespace, "after"))
        await recording.until(lambda: bool(recording.of((namespace, "after"))))
        await cluster.merge_patch(kinds.MODEL_DEPLOYMENT, namespace, "before", {"spec": {"purpose": "Score"}})
        await recording.until(lambda: generation_last_seen(recording, (namespace, "before")) == 2)


async def test_a_reconcile_that_runs_is_let_come_to_its_end(
    cluster: Cluster, connection: Connection, namespace: str
) -> None:
    ended = asyncio.Event()
    go_on = asyncio.Event()

    class Slow(Recording):
        async def reconcile(self, key: tuple[str, str]) -> float | None:
            await super().reconcile(key)
            # A part of it runs in a task of its own, begun after kopf: that one must not be cut off either.
            await asyncio.create_task(go_on.wait())
            ended.set()
            return None

    slow = Slow()
    await cluster.create(model_deployment(namespace, "fraud"))
    async with running(connection, slow, namespaces=(namespace,)):
        await slow.until(lambda: bool(slow.calls))
        asyncio.get_running_loop().call_later(0.5, go_on.set)
    assert ended.is_set()


async def test_only_the_namespaces_asked_for_are_served(
    cluster: Cluster, connection: Connection, recording: Recording, namespace: str
) -> None:
    async with running(connection, recording, namespaces=(namespace,)):
        await cluster.create(model_deployment("default", f"other-{namespace}"))
        await cluster.create(model_deployment(namespace, "fraud"))
        await recording.until(lambda: bool(recording.calls))
        assert {key for key, _ in recording.calls} == {(namespace, "fraud")}
        other = await cluster.get(kinds.MODEL_DEPLOYMENT, "default", f"other-{namespace}")
        await cluster.delete(kinds.MODEL_DEPLOYMENT, "default", f"other-{namespace}", other["metadata"]["uid"])


def _ready(seen: dict[str, Any]) -> int:
    """Ready replicas of the only Deployment; 0 while its event is behind those of its pods."""
    return sum(child.get("status", {}).get("readyReplicas", 0) for child in seen.get("Deployment", ()))

"""The client against a real API server: what each refusal and each failed precondition becomes."""

import asyncio
import json

import pytest

from dev.cluster.control_plane import ControlPlane
from tandem.cluster import kinds
from tandem.cluster.client import CHUNK, Cluster
from tandem.cluster.connection import connect
from tandem.cluster.errors import (
    AlreadyExists,
    ClusterBusy,
    ClusterRefused,
    Conflict,
    KindMissing,
    NotFound,
)
from tests.cluster.controller.objects import Object, config_map, deployment, model_deployment, ours

pytestmark = pytest.mark.cluster


async def test_what_is_created_is_read(cluster: Cluster, namespace: str) -> None:
    made = await cluster.create(config_map(namespace, "thresholds", a="1"))
    assert await cluster.get(kinds.CONFIG_MAP, namespace, "thresholds") == made


async def test_create_never_touches_what_exists(cluster: Cluster, namespace: str) -> None:
    await cluster.create(config_map(namespace, "thresholds", a="1"))
    with pytest.raises(AlreadyExists, match=f"create ConfigMap {namespace}/thresholds"):
        await cluster.create(config_map(namespace, "thresholds", a="2"))
    assert (await cluster.get(kinds.CONFIG_MAP, namespace, "thresholds"))["data"] == {"a": "1"}


async def test_missing_object_namespace_and_kind_are_told_apart(cluster: Cluster, namespace: str) -> None:
    with pytest.raises(NotFound):
        await cluster.get(kinds.CONFIG_MAP, namespace, "thresholds")
    with pytest.raises(NotFound, match="namespaces"):
        await cluster.create(config_map("no-such-namespace", "thresholds"))
    unknown = kinds.Kind("example.com/v1", "things", "Thing")
    with pytest.raises(KindMissing):
        await cluster.get(unknown, namespace, "one")
    with pytest.raises(KindMissing):
        await cluster.list(unknown)


async def test_apply_changes_the_object_with_this_uid(cluster: Cluster, namespace: str) -> None:
    made = await cluster.create(config_map(namespace, "thresholds", a="1"))
    applied = await cluster.apply(config_map(namespace, "thresholds", a="2"), made["metadata"]["uid"])
    assert applied["data"] == {"a": "2"}


async def test_apply_leaves_an_object_of_another_uid_alone(cluster: Cluster, namespace: str) -> None:
    await cluster.create(config_map(namespace, "thresholds", a="1"))
    with pytest.raises(Conflict):
        await cluster.apply(config_map(namespace, "thresholds", a="2"), "11111111-2222-3333-4444-555555555555")
    assert (await cluster.get(kinds.CONFIG_MAP, namespace, "thresholds"))["data"] == {"a": "1"}


async def test_apply_with_a_uid_never_creates(cluster: Cluster, namespace: str) -> None:
    with pytest.raises(NotFound):
        await cluster.apply(config_map(namespace, "thresholds", a="2"), "11111111-2222-3333-4444-555555555555")
    with pytest.raises(NotFound):
        await cluster.get(kinds.CONFIG_MAP, namespace, "thresholds")


async def test_apply_without_replicas_leaves_them_alone(cluster: Cluster, namespace: str) -> None:
    made = await cluster.create(deployment(namespace, "fraud-r1", replicas=2))
    unscaled = deployment(namespace, "fraud-r1", replicas=2)
    del unscaled["spec"]["replicas"]
    assert (await cluster.apply(unscaled, made["metadata"]["uid"]))["spec"]["replicas"] == 2


async def test_apply_empties_a_field_that_is_named_empty(cluster: Cluster, namespace: str) -> None:
    """And keeps one that is left out: creation had claimed it by another verb."""
    route = {
        "apiVersion": kinds.HTTP_ROUTE.api_version,
        "kind": kinds.HTTP_ROUTE.kind,
        "metadata": {"namespace": namespace, "name": "fraud"},
        "spec": {"parentRefs": [{"name": "public"}], "hostnames": ["models.example.com"]},
    }
    made = await cluster.create(route)
    without = {**route, "spec": {"parentRefs": [{"name": "public"}]}}
    empty = {**route, "spec": {"parentRefs": [{"name": "public"}], "hostnames": []}}
    uid = made["metadata"]["uid"]
    assert (await cluster.apply(without, uid))["spec"]["hostnames"] == ["models.example.com"]
    assert not (await cluster.apply(empty, uid))["spec"].get("hostnames")


async def test_merge_patch_holds_its_preconditions(cluster: Cluster, namespace: str) -> None:
    made = (await cluster.create(config_map(namespace, "thresholds", a="1")))["metadata"]
    await cluster.merge_patch(kinds.CONFIG_MAP, namespace, "thresholds", {"data": {"b": "2"}})
    for precondition in ({"resourceVersion": made["resourceVersion"]}, {"uid": "another"}):
        patch = {"metadata": precondition, "data": {"c": "3"}}
        with pytest.raises(Conflict):
            await cluster.merge_patch(kinds.CONFIG_MAP, namespace, "thresholds", patch)
    patched = await cluster.merge_patch(
        kinds.CONFIG_MAP, namespace, "thresholds", {"metadata": {"uid": made["uid"]}, "data": {"a": None}}
    )
    assert patched["data"] == {"b": "2"}


async def test_status_is_replaced_as_a_whole(cluster: Cluster, namespace: str) -> None:
    made = await cluster.create(model_deployment(namespace, "fraud"))
    stable = {"revision": "fraud-r1", "since": "2027-01-01T00:00:00Z"}
    first = await cluster.update_status(
        kinds.MODEL_DEPLOYMENT,
        namespace,
        "fraud",
        made["metadata"]["resourceVersion"],
        {"phase": "Serving", "stable": stable, "url": "http://models.example.com/fraud"},
    )
    assert first["status"]["stable"] == stable
    assert first["spec"] == made["spec"]
    second = await cluster.update_status(
        kinds.MODEL_DEPLOYMENT,
        namespace,
        "fraud",
        first["metadata"]["resourceVersion"],
        {"phase": "Pending", "stable": None},
    )
    assert second["status"]["phase"] == "Pending"
    assert not {"stable", "url"} & second["status"].keys()
    assert second["metadata"]["generation"] == made["metadata"]["generation"]


async def test_status_is_not_written_over_somebody_elses_change(cluster: Cluster, namespace: str) -> None:
    made = await cluster.create(model_deployment(namespace, "fraud"))
    await cluster.merge_patch(kinds.MODEL_DEPLOYMENT, namespace, "fraud", {"spec": {"purpose": "Score payments"}})
    with pytest.raises(Conflict):
        await cluster.update_status(
            kinds.MODEL_DEPLOYMENT, namespace, "fraud", made["metadata"]["resourceVersion"], {"phase": "Serving"}
        )
    assert "phase" not in (await cluster.get(kinds.MODEL_DEPLOYMENT, namespace, "fraud")).get("status", {})


async def test_a_status_that_the_schema_refuses_says_why(cluster: Cluster, namespace: str) -> None:
    made = await cluster.create(model_deployment(namespace, "fraud"))
    with pytest.raises(ClusterRefused, match=r"status\.phase") as refused:
        await cluster.update_status(
            kinds.MODEL_DEPLOYMENT, namespace, "fraud", made["metadata"]["resourceVersion"], {"phase": 3}
        )
    assert refused.value.reason == "Invalid"


async def test_scale_is_for_the_deployment_with_this_uid(cluster: Cluster, namespace: str) -> None:
    made = await cluster.create(deployment(namespace, "fraud-r1", replicas=1))
    scale = await cluster.scale(namespace, "fraud-r1", 3, made["metadata"]["uid"])
    live = await cluster.get(kinds.DEPLOYMENT, namespace, "fraud-r1")
    assert scale["spec"]["replicas"] == live["spec"]["replicas"] == 3
    with pytest.raises(Conflict):
        await cluster.scale(namespace, "fraud-r1", 5, "another")


async def test_delete_is_for_the_object_with_this_uid(cluster: Cluster, namespace: str) -> None:
    uid = (await cluster.create(config_map(namespace, "thresholds")))["metadata"]["uid"]
    with pytest.raises(Conflict):
        await cluster.delete(kinds.CONFIG_MAP, namespace, "thresholds", "another")
    assert await cluster.delete(kinds.CONFIG_MAP, namespace, "thresholds", uid) is None
    assert await cluster.delete(kinds.CONFIG_MAP, namespace, "thresholds", uid) is None


async def test_delete_tells_of_an_object_that_stays_for_a_while(cluster: Cluster, namespace: str) -> None:
    kept = config_map(namespace, "thresholds")
    kept["metadata"]["finalizers"] = ["example.com/wait"]
    uid = (await cluster.create(kept))["metadata"]["uid"]
    remains = await cluster.delete(kinds.CONFIG_MAP, namespace, "thresholds", uid)
    assert remains is not None
    assert "deletionTimestamp" in remains["metadata"]
    await cluster.merge_patch(kinds.CONFIG_MAP, namespace, "thresholds", {"metadata": {"finalizers": None}})


async def test_quota_is_a_refusal_with_the_servers_own_words(
    cluster: Cluster, namespace: str, plane: ControlPlane
) -> None:
    quota: Object = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "none"},
        "spec": {"hard": {"count/configmaps": "0"}},
    }
    await _kubectl_create(plane, namespace, quota)
    quotas = kinds.Kind("v1", "resourcequotas", "ResourceQuota")
    async with asyncio.timeout(30):
        while "used" not in (await cluster.get(quotas, namespace, "none")).get("status", {}):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    with pytest.raises(ClusterRefused, match="exceeded quota: none") as refused:
        await cluster.create(config_map(namespace, "over"))
    assert refused.value.reason == "Forbidden"


async def test_list_takes_chunks_and_names_what_it_lists(cluster: Cluster, namespace: str) -> None:
    count = CHUNK + 10
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            labels = ours("fraud") if number % 2 else {}
            group.create_task(cluster.create(config_map(namespace, f"c-{number}", labels)))
    found = await cluster.list(kinds.CONFIG_MAP, namespace)
    assert sum(item["metadata"]["name"].startswith("c-") for item in found.items) == count
    assert {item["kind"] for item in found.items} == {"ConfigMap"}
    assert int(found.resource_version) >= max(int(item["metadata"]["resourceVersion"]) for item in found.items)
    labelled = await cluster.list(kinds.CONFIG_MAP, namespace, kinds.MANAGED_SELECTOR)
    assert len(labelled.items) == count // 2


async def test_of_a_secret_only_the_metadata_is_read(cluster: Cluster, namespace: str, plane: ControlPlane) -> None:
    secret: Object = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}, "stringData": {"password": "x"}}
    await _kubectl_create(plane, namespace, secret)
    read = await cluster.get(kinds.SECRET, namespace, "db")
    assert read["metadata"]["name"] == "db"
    assert "data" not in read


async def test_an_api_server_that_is_away_is_busy(plane: ControlPlane) -> None:
    connection = await connect(str(plane.kubeconfig))
    connection.configuration.host = "https://127.0.0.1:1"
    async with Cluster(connection.configuration) as cluster:
        with pytest.raises(ClusterBusy, match="read ConfigMap demo/thresholds: no connection"):
            await cluster.get(kinds.CONFIG_MAP, "demo", "thresholds")


async def _kubectl_create(plane: ControlPlane, namespace: str, obj: Object) -> None:
    words = [str(plane.kubectl), "--kubeconfig", str(plane.kubeconfig), "create", "-n", namespace, "-f", "-"]
    process = await asyncio.create_subprocess_exec(*words, stdin=asyncio.subprocess.PIPE)
    await process.communicate(json.dumps(obj).encode())
    assert process.returncode == 0

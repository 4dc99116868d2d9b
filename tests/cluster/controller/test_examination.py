"""Examinations before a real API server: allowed where little is, and what the pod says outlives the operator."""

import asyncio
import functools
import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from tandem.cluster.client import Cluster
from tandem.cluster.connection import Connection
from tandem.cluster.kinds import DEPLOYMENT, MODEL_DEPLOYMENT, MODEL_REVISION, NAMESPACE, POD, SERVICE_ACCOUNT
from tandem.controller.reconcile import reconciler
from tandem.manifests.examination import ASKS, EXAMINER, EXAMINES_LABEL
from tandem.manifests.missed import ExaminerRole
from tandem.manifests.smoke import SMOKES_LABEL
from tests.cluster.controller.objects import Object, config_map, model_deployment
from tests.cluster.controller.running import PATIENCE, running
from tests.cluster.controller.test_readiness import condition, until
from tests.golden.manifests.test_examination import examination_manifests

pytestmark = pytest.mark.cluster

ENFORCE = "pod-security.kubernetes.io/enforce"
QUALITY: Object = {"path": "/predict", "edgeCases": {"rows": [{"configMap": "cases"}]}}
ROLE = ExaminerRole("ClusterRole", "view")
REAL: Any = SimpleNamespace(
    made_from=functools.partial(reconciler, examiner_image="registry.example.com/tandem:1", examiner_role=ROLE)
)


async def test_it_is_allowed_where_pod_security_is_restricted(cluster: Cluster, namespace: str) -> None:
    await cluster.merge_patch(NAMESPACE, "", namespace, {"metadata": {"labels": {ENFORCE: "restricted"}}})
    for manifest in examination_manifests():
        del manifest["metadata"]["ownerReferences"]  # the revision of the golden case is in no cluster
        manifest["metadata"]["namespace"] = namespace
        live = await cluster.create(manifest)
        assert live["metadata"]["labels"] == manifest["metadata"]["labels"]


async def examiner(cluster: Cluster, namespace: str, label: str = EXAMINES_LABEL) -> Object:
    """Return the pod that asks, once there is one."""
    async with asyncio.timeout(PATIENCE):
        while True:
            for pod in (await cluster.list(POD, namespace)).items:
                if label in pod["metadata"]["labels"] and "deletionTimestamp" not in pod["metadata"]:
                    return pod
            await asyncio.sleep(0.2)


async def says(cluster: Cluster, pod: Object, outcome: str) -> None:
    """Let the pod come to its end with this verdict."""
    word: Object = {"outcome": outcome, "message": "1 of 9 missed (young)", "asked": 9, "gates": []}
    if outcome == "Failed":
        word["cases"] = {"secret": "fraud-r1-quality-1", "kept": 1, "leftOut": 0}
    await ends(cluster, pod, word)


async def ends(cluster: Cluster, pod: Object, word: Object, at: str = "2026-03-01T12:00:00Z") -> None:
    """Let the pod come to its end, as the kubelet tells it; no container runs here."""
    terminated = {"exitCode": 0, "message": json.dumps(word), "finishedAt": at}
    status = {"name": EXAMINER, "image": "x", "imageID": "x", "ready": False, "restartCount": 0}
    patch = {"phase": "Succeeded", "containerStatuses": [{**status, "state": {"terminated": terminated}}]}
    meta = pod["metadata"]
    await cluster.merge_patch(POD, meta["namespace"], meta["name"], {"status": patch}, "status")


async def test_no_version_serves_before_its_verdict_and_what_serves_is_told_of_changed_questions(
    cluster: Cluster, connection: Connection, namespace: str
) -> None:
    await cluster.create(config_map(namespace, "cases"))
    await cluster.create(model_deployment(namespace, "fraud", quality=QUALITY))
    async with running(connection, REAL, namespaces=(namespace,)):
        asked = await examiner(cluster, namespace)
        account = await cluster.get(SERVICE_ACCOUNT, namespace, asked["spec"]["serviceAccountName"])
        assert account["metadata"]["ownerReferences"][0]["name"] == "fraud"
        found = await until(cluster, namespace, lambda status: "askedSince" in (status.get("candidate") or {}))
        assert "stable" not in found["status"]
    # The operator is away when the last answer comes in.
    await says(cluster, asked, "Passed")
    async with running(connection, REAL, namespaces=(namespace,)):
        await until(cluster, namespace, lambda status: "stable" in status)
        report = (await cluster.get(MODEL_REVISION, namespace, "fraud-r1"))["status"]["quality"]
        assert (report["outcome"], report["asked"], report["at"]) == ("Passed", 9, "2026-03-01T12:00:00Z")
        before = await cluster.get(DEPLOYMENT, namespace, "fraud-r1")

        await cluster.merge_patch(MODEL_DEPLOYMENT, namespace, "fraud", {"spec": {"quality": {"path": "/score"}}})
        again = await examiner(cluster, namespace)
        assert again["metadata"]["uid"] != asked["metadata"]["uid"]
        await says(cluster, again, "Failed")
        found = await until(cluster, namespace, lambda status: bool(condition(status, "QualityMissed")))
        said = condition(found["status"], "QualityMissed")["message"]
        assert "young" in said
        assert f"tandem cases fraud -n {namespace}" in said
        after = await cluster.get(DEPLOYMENT, namespace, "fraud-r1")
        assert after["metadata"]["generation"] == before["metadata"]["generation"]
    async with running(connection, REAL, namespaces=(namespace,)):
        changed = await cluster.merge_patch(MODEL_DEPLOYMENT, namespace, "fraud", {"spec": {"purpose": "Score"}})
        generation = changed["metadata"]["generation"]
        found = await until(cluster, namespace, lambda status: status.get("observedGeneration") == generation)
        assert condition(found["status"], "QualityMissed"), "a verdict is on record, and not come to again"
        pods = (await cluster.list(POD, namespace)).items
        assert not [pod for pod in pods if pod["metadata"]["labels"].get(EXAMINES_LABEL) and _is_new(pod, again)]


async def test_a_pod_that_comes_later_is_asked_and_told_of_until_it_is_gone(
    cluster: Cluster, connection: Connection, namespace: str
) -> None:
    await cluster.create(config_map(namespace, "cases"))
    await cluster.create(model_deployment(namespace, "fraud", quality=QUALITY, serving={"replicas": {"min": 1}}))
    async with running(connection, REAL, namespaces=(namespace,)):
        first = await examiner(cluster, namespace)
        await says(cluster, first, "Passed")
        await until(cluster, namespace, lambda status: "stable" in status)
        known = (await cluster.get(MODEL_REVISION, namespace, "fraud-r1"))["status"]["smoke"]["pods"]
        assert known == first["metadata"]["annotations"][ASKS].split(",")
        more = {"spec": {"serving": {"replicas": {"min": 2}}}}
        await cluster.merge_patch(MODEL_DEPLOYMENT, namespace, "fraud", more)
        smoker = await examiner(cluster, namespace, SMOKES_LABEL)
        beside, later = smoker["metadata"]["annotations"][ASKS].split(",")
        assert [beside] == known
    # The operator is away when the answers come in.
    word = {"passed": [], "missed": {later: "young: /risk is above 1"}, "asked": 9}
    await ends(cluster, smoker, word, datetime.now(UTC).isoformat(timespec="seconds"))
    async with running(connection, REAL, namespaces=(namespace,)):
        found = await until(cluster, namespace, lambda status: bool(condition(status, "QualityMissed")))
        [pod] = [each for each in (await cluster.list(POD, namespace)).items if each["metadata"]["uid"] == later]
        name = pod["metadata"]["name"]
        assert f"pod {name}: young: /risk is above 1" in condition(found["status"], "QualityMissed")["message"]
        assert condition(found["status"], "Ready")["status"] == "True"
        await cluster.delete(POD, namespace, name, later)
        await until(cluster, namespace, lambda status: not condition(status, "QualityMissed"))
        # The condition goes as soon as the pod is told to, the record once it is gone.
        revision = await until(
            cluster, namespace, lambda status: "missed" not in status["smoke"], MODEL_REVISION, "fraud-r1"
        )
        assert revision["status"]["smoke"]["pods"] == known


def _is_new(pod: Object, known: Object) -> bool:
    return bool(pod["metadata"]["uid"] != known["metadata"]["uid"])

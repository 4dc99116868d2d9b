"""What is kept of an object in memory."""

import copy
import json
from typing import Any

from tandem.cluster.kinds import CONFIG_MAP, DEPLOYMENT, POD, Object
from tandem.cluster.trim import trimmed
from tests.unit.cluster.objects import body


def with_bookkeeping(obj: Object) -> Object:
    applied = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "mine": "1"}
    return {**obj, "metadata": {**obj["metadata"], "managedFields": [{}], "annotations": applied}}


def test_bookkeeping_is_dropped_and_the_given_object_left_alone() -> None:
    full = with_bookkeeping(body(DEPLOYMENT, "d", 1, spec={"replicas": 2}, status={"readyReplicas": 1}))
    before = copy.deepcopy(full)
    kept = trimmed(full)
    assert full == before
    assert kept == {
        **body(DEPLOYMENT, "d", 1, spec={"replicas": 2}, status={"readyReplicas": 1}),
        "metadata": {**body(DEPLOYMENT, "d", 1)["metadata"], "annotations": {"mine": "1"}},
    }


def test_of_a_pod_the_state_is_kept_and_not_the_spec() -> None:
    container: dict[str, Any] = {
        "name": "bento",
        "ready": True,
        "restartCount": 1,
        "imageID": "sha256:1",
        "state": {"running": {}},
    }
    status = {
        "phase": "Running",
        "podIP": "10.0.0.1",
        "conditions": [{"type": "Ready", "status": "True", "lastProbeTime": None}],
        "containerStatuses": [{**container, "volumeMounts": [{}], "resources": {}}],
        "qosClass": "Burstable",
    }
    pod = body(POD, "p", 1, spec={"nodeName": "n", "containers": [{"env": []}]}, status=status)
    kept = trimmed(with_bookkeeping(pod))
    assert kept["spec"] == {"nodeName": "n"}
    assert kept["metadata"] == pod["metadata"]
    assert kept["status"] == {
        "phase": "Running",
        "podIP": "10.0.0.1",
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [container],
    }


def test_of_a_config_map_it_is_kept_that_it_is_there() -> None:
    kept = trimmed(body(CONFIG_MAP, "c", 1, data={"a": "1"}, binaryData={"b": ""}, immutable=True))
    assert kept == body(CONFIG_MAP, "c", 1, immutable=True)


def test_trimming_twice_changes_nothing() -> None:
    for obj in (body(POD, "p", 1), body(CONFIG_MAP, "c", 1, data={}), body(DEPLOYMENT, "d", 1)):
        once = trimmed(with_bookkeeping(obj))
        assert trimmed(once) == once


def test_equal_short_texts_of_different_objects_are_one_text() -> None:
    one, two = (trimmed(json.loads(json.dumps(body(DEPLOYMENT, "d", 1, status={"reason": "Because"})))) for _ in "12")
    assert one["status"]["reason"] is two["status"]["reason"]
    assert one["metadata"]["uid"] is two["metadata"]["uid"]

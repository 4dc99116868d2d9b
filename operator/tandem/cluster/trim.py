"""What Tandem keeps of an object in memory: 1,000 models have some 10,000 objects, and most of each is never read."""

import sys
from collections.abc import Mapping
from typing import Any, Final

from tandem.cluster.kinds import CONFIG_MAP, POD, Object
from tandem.manifests.examination import EXAMINES_LABEL

_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_SHORT: Final = 40
"""Characters: a uid has 36. Longer texts are hardly ever the same."""

_METADATA: Final = (
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
)
_POD_METADATA: Final = tuple(key for key in _METADATA if key not in {"annotations", "generation"})
_POD_STATUS: Final = ("phase", "reason", "message", "podIP", "startTime")
_POD_CONDITION: Final = ("type", "status", "reason", "message", "lastTransitionTime")
_CONTAINER_STATUS: Final = ("name", "ready", "started", "restartCount", "image", "imageID", "state", "lastState")


def trimmed(obj: Object) -> Object:
    """Return the part of an object that Tandem reads; the given one is left as it is.

    Of a Pod: identity, node, phase, conditions and container statuses; of one that asks others, whom. Of a ConfigMap of
    ours: that it is there (its content is immutable and named in its name). Of all others everything but bookkeeping.
    """
    kind = (obj.get("apiVersion"), obj.get("kind"))
    if kind == (POD.api_version, POD.kind):
        return _compact(_trimmed_pod(obj))
    kept = {**obj, "metadata": _trimmed_metadata(obj.get("metadata", {}), _METADATA)}
    if kind == (CONFIG_MAP.api_version, CONFIG_MAP.kind):
        kept.pop("data", None)
        kept.pop("binaryData", None)
    return _compact(kept)


def _compact(obj: Object) -> Object:
    """Return a copy whose keys and short texts are shared with all other objects: each parsed document brings its own.

    The same labels, uids, reasons and times stand in many objects; sharing them saves more than a quarter.
    """
    return {sys.intern(key): _shared(part) for key, part in obj.items()}


def _shared(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        return {sys.intern(key): _shared(part) for key, part in value.items()}
    if kind is str:
        return sys.intern(value) if len(value) <= _SHORT else value
    if kind is list:
        return [_shared(part) for part in value]
    return value


def _trimmed_pod(pod: Object) -> Object:
    status, metadata = pod.get("status", {}), pod.get("metadata", {})
    keys = _METADATA if EXAMINES_LABEL in (metadata.get("labels") or {}) else _POD_METADATA
    kept_status: dict[str, Any] = _picked(status, _POD_STATUS)
    if "conditions" in status:
        kept_status["conditions"] = [_picked(condition, _POD_CONDITION) for condition in status["conditions"]]
    for key in ("containerStatuses", "initContainerStatuses"):
        if key in status:
            kept_status[key] = [_picked(container, _CONTAINER_STATUS) for container in status[key]]
    return {
        "apiVersion": POD.api_version,
        "kind": POD.kind,
        "metadata": _trimmed_metadata(metadata, keys),
        "spec": _picked(pod.get("spec", {}), ("nodeName",)),
        "status": kept_status,
    }


def _trimmed_metadata(metadata: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    kept = _picked(metadata, keys)
    annotations = kept.get("annotations")
    if annotations and _LAST_APPLIED in annotations:
        kept["annotations"] = {key: value for key, value in annotations.items() if key != _LAST_APPLIED}
    return kept


def _picked(mapping: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: mapping[key] for key in keys if key in mapping}

"""The Job that measures a bento in a cluster: the pod that a revision would have, and beside it one that calls it.

Both containers are in one pod and see each other's processes: so memory, threads and CPU are read without rights on
nodes or on exec, SIGTERM comes while requests are in progress, and no network is measured. The Job removes itself some
time after it is over, and Kubernetes ends it after its deadline: whatever becomes of who started it.
"""

from collections.abc import Mapping
from typing import Any, Final

from tandem.api.objects import ModelDeployment
from tandem.manifests.bento import own_files
from tandem.manifests.configs import ConfigContent, ConfigCopy, copies
from tandem.manifests.declared import declare
from tandem.manifests.edges import edges
from tandem.manifests.probes import startup_probe
from tandem.manifests.template import pod_template

METER: Final = "meter"
METER_FOLDER: Final = "/etc/tandem-profile"
PROFILE_LABEL: Final = "tandem.dev/profile"

KEPT_SECONDS: Final = 120
"""How long a Job that is over stays, where nobody has removed it."""

GRACE_SECONDS: Final = 2
"""SIGTERM is measured by the meter; afterwards there is nothing to wait for."""

Objects = list[dict[str, Any]]


def profile_job(
    deployment: ModelDeployment,
    contents: Mapping[str, ConfigContent],
    name: str,
    meter_image: str,
    seconds: float,
    files: Mapping[str, str],
) -> tuple[dict[str, Any], Objects]:
    """Return the Job, and the objects that its pod mounts, which the Job is to own (`owned`).

    ``files``: what the meter reads, rows among them, therefore in a Secret. Raises ``DeclarationError``.
    """
    spec = deployment.spec
    declared = declare(spec, contents)
    values = declared.effective
    mounted = copies(name, declared.contents, own_files(values, edges(spec.requirements)))
    template = pod_template(deployment.metadata.name, name, values, mounted)
    labels = {PROFILE_LABEL: deployment.metadata.name}
    metadata = {"namespace": deployment.metadata.namespace, "labels": labels}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, **metadata},
        "spec": {
            "activeDeadlineSeconds": int(seconds),
            "backoffLimit": 0,
            "ttlSecondsAfterFinished": KEPT_SECONDS,
            "template": _pod(template, values, name, meter_image, labels),
        },
    }
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, **metadata}, "stringData": dict(files)}
    return job, [secret, *(_config_map(each, copy, metadata) for each, copy in sorted(mounted.items()))]


def owned(job: Mapping[str, Any], manifest: dict[str, Any]) -> dict[str, Any]:
    """Return an object as owned by the Job that was created: it goes when the Job goes."""
    meta = job["metadata"]
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": meta["name"], "uid": meta["uid"]}
    return {**manifest, "metadata": {**manifest["metadata"], "ownerReferences": [owner]}}


def _pod(
    template: dict[str, Any], values: Mapping[str, Any], name: str, meter_image: str, labels: Mapping[str, str]
) -> dict[str, Any]:
    """Return the revision's pod without what only a serving pod needs, under labels that no Service selects."""
    pod = dict(template["spec"])
    [bento] = pod["containers"]
    # Warm-up requests are the meter's to send, as a part of the start that it measures.
    bento = {**bento, "startupProbe": startup_probe({**values, "serving.startup.warmup": []})}
    del bento["lifecycle"]
    pod |= {
        "restartPolicy": "Never",
        "shareProcessNamespace": True,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "containers": [bento, _meter(meter_image, bento["securityContext"])],
        "volumes": [*pod.get("volumes", []), {"name": METER, "secret": {"secretName": name}}],
    }
    return {"metadata": {"labels": dict(labels)}, "spec": pod}


def _meter(image: str, security: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": METER,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python", "-m", "tandem.profiling", METER_FOLDER],
        # No CPU limit: callers that are held up would make the bento look slow.
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": {**security, "readOnlyRootFilesystem": True},
        "volumeMounts": [{"name": METER, "mountPath": METER_FOLDER, "readOnly": True}],
    }


def _config_map(name: str, copy: ConfigCopy, metadata: Mapping[str, Any]) -> dict[str, Any]:
    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}}
    if copy.content.data:
        made["data"] = dict(copy.content.data)
    if copy.content.binary_data:
        made["binaryData"] = dict(copy.content.binary_data)
    return made

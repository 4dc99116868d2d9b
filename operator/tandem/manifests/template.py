"""The pod template of a revision: rendered once, stored in the ModelRevision, never rendered again."""

import math
from collections.abc import Mapping
from typing import Any, Final

from tandem.api.names import POD_PORT, REVISION_LABEL
from tandem.manifests.bento import BENTO_CONFIG_VARIABLE, brings_own_config
from tandem.manifests.configs import ConfigCopy
from tandem.manifests.fields import ENV_FIELD, IMAGE_FIELD
from tandem.manifests.labels import revision_labels
from tandem.manifests.paths import BENTO_CONFIG_FILE, BENTO_HOME, TANDEM_FOLDER
from tandem.manifests.probes import liveness_probe, readiness_probe, startup_probe
from tandem.manifests.volumes import container_mounts, pod_volumes

CONTAINER: Final = "bento"
BENTO_USER: Final = 1034
"""The user that `bentoml containerize` makes; its name in the image does not satisfy runAsNonRoot."""

PRE_STOP_SECONDS: Final = 10
"""In this time endpoints and gateways forget the pod: a draining bento accepts connections that it never answers."""

KEEP_ALIVE_SECONDS: Final = 3900
"""A bento closes a connection that was idle for 5 s, and a request that a gateway sends on it in that moment is lost
(measured: a 503 at 5.003 s). So the gateway shall be the one that closes; Envoy does after an hour."""

EXIT_SECONDS: Final = 5
"""What a bento needs to exit after its last answer: 2.3 s (measured)."""


def pod_template(
    deployment: str, revision: str, values: Mapping[str, Any], config_maps: Mapping[str, ConfigCopy]
) -> dict[str, Any]:
    """Return the pod template of a revision, given its effective values and its ConfigMaps by name."""
    labels = revision_labels(deployment, revision)
    return {
        "metadata": {"labels": labels, "annotations": _annotations()},
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": grace_period_seconds(values["serving.timeout"]),
            "securityContext": pod_security(),
            "containers": [_container(values, config_maps)],
            **_present(_scheduling(values, revision)),
            **_present({"volumes": pod_volumes(values, config_maps)}),
        },
    }


def pod_security() -> dict[str, Any]:
    """Return the security context of every pod that Tandem makes: the bento's user, without further rights."""
    return {
        "runAsNonRoot": True,
        "runAsUser": BENTO_USER,
        "runAsGroup": BENTO_USER,
        "fsGroup": BENTO_USER,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security(*, read_only_root: bool) -> dict[str, Any]:
    """Return the security context of every container that Tandem makes."""
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": read_only_root,
    }


def grace_period_seconds(timeout: float) -> int:
    """Return how long a pod may take to go: out of the endpoints, its longest request answered, exited."""
    return PRE_STOP_SECONDS + math.ceil(timeout) + EXIT_SECONDS


def _annotations() -> dict[str, str]:
    return {"prometheus.io/scrape": "true", "prometheus.io/port": str(POD_PORT), "prometheus.io/path": "/metrics"}


def _container(values: Mapping[str, Any], config_maps: Mapping[str, ConfigCopy]) -> dict[str, Any]:
    secrets = [name for name, use in sorted(values["model.secrets"].items()) if use.get("env")]
    optional = {
        "envFrom": [{"secretRef": {"name": name}} for name in secrets],
        "resources": _resources(values),
        "volumeMounts": container_mounts(values, config_maps),
    }
    return {
        "name": CONTAINER,
        "image": values[IMAGE_FIELD],
        # Pods of one revision are to run one image: a tag that was pushed again is not pulled at a restart.
        "imagePullPolicy": "IfNotPresent",
        "args": ["serve", "--timeout-keep-alive", str(KEEP_ALIVE_SECONDS)],
        "ports": [{"name": "http", "containerPort": POD_PORT, "protocol": "TCP"}],
        "env": _env(values),
        "startupProbe": startup_probe(values),
        "readinessProbe": readiness_probe(),
        "livenessProbe": liveness_probe(),
        "lifecycle": {"preStop": {"sleep": {"seconds": PRE_STOP_SECONDS}}},
        "securityContext": container_security(read_only_root=values["serving.readOnlyRoot"]),
        # The last line of a bento that exits is then in the pod's status, where Tandem quotes it from.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        **_present(optional),
    }


def _env(values: Mapping[str, Any]) -> list[dict[str, str]]:
    env = {"BENTOML_DO_NOT_TRACK": "True"}
    if values["serving.readOnlyRoot"]:
        env["BENTOML_HOME"] = BENTO_HOME
    if not brings_own_config(values):
        env[BENTO_CONFIG_VARIABLE] = f"{TANDEM_FOLDER}/{BENTO_CONFIG_FILE}"
    env |= values[ENV_FIELD]
    # Kubernetes would expand $(NAME); values are literal, and "$$" is its way of writing "$".
    return [{"name": name, "value": value.replace("$", "$$")} for name, value in sorted(env.items())]


def _resources(values: Mapping[str, Any]) -> dict[str, Any]:
    named = {"requests": values["serving.resources.requests"], "limits": values["serving.resources.limits"]}
    return {name: dict(amounts) for name, amounts in _present(named).items()}


def _scheduling(values: Mapping[str, Any], revision: str) -> dict[str, Any]:
    own_pods = {"labelSelector": {"matchLabels": {REVISION_LABEL: revision}}}
    return {
        "nodeSelector": values["serving.nodeSelector"],
        "tolerations": values["serving.tolerations"],
        "affinity": values["serving.affinity"],
        "topologySpreadConstraints": [{**own_pods, **each} for each in values["serving.topologySpreadConstraints"]],
        "priorityClassName": values.get("serving.priorityClassName"),
        "serviceAccountName": values.get("serving.serviceAccountName"),
        "imagePullSecrets": [{"name": name} for name in values["model.imagePullSecrets"]],
    }


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is empty, as the API server does: a live object would never be equal to its manifest."""
    return {name: value for name, value in fields.items() if value}

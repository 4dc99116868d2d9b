"""The fields that decide how a version behaves: where each is declared, and what Tandem takes where it is not.

The names are stored in every ModelRevision: never rename one. A new field is added at the end of its part, with a
default that renders what was rendered without it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tandem.api.model import SecretRef
from tandem.api.serving import Toleration, WarmupRequest
from tandem.api.spec import ModelDeploymentSpec
from tandem.manifests.canonical import plain, quantities, seconds, unordered

TIMEOUT_SECONDS: Final = 60
"""BentoML's own default for a request."""

STARTUP_DEADLINE_SECONDS: Final = 180

REQUESTS: Final = {"cpu": "100m", "memory": "512Mi"}
"""What a small bento of one worker needs: about 260 MB idle, 300 MB under load (measured)."""

SPREAD: Final = [{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}]
"""Over the nodes where there are several; a full node is no reason not to serve."""

IMAGE_FIELD: Final = "model.image"
CONFIG_FIELD: Final = "model.config"
ENV_FIELD: Final = "model.env"


@dataclass(frozen=True)
class VersionField:
    """A field of the declared version."""

    name: str
    declared: Callable[[ModelDeploymentSpec], Any]
    """Its canonical value, or None where the author left it to Tandem."""
    default: Callable[[ModelDeploymentSpec], Any]
    """What Tandem takes then; None where there is simply nothing."""


def _nothing(_: ModelDeploymentSpec) -> None:
    return None


def _empty_map(_: ModelDeploymentSpec) -> dict[str, Any]:
    return {}


def _empty_list(_: ModelDeploymentSpec) -> list[Any]:
    return []


def _env(spec: ModelDeploymentSpec) -> dict[str, str] | None:
    return None if spec.model.env is None else {each.name: each.value for each in spec.model.env}


def _secret(ref: SecretRef) -> dict[str, Any]:
    return {"mountPath": mount(ref.mount_path)} if ref.mount_path else {"env": True}


def _secrets(spec: ModelDeploymentSpec) -> dict[str, Any] | None:
    return None if spec.model.secrets is None else {ref.secret: _secret(ref) for ref in spec.model.secrets}


def _pull_secrets(spec: ModelDeploymentSpec) -> list[str] | None:
    return None if spec.model.image_pull_secrets is None else sorted(set(spec.model.image_pull_secrets))


def _timeout(spec: ModelDeploymentSpec) -> int | float | None:
    return None if spec.serving.timeout is None else seconds(spec.serving.timeout)


def _requests(spec: ModelDeploymentSpec) -> dict[str, str] | None:
    return quantities(spec.serving.resources.requests) if spec.serving.resources else None


def _default_requests(spec: ModelDeploymentSpec) -> dict[str, str]:
    # Where only a limit is given, Kubernetes requests as much; a request of ours could exceed it.
    limits = _limits(spec) or {}
    return {name: amount for name, amount in REQUESTS.items() if name not in limits}


def _limits(spec: ModelDeploymentSpec) -> dict[str, str] | None:
    return quantities(spec.serving.resources.limits) if spec.serving.resources else None


def _deadline(spec: ModelDeploymentSpec) -> int | float | None:
    startup = spec.serving.startup
    return seconds(startup.deadline) if startup and startup.deadline is not None else None


def _warmup_request(request: WarmupRequest) -> dict[str, Any]:
    return {"path": request.path} if request.body is None else {"path": request.path, "body": plain(request.body)}


def _warmup(spec: ModelDeploymentSpec) -> list[dict[str, Any]] | None:
    startup = spec.serving.startup
    return [_warmup_request(each) for each in startup.warmup] if startup and startup.warmup is not None else None


def _toleration(toleration: Toleration) -> dict[str, Any]:
    return {"operator": "Equal", **toleration.to_dict()}


def _tolerations(spec: ModelDeploymentSpec) -> list[Any] | None:
    return None if spec.serving.tolerations is None else unordered(map(_toleration, spec.serving.tolerations))


def _spread(spec: ModelDeploymentSpec) -> list[Any] | None:
    constraints = spec.serving.topology_spread_constraints
    return None if constraints is None else unordered(constraints)


def mount(path: str) -> str:
    """Return a folder without trailing slashes."""
    return path.rstrip("/") or "/"


FIELDS: Final[tuple[VersionField, ...]] = (
    VersionField(IMAGE_FIELD, lambda spec: spec.model.image, _nothing),
    VersionField("model.service", lambda spec: spec.model.service, _nothing),
    VersionField(ENV_FIELD, _env, _empty_map),
    VersionField("model.secrets", _secrets, _empty_map),
    VersionField("model.imagePullSecrets", _pull_secrets, _empty_list),
    VersionField("serving.timeout", _timeout, lambda _: TIMEOUT_SECONDS),
    VersionField("serving.resources.requests", _requests, _default_requests),
    VersionField("serving.resources.limits", _limits, _empty_map),
    VersionField("serving.startup.deadline", _deadline, lambda _: STARTUP_DEADLINE_SECONDS),
    VersionField("serving.startup.warmup", _warmup, _empty_list),
    VersionField("serving.readOnlyRoot", lambda spec: spec.serving.read_only_root, lambda _: True),
    VersionField("serving.nodeSelector", lambda spec: spec.serving.node_selector, _empty_map),
    VersionField("serving.tolerations", _tolerations, _empty_list),
    VersionField("serving.affinity", lambda spec: plain(spec.serving.affinity), _empty_map),
    VersionField("serving.topologySpreadConstraints", _spread, lambda _: SPREAD),
    VersionField("serving.priorityClassName", lambda spec: spec.serving.priority_class_name, _nothing),
    VersionField("serving.serviceAccountName", lambda spec: spec.serving.service_account_name, _nothing),
)
"""Every field but the ConfigMaps (``model.config``), whose content is compared."""

"""A hand-made Deployment of a bento, read as the ModelDeployment that means the same; and what none can say."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from tandem.api.model import EnvVar
from tandem.api.names import POD_PORT, SERVICE_PORT
from tandem.api.values import duration_seconds
from tandem.manifests.paths import BENTO_HOME, MONITORING, TEMPORARY
from tandem.manifests.template import BENTO_USER

Object = Mapping[str, Any]

PROVIDED: Final = frozenset({"BENTOML_DO_NOT_TRACK", "BENTOML_HOME", "BENTOML_PORT", "PORT", "BENTOML_HOST"})
"""Variables that Tandem sets itself, or that say only where the bento listens."""

_POD_FIELDS: Final = {
    "nodeSelector": "nodeSelector",
    "tolerations": "tolerations",
    "affinity": "affinity",
    "topologySpreadConstraints": "topologySpreadConstraints",
    "priorityClassName": "priorityClassName",
}
_POD_IGNORED: Final = frozenset(
    [
        "containers",
        "volumes",
        "imagePullSecrets",
        "serviceAccountName",
        "serviceAccount",
        "securityContext",
        "restartPolicy",
        "dnsPolicy",
        "schedulerName",
        "terminationGracePeriodSeconds",
        "automountServiceAccountToken",
        "enableServiceLinks",
    ]
)
_CONTAINER_IGNORED: Final = frozenset(
    [
        "name",
        "image",
        "imagePullPolicy",
        "env",
        "envFrom",
        "resources",
        "ports",
        "livenessProbe",
        "readinessProbe",
        "startupProbe",
        "volumeMounts",
        "terminationMessagePath",
        "terminationMessagePolicy",
        "securityContext",
        "command",
        "args",
        "lifecycle",
    ]
)


class Unreadable(Exception):
    """A Deployment that no ModelDeployment can be made of; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Existing:
    """What runs, as the API server sends it, and the contents of the ConfigMaps that it names."""

    deployment: Object
    config_maps: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """The parts of a spec that mean the same, and what could not be carried over."""

    model: dict[str, Any]
    serving: dict[str, Any]
    lost: tuple[str, ...]
    """Each says what, and what to do about it."""


def read_existing(existing: Existing) -> Reading:
    """Return what a Deployment says in a ModelDeployment's words. Raises `Unreadable`."""
    spec = existing.deployment["spec"]
    pod = spec["template"]["spec"]
    containers: Sequence[Object] = pod["containers"]
    bento = next((each for each in containers if _listens(each)), containers[0])
    lost: list[str] = []
    env, secrets = _environment(bento, existing, lost)
    config, mounted, writable = _mounts(bento, pod, lost)
    secrets = _once([*secrets, *mounted], lost)
    model: dict[str, Any] = {"image": bento["image"]}
    if name := _literal(bento, "BENTOML_SERVE_SERVICE_NAME"):
        model["service"] = name
    pulls = [each["name"] for each in pod.get("imagePullSecrets") or []]
    model |= _present({"env": env, "config": config, "secrets": secrets, "imagePullSecrets": pulls})
    lost.extend(_lost_of_pod(pod, bento, writable))
    return Reading(model, _serving(spec, pod, bento), tuple(lost))


def _listens(container: Object) -> bool:
    return any(port.get("containerPort") == POD_PORT for port in container.get("ports") or [])


def _literal(container: Object, name: str) -> str | None:
    return next((each.get("value") for each in container.get("env") or [] if each["name"] == name), None)


def _environment(bento: Object, existing: Existing, lost: list[str]) -> tuple[list[Object], list[Object]]:
    env: dict[str, str] = {}
    secrets: list[Object] = []
    for source in bento.get("envFrom") or []:
        what = "configMapRef" if "configMapRef" in source else "secretRef"
        name = (source.get(what) or {}).get("name", "?")
        if source.get("prefix"):
            lost.append(f"variables of {what} {name} with the prefix {source['prefix']}: name them one by one")
        elif what == "secretRef":
            secrets.append({"secret": name, "env": True})
        elif name in existing.config_maps:
            env |= existing.config_maps[name]
            lost.append(f"ConfigMap {name}, given as variables: its values of today are written into model.env")
        else:
            lost.append(f"ConfigMap {name}, given as variables: it cannot be read; write its values into model.env")
    for each in bento.get("env") or []:
        if each["name"] in PROVIDED or each["name"] == "BENTOML_SERVE_SERVICE_NAME":
            continue
        value = _value(each, existing, lost, secrets)
        if value is not None:
            env[each["name"]] = value
    return list(_variables(env, lost)), secrets


def _variables(env: Mapping[str, str], lost: list[str]) -> Iterator[Object]:
    """Yield what the API takes as variables: a ConfigMap given as variables may hold whole files as well."""
    for name, value in env.items():
        try:
            yield EnvVar(name=name, value=value).to_dict()
        except ValidationError as error:
            if any(each["loc"] == ("name",) for each in error.errors()):
                lost.append(
                    f"variable {name}: its name holds other than letters, digits and '_', begins with a digit, or "
                    "is longer than 128; rename it, or mount it as a file (model.config)"
                )
            else:
                lost.append(
                    f"variable {name}: its value has {len(value)} characters, model.env takes 8192; mount it as a file "
                    "(model.config), or keep it in a Secret (model.secrets with env: true)"
                )


def _value(variable: Object, existing: Existing, lost: list[str], secrets: list[Object]) -> str | None:
    name, source = variable["name"], variable.get("valueFrom") or {}
    if not source:
        value = str(variable.get("value", ""))
        if "$(" in value:
            lost.append(f"variable {name} refers to other variables ($(…)): write out what it means; it is literal now")
        return value
    if reference := source.get("configMapKeyRef"):
        found = existing.config_maps.get(reference["name"], {}).get(reference["key"])
        lost.append(
            f"variable {name}, from ConfigMap {reference['name']}: "
            + ("it cannot be read; give its value" if found is None else "its value of today is written into model.env")
        )
        return found
    if reference := source.get("secretKeyRef"):
        if reference["key"] == name:
            secrets.append({"secret": reference["name"], "env": True})
            return None
        lost.append(
            f"variable {name}, from key {reference['key']} of Secret {reference['name']}: make a Secret whose key is "
            f"called {name}, and name it in model.secrets with env: true"
        )
        return None
    lost.append(f"variable {name}, from {', '.join(source)}: it has no counterpart")
    return None


def _once(secrets: Sequence[Object], lost: list[str]) -> list[Object]:
    """A Secret is used in one way: as variables, or as files."""
    kept: dict[str, Object] = {}
    for each in secrets:
        kept.setdefault(each["secret"], each)
    lost.extend(
        f"Secret {each['secret']} is used twice: make a copy of it for {each.get('mountPath', 'variables')}"
        for each in secrets
        if kept[each["secret"]] != each
    )
    return list(kept.values())


def _mounts(bento: Object, pod: Object, lost: list[str]) -> tuple[list[Object], list[Object], set[str]]:
    volumes = {volume["name"]: volume for volume in pod.get("volumes") or []}
    config: list[Object] = []
    secrets: list[Object] = []
    writable: set[str] = set()
    for mount in bento.get("volumeMounts") or []:
        path, volume = mount["mountPath"].rstrip("/") or "/", volumes.get(mount["name"], {})
        source = volume.get("configMap") or volume.get("secret") or {}
        if mount.get("subPath") or source.get("items"):
            lost.append(f"{path}: single keys are mounted there; Tandem mounts a whole ConfigMap or Secret as a folder")
        elif "configMap" in volume:
            config.append({"configMap": source["name"], "mountPath": path})
        elif "secret" in volume:
            secrets.append({"secret": source["secretName"], "mountPath": path})
        elif "emptyDir" in volume:
            writable.add(path)
        elif path != "/var/run/secrets/kubernetes.io/serviceaccount":
            kinds = [key for key in volume if key != "name"]
            lost.append(f"{path}: a volume of kind {', '.join(kinds) or '?'} has no counterpart; put it into the image")
    return config, secrets, writable


def _serving(spec: Object, pod: Object, bento: Object) -> dict[str, Any]:
    security = {**(pod.get("securityContext") or {}), **(bento.get("securityContext") or {})}
    account = pod.get("serviceAccountName")
    return _present(
        {
            "timeout": _timeout(bento),
            "replicas": {"min": max(1, int(spec.get("replicas", 1)))},
            "resources": _present({part: (bento.get("resources") or {}).get(part) for part in ("requests", "limits")}),
            "startup": _present({"deadline": _deadline(bento)}),
            # What the image may write to today it may write to afterwards, unless it has shown that it need not.
            "readOnlyRoot": None if security.get("readOnlyRootFilesystem") is True else False,
            **{ours: pod.get(theirs) for theirs, ours in _POD_FIELDS.items()},
            "serviceAccountName": account if account != "default" else None,
        }
    )


def _timeout(bento: Object) -> str | None:
    """Return the bento's own request timeout, where its variables say so."""
    for word in (_literal(bento, "BENTOML_CONFIG_OPTIONS") or "").split():
        key, _, value = word.partition("=")
        if key.endswith("traffic.timeout") and value.isdigit():
            return f"{value}s"
    return None


def _deadline(bento: Object) -> str | None:
    """Return how long a pod may take to start: until the kubelet would restart it."""
    probe = bento.get("startupProbe") or bento.get("livenessProbe")
    if not probe:
        return None
    seconds = probe.get("initialDelaySeconds", 0) + probe.get("periodSeconds", 10) * probe.get("failureThreshold", 3)
    return f"{max(1, math.ceil(seconds))}s"


def _lost_of_pod(pod: Object, bento: Object, writable: set[str]) -> Iterator[str]:
    for path in sorted(writable - {TEMPORARY, BENTO_HOME, MONITORING, "/home/bentoml"}):
        yield f"{path}: an empty folder to write to; Tandem has one at {TEMPORARY}"
    others = [each["name"] for each in [*pod["containers"], *(pod.get("initContainers") or [])] if each is not bento]
    if others:
        yield f"containers beside the bento ({', '.join(others)}): Tandem runs the bento alone"
    words = [*(bento.get("command") or []), *(bento.get("args") or [])]
    if not _only_serves(words):
        yield f"the command {' '.join(map(str, words))[:120]!r}: Tandem starts the image's own entry point with `serve`"
    if not _listens(bento) and bento.get("ports"):
        yield f"its port: Tandem asks the bento on port {POD_PORT}; remove PORT and BENTOML_PORT from its settings"
    user = {**(pod.get("securityContext") or {}), **(bento.get("securityContext") or {})}.get("runAsUser")
    if user not in (None, BENTO_USER):
        yield f"user {user}: Tandem runs it as {BENTO_USER}, the user that `bentoml containerize` makes"
    if pod.get("serviceAccountName") not in (None, "default") and pod.get("automountServiceAccountToken") is not False:
        yield f"the token of service account {pod['serviceAccountName']}: Tandem does not mount it"
    for key in sorted({*pod} - _POD_IGNORED - {*_POD_FIELDS} - {"initContainers"}):
        yield f"the pod's {key}: it has no counterpart"
    for key in sorted({*bento} - _CONTAINER_IGNORED):
        yield f"the container's {key}: it has no counterpart"


def _only_serves(words: Sequence[str]) -> bool:
    """Say whether a command does what Tandem's does; how long idle connections stay open is Tandem's business."""
    if "--timeout-keep-alive" in words:
        at = words.index("--timeout-keep-alive")
        words = [*words[:at], *words[at + 2 :]]
    return list(words) in ([], ["serve"], ["bentoml", "serve"])


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, {}, [], "")}


def longest_seconds(reading: Reading, default: float) -> float:
    """Return how long a request to the old pods may take: after it, none is on its way any more."""
    timeout = reading.serving.get("timeout")
    return default if timeout is None else duration_seconds(timeout)


def service_of(deployment: Object, services: Sequence[Object]) -> Object | None:
    """Return the Service that points at the Deployment's pods; of several the one that has most of its name."""
    labels = (deployment["spec"]["template"]["metadata"] or {}).get("labels") or {}
    pointing = [
        each
        for each in services
        if (selector := (each["spec"].get("selector") or {})) and selector.items() <= labels.items()
    ]
    own = deployment["metadata"]["name"]
    return min(pointing, key=lambda each: (each["metadata"]["name"] != own, each["metadata"]["name"]), default=None)


def keeps_its_port(service: Object) -> bool:
    """Say whether Tandem's Service of the same name is called as this one: on the one port 80, named http.

    kube-proxy knows a port by its name: under another one nobody answers until the endpoints follow (seen: two requests
    of ten a second were refused).
    """
    ports = [(port["port"], port.get("name")) for port in service["spec"].get("ports") or []]
    return ports == [(SERVICE_PORT, "http")]

"""The pod that examines a candidate before it gets requests: Tandem's own image, the rows mounted.

Rows go from their ConfigMap or Secret, or from the bento's image, straight into the pod: the operator reads none. What
it found is its termination message, in counts and names; for what else it keeps see `tandem.manifests.missed`.
"""

import hashlib
import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tandem.api.names import POD_PORT
from tandem.api.objects import ModelDeployment, ModelRevision
from tandem.api.quality import Quality, RowSource
from tandem.api.values import duration_seconds
from tandem.manifests.labels import deployment_labels, deployment_of, metadata_of_revision
from tandem.manifests.missed import KEEPS_NOTHING, Keeping, keeping_env, keeping_mounts, keeping_pod, keeping_volumes
from tandem.manifests.template import CONTAINER, container_security, pod_security
from tandem.manifests.text import from_yaml

EXAMINES_LABEL: Final = "tandem.dev/examines"
"""On the pod: the revision. It lacks the label that Services and the revision's Deployment select by."""

ASKS: Final = "tandem.dev/asks"
"""Annotation of the pod: the uids of those that it asks."""

EXAMINER: Final = "examiner"
ASKED: Final = "requests asked"
"""What the examiner writes after the count of them, now and then."""
_START_SECONDS: Final = 300
"""Scheduling, pulling the image and waiting for the candidate, on top of the declared duration."""

LARGEST_SOURCE: Final = 256 * 1024 * 1024
"""Bytes of one source of rows."""

LONGEST_WORD: Final = 3 * 1024
"""Bytes of the last word of a pod that asks: of all containers of a pod the kubelet keeps 12 KiB, in equal parts.

It has two at most, and whatever a mesh or a vault puts beside them may be two more.
"""

_COPY: Final = """\
set -e
most="$1"; shift
while [ "$#" -gt 0 ]; do
  head -c "$most" -- "$2" > "/copied/$1/rows.jsonl"
  shift 2
done
"""
"""No more than it takes to know that it is too much: a path may lead to what never ends, and the node has one disk."""

_PLAN: Final = "/tandem/plan"
_ROWS: Final = "/tandem/rows"


@dataclass(frozen=True)
class Examination:
    """Who is to be examined, and on what."""

    revision: str
    attempt: int
    inputs: str
    """Digest of all that a verdict depends on; another one is another examination."""
    candidate: tuple[str, ...]
    """Addresses of its pods."""
    stable: tuple[str, ...] = ()
    pods: tuple[str, ...] = ()
    """Uids of the candidate's pods."""

    @property
    def name(self) -> str:
        """Name of its pod."""
        return examination_name(self.revision, self.attempt, self.inputs)


def examination_name(revision: str, attempt: int, inputs: str) -> str:
    """Return the name of an examination's pod."""
    return f"{revision}-quality-{attempt}-{inputs[:10]}"


def inputs_digest(deployment: ModelDeployment, revision: ModelRevision, rows: Mapping[str, str]) -> str:
    """Return the digest of what a verdict depends on; ``rows``: the editions of the ConfigMaps, by name."""
    quality, stable = deployment.spec.quality, deployment.status.stable
    beside = stable.revision if stable is not None and quality is not None and quality.asks_stable else None
    return _digest(deployment, revision, rows, beside)


def questions_digest(deployment: ModelDeployment, revision: ModelRevision, rows: Mapping[str, str]) -> str:
    """Return the same where nobody else is asked."""
    return _digest(deployment, revision, rows, None)


def _digest(deployment: ModelDeployment, revision: ModelRevision, rows: Mapping[str, str], beside: str | None) -> str:
    parts = [revision.metadata.uid, plan_text(deployment, revision.metadata.name), sorted(rows.items()), beside]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def longest_seconds(quality: Quality) -> int:
    """Return the seconds after which a pod that asks is ended by its node."""
    return math.ceil(duration_seconds(quality.limits.duration)) + _START_SECONDS


def row_config_maps(quality: Quality) -> list[str]:
    """Return the names of the ConfigMaps with rows."""
    return sorted({source.config_map for _, source in _sources(quality) if source.config_map is not None})


def plan_text(deployment: ModelDeployment, revision: str) -> str:
    """Return what the pod is to ask, without whom."""
    quality, interface = deployment.spec.quality, deployment.spec.model.interface or []
    assert quality is not None
    # What is kept of it changes no verdict, so it is none of the questions.
    asked = {name: value for name, value in quality.to_dict().items() if name != "report"}
    plan = {
        "revision": revision,
        "quality": asked,
        "interface": [route.to_dict() for route in interface],
    }
    return json.dumps(plan, sort_keys=True, ensure_ascii=False)


def plan_manifest(deployment: ModelDeployment, revision: ModelRevision) -> dict[str, Any]:
    """Return the ConfigMap with the plan; one for all examinations on the same questions, deleted with the revision."""
    text = plan_text(deployment, revision.metadata.name)
    name = f"{revision.metadata.name}-questions-{hashlib.sha256(text.encode()).hexdigest()[:10]}"
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata_of_revision(revision, name),
        "immutable": True,
        "data": {"plan.json": text},
    }


def examiner_manifest(
    deployment: ModelDeployment,
    revision: ModelRevision,
    examination: Examination,
    image: str,
    keeping: Keeping = KEEPS_NOTHING,
) -> dict[str, Any]:
    """Return the pod."""
    quality = deployment.spec.quality
    assert quality is not None
    plan = plan_manifest(deployment, revision)
    metadata = metadata_of_revision(revision, examination.name)
    metadata["labels"] = {**deployment_labels(deployment_of(revision)), EXAMINES_LABEL: examination.revision}
    metadata["annotations"] = {ASKS: ",".join(examination.pods)}
    template = from_yaml(revision.spec.template)["spec"]
    bento = next(container for container in template["containers"] if container["name"] == CONTAINER)
    sources = _sources(quality)
    files = {folder: source.path for folder, source in sources if source.path is not None}
    pull = {"imagePullSecrets": template["imagePullSecrets"]} if "imagePullSecrets" in template else {}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "activeDeadlineSeconds": longest_seconds(quality),
            "terminationGracePeriodSeconds": 5,
            "securityContext": pod_security(),
            **pull,
            **keeping_pod(keeping, own_pull=bool(pull)),
            **({"initContainers": [_copy(files, bento["image"])]} if files else {}),
            "containers": [_container(examination, sources, image, keeping, revision)],
            "volumes": [
                {"name": "plan", "configMap": {"name": plan["metadata"]["name"]}},
                *(_volume(folder, source) for folder, source in sources),
                *keeping_volumes(keeping),
            ],
        },
    }


def _sources(quality: Quality) -> list[tuple[str, RowSource]]:
    """Return each source of rows with the folder that the examiner looks for it in."""
    cases = quality.edge_cases.rows if quality.edge_cases is not None else []
    rows = quality.slices.rows if quality.slices is not None else []
    named = [(f"cases-{index}", source) for index, source in enumerate(cases)]
    return [*named, *((f"rows-{index}", source) for index, source in enumerate(rows))]


def _container(
    examination: Examination,
    sources: Sequence[tuple[str, RowSource]],
    image: str,
    keeping: Keeping,
    revision: ModelRevision,
) -> dict[str, Any]:
    env = {
        "PLAN_FILE": f"{_PLAN}/plan.json",
        "ROWS_FOLDER": _ROWS,
        "MESSAGE_FILE": "/dev/termination-log",
        "CANDIDATE": ",".join(_url(address) for address in examination.candidate),
        "STABLE": ",".join(_url(address) for address in examination.stable),
    }
    rows = [(folder, f"{_ROWS}/{folder}") for folder, _ in sources]
    mounts = [("plan", _PLAN), *rows, *keeping_mounts(keeping)]
    return {
        "name": EXAMINER,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python", "-m", "tandem.examiner"],
        "env": [
            *({"name": name, "value": value} for name, value in env.items()),
            *keeping_env(revision, examination.name, keeping),
        ],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": container_security(read_only_root=True),
        "volumeMounts": [{"name": name, "mountPath": path, "readOnly": True} for name, path in mounts],
    }


def _copy(files: Mapping[str, str], image: str) -> dict[str, Any]:
    """Return what copies files of rows out of the bento's image, paths by folder: all of them (see `LONGEST_WORD`)."""
    return {
        "name": "rows",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-c", _COPY, "sh", str(LARGEST_SOURCE + 1), *itertools.chain(*files.items())],
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
        "securityContext": container_security(read_only_root=True),
        "volumeMounts": [{"name": folder, "mountPath": f"/copied/{folder}"} for folder in files],
    }


def _volume(folder: str, source: RowSource) -> dict[str, Any]:
    # Optional: a pod that waits for a volume says nothing, and the examiner can say what is missing.
    if source.config_map is not None:
        return {"name": folder, "configMap": {"name": source.config_map, "optional": True}}
    if source.secret is not None:
        return {"name": folder, "secret": {"secretName": source.secret, "optional": True}}
    return {"name": folder, "emptyDir": {"sizeLimit": "300Mi"}}


def _url(address: str) -> str:
    return f"http://[{address}]:{POD_PORT}" if ":" in address else f"http://{address}:{POD_PORT}"

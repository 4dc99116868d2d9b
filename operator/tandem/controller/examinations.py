"""What is known of examinations: what they depend on, how far they are, what came of them.

The rows are not read here. Of a ConfigMap only its edition is looked at, so that changed rows are asked anew; a Secret
may be read by nobody but the pod that it is mounted into, and counts by its name.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import ValidationError

from tandem.api.objects import ModelDeployment
from tandem.api.revision import QualityReport
from tandem.cluster.config import ConfigReader
from tandem.cluster.errors import ClusterError
from tandem.cluster.kinds import Object
from tandem.manifests.examination import (
    EXAMINER,
    EXAMINES_LABEL,
    examination_name,
    inputs_digest,
    row_config_maps,
)
from tandem.rollout.observation import QualityState, RevisionState

AGAIN_AFTER: Final = timedelta(seconds=30)
"""What kept an examination from a verdict may be mended by now."""

START_AGAIN: Final = "it ended without a word, and begins anew"
_NO_IMAGE: Final = (
    "this operator was started without --examiner-image, so it can ask no version: name its own image there "
    "(the Helm chart does), or take out spec.quality"
)


class Examinations:
    """Looks at examinations. ``image``: Tandem's own; ``editions`` reads ConfigMaps' metadata only."""

    def __init__(self, editions: ConfigReader, image: str | None) -> None:
        self._editions = editions
        self._image = image

    async def state(
        self, deployment: ModelDeployment, states: Mapping[str, RevisionState], pods: Iterable[Object], now: datetime
    ) -> QualityState | None:
        """Return what is known of the candidate's examination; None where spec.quality is not declared."""
        mine = [pod for pod in pods if EXAMINES_LABEL in (pod["metadata"].get("labels") or {})]
        slot, quality = deployment.status.candidate, deployment.spec.quality
        if quality is None or slot is None or slot.revision not in states:
            return QualityState("", "", obsolete=_names(mine)) if mine else None
        revision = states[slot.revision].revision
        if slot.weight > 0 or slot.judged_since is not None:
            return QualityState("", "", obsolete=_names(mine)) if mine else None
        if self._image is None:
            return QualityState(slot.revision, "", trouble=_NO_IMAGE, obsolete=_names(mine))
        try:
            rows = await self._rows(deployment.metadata.namespace, row_config_maps(quality))
        except ClusterError as error:
            return QualityState(slot.revision, "", trouble=str(error))
        inputs = inputs_digest(deployment, revision, slot.attempt, rows)
        name = examination_name(slot.revision, inputs)
        others = _names(pod for pod in mine if pod["metadata"]["name"] != name)
        known = revision.status.quality
        if known is not None and known.inputs == inputs:
            return _decided(slot.revision, known, _names(mine))
        pod = next((pod for pod in mine if pod["metadata"]["name"] == name), None)
        return _told(slot.revision, inputs, pod, others, now)

    async def _rows(self, namespace: str, names: Iterable[str]) -> dict[str, str]:
        found = {}
        for name in names:
            config = await self._editions.read(namespace, name)
            meta = config["metadata"] if config is not None else {}
            found[name] = f"{meta.get('uid', '')}/{meta.get('resourceVersion', '')}"
        return found


def _decided(revision: str, known: QualityReport, obsolete: tuple[str, ...]) -> QualityState:
    return QualityState(
        revision, known.inputs, known.outcome, known.message, report=known.to_dict(), obsolete=obsolete
    )  # fmt: skip


def _told(revision: str, inputs: str, pod: Object | None, others: tuple[str, ...], now: datetime) -> QualityState:
    """Read the examination's pod: its last word where it has ended, what keeps it where it has not begun."""
    if pod is None:
        return QualityState(revision, inputs, message="the pod that asks is being made", obsolete=others)
    name, status = pod["metadata"]["name"], pod.get("status", {})
    ended = _terminated(status)
    if status.get("phase") not in ("Succeeded", "Failed"):
        return QualityState(revision, inputs, message="it is being asked", trouble=_kept(name, status), obsolete=others)
    word = _last_word(ended)
    try:
        report = QualityReport.model_validate({**word, "inputs": inputs, "at": now})
    except ValidationError:
        trouble = str(word.get("trouble") or _end(name, status, ended))
        over = _finished(ended)
        again = over is None or now - over >= AGAIN_AFTER
        return QualityState(
            revision, inputs, message=START_AGAIN, trouble=trouble, obsolete=(*others, name) if again else others
        )
    return QualityState(revision, inputs, report.outcome, report.message, report=word, obsolete=others)


def _last_word(ended: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        word = json.loads(ended.get("message") or "{}")
    except ValueError:
        return {}
    return word if isinstance(word, Mapping) else {}


def _terminated(status: Mapping[str, Any]) -> Mapping[str, Any]:
    for container in status.get("containerStatuses") or ():
        if container.get("name") == EXAMINER:
            found: Mapping[str, Any] = (container.get("state") or {}).get("terminated") or {}
            return found
    return {}


def _finished(ended: Mapping[str, Any]) -> datetime | None:
    text = ended.get("finishedAt")
    return datetime.fromisoformat(text) if text else None


def _end(name: str, status: Mapping[str, Any], ended: Mapping[str, Any]) -> str:
    """Say how a pod ended that left no verdict: evicted, out of time or memory, its rows not to be copied."""
    said = status.get("message") or status.get("reason") or ended.get("reason") or "without a word"
    copied = [each["name"] for each in status.get("initContainerStatuses") or () if _exit_code(each)]
    if copied:
        said = "a file of rows could not be copied out of the bento's image: is quality's path right?"
    return f"pod {name} ended without a verdict ({said}); it is tried again"


def _exit_code(container: Mapping[str, Any]) -> int:
    return int(((container.get("state") or {}).get("terminated") or {}).get("exitCode", 0))


def _kept(name: str, status: Mapping[str, Any]) -> str | None:
    """Return what keeps a pod from running that only a person can change."""
    for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") not in (None, "ContainerCreating", "PodInitializing"):
            return f"pod {name}: {waiting['reason']}: {waiting.get('message', '')}".rstrip(": ")
    for condition in status.get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return f"pod {name} has no node: {condition.get('message', '')}"
    return None


def _names(pods: Iterable[Object]) -> tuple[str, ...]:
    return tuple(sorted(pod["metadata"]["name"] for pod in pods))

"""Reading the pods of examinations into what is known of the candidate's. Pure: the objects come from the cache."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import ValidationError

from tandem.api.dates import time_span
from tandem.api.objects import ModelDeployment
from tandem.api.revision import QualityReport
from tandem.cluster.observe import Body, condition, container_state, moment
from tandem.manifests.examination import (
    ASKED,
    ASKS,
    EXAMINER,
    EXAMINES_LABEL,
    examination_name,
    inputs_digest,
    longest_seconds,
    questions_digest,
)
from tandem.manifests.smoke import SMOKES_LABEL
from tandem.rollout.observation import QualityState, RevisionState

AGAIN_AFTER: Final = timedelta(seconds=30)
"""What kept an examination from a verdict may be mended by now; a pod that no node takes is not made in a circle."""

LONGEST_AGAIN_AFTER: Final = timedelta(minutes=5)
"""The same after many tries: each is waited for as long as it has been tried before, so that pauses double."""

OVERDUE_AFTER: Final = timedelta(minutes=1)
"""A pod that should have ended so long ago is not ended by its node: that is gone, and the pod is Running for ever."""

WHAT_SERVES_AGAIN_AFTER: Final = timedelta(minutes=10)
"""The same for a version that serves already: nobody waits for it."""


def examiners(pods: Iterable[Body]) -> list[Body]:
    """Return the pods that examine a version."""
    labelled = ((pod, pod["metadata"].get("labels") or {}) for pod in pods)
    return [pod for pod, labels in labelled if EXAMINES_LABEL in labels and SMOKES_LABEL not in labels]


def asked_by(pod: Body) -> tuple[str, ...]:
    """Return the uids of the pods that this one asks."""
    uids = (pod["metadata"].get("annotations") or {}).get(ASKS, "")
    return tuple(uid for uid in uids.split(",") if uid)


def gated_revision(deployment: ModelDeployment, states: Mapping[str, RevisionState]) -> RevisionState | None:
    """Return the candidate if ``spec.quality`` is declared and it has had no requests."""
    slot = deployment.status.candidate
    if deployment.spec.quality is None or slot is None or slot.has_had_requests:
        return None
    return states.get(slot.revision)


def examined_revision(deployment: ModelDeployment, states: Mapping[str, RevisionState]) -> RevisionState | None:
    """Return the version to be asked: the candidate before its first request, or else what serves, with nothing on."""
    status = deployment.status
    if deployment.spec.quality is None or status.candidate is not None or status.fallback is not None:
        return gated_revision(deployment, states)
    return states.get(status.stable.revision) if status.stable is not None else None


def nothing_examined(pods: Iterable[Body]) -> QualityState | None:
    """Return that nobody is to be asked, with the pods that are left from before; None if there are none."""
    left = _names(examiners(pods))
    return QualityState("", "", obsolete=left) if left else None


def examination_state(
    deployment: ModelDeployment,
    state: RevisionState,
    pods: Iterable[Body],
    rows: Mapping[str, str],
    now: datetime,
    asked: Mapping[str, int],
) -> QualityState:
    """Return what is known of the examination of a version.

    ``rows``: the editions of ConfigMaps, by name. ``asked``: how many requests were asked so far, by uid of the pod.
    """
    assert deployment.spec.quality is not None
    slot, revision, mine = deployment.status.candidate, state.revision, examiners(pods)
    questions = questions_digest(deployment, revision, rows)
    inputs = inputs_digest(deployment, revision, rows) if slot is not None else questions
    attempt = slot.attempt if slot is not None else revision.status.attempt
    known = revision.status.quality
    if known is not None and _stands(known, inputs, attempt if slot is not None else None):
        return QualityState(state.name, inputs, known.outcome, known.message, obsolete=_names(mine))
    name = examination_name(state.name, attempt, inputs)
    others = _names(pod for pod in mine if pod["metadata"]["name"] != name)
    pod = next((pod for pod in mine if pod["metadata"]["name"] == name), None)
    if pod is None:
        return QualityState(state.name, inputs, message="the pod that asks is being made", obsolete=others)
    if pod.get("status", {}).get("phase") not in ("Succeeded", "Failed"):
        longest = longest_seconds(deployment.spec.quality)
        trouble = kept_from_running(name, pod.get("status", {})) or overdue(pod, longest, now)
        so_far = asked.get(pod["metadata"]["uid"])
        message = "it is being asked" if so_far is None else f"it is being asked, {so_far} requests so far"
        return QualityState(state.name, inputs, message=message, trouble=trouble, obsolete=others)
    about = {"inputs": inputs, "questions": questions, "attempt": attempt}
    pause = _pause(pod, slot.asked_since) if slot is not None else WHAT_SERVES_AGAIN_AFTER
    return _ended(QualityState(state.name, inputs, obsolete=others), about, pod, now, pause)


def _pause(pod: Body, since: datetime | None) -> timedelta:
    """Return how long a candidate is left alone after a pod without a verdict; ``since``: when it was first asked.

    It grows with the time that went before this pod, which outlives the pods and the operator; other questions or rows
    have another pod, and that one is made at once.
    """
    made = moment(pod["metadata"].get("creationTimestamp"))
    tried = made - since if made is not None and since is not None else AGAIN_AFTER
    return min(max(tried, AGAIN_AFTER), LONGEST_AGAIN_AFTER)


def _stands(known: QualityReport, inputs: str, attempt: int | None) -> bool:
    """Tell whether a verdict need not be come to again; ``attempt``: the candidate's, None for what serves.

    A version that passed is not asked the same again when it comes back; one that failed is at the next attempt. What
    serves is not asked what it was asked as a candidate, whoever was asked beside it then.
    """
    if attempt is None:
        return inputs in (known.inputs, known.questions)
    return known.inputs == inputs and (known.outcome == "Passed" or known.attempt == attempt)


def requests_asked(log: str) -> int | None:
    """Return the count in the last line that an examiner wrote; None where it has not said any."""
    last = log.rstrip().rpartition("\n")[2]
    count, _, rest = last.partition(" ")
    return int(count) if rest == ASKED and count.isdecimal() else None


def _ended(state: QualityState, about: Mapping[str, Any], pod: Body, now: datetime, pause: timedelta) -> QualityState:
    """Read the last word of an examination: its verdict, or what kept it from one."""
    name, status = pod["metadata"]["name"], pod["status"]
    ended = container_state(pod, EXAMINER, "terminated") or {}
    word = last_word(ended)
    over = moment(ended.get("finishedAt") or pod["metadata"].get("creationTimestamp")) or now
    try:
        report = QualityReport.model_validate({**word, **about, "at": over})
    except ValidationError:
        why = str(word.get("trouble") or _end(name, status, ended))
        trouble = f"{why}; it is asked again at {over + pause:%H:%M:%S} UTC"
        obsolete = (*state.obsolete, name) if now >= over + pause else state.obsolete
        return replace(state, message="it ended without a verdict", trouble=trouble, obsolete=obsolete)
    said = "it has answered; the verdict is being written down"
    return replace(state, message=said, report=report, asked=asked_by(pod))


def last_word(ended: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the container of a pod that asked left behind; nothing where it is not in order."""
    try:
        word = json.loads(ended.get("message") or "{}")
    except ValueError:
        return {}
    return word if isinstance(word, Mapping) else {}


def _end(name: str, status: Mapping[str, Any], ended: Mapping[str, Any]) -> str:
    """Say how a pod ended that left no verdict: evicted, out of time or memory, its rows not to be copied."""
    said = status.get("message") or status.get("reason") or ended.get("reason") or "without a word"
    copied = [each["name"] for each in status.get("initContainerStatuses") or () if _exit_code(each)]
    if copied:
        said = "a file of rows could not be copied out of the bento's image: is quality's path right?"
    return f"pod {name} ended without a verdict ({said})"


def _exit_code(container: Mapping[str, Any]) -> int:
    return int(((container.get("state") or {}).get("terminated") or {}).get("exitCode", 0))


def kept_from_running(name: str, status: Mapping[str, Any]) -> str | None:
    """Return what keeps a pod from running that only a person can change."""
    for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") not in (None, "ContainerCreating", "PodInitializing"):
            return f"pod {name}: {waiting['reason']}: {waiting.get('message', '')}".rstrip(": ")
    scheduled = condition(status, "PodScheduled")
    if scheduled is not None and scheduled["status"] == "False":
        return f"pod {name} has no node: {scheduled.get('message', '')}"
    return None


def overdue(pod: Body, seconds: int, now: datetime) -> str | None:
    """Return what to do about a pod that its node should have ended after ``seconds``, and has not."""
    began = moment(pod.get("status", {}).get("startTime"))
    if began is None or now - began < time_span(seconds) + OVERDUE_AFTER:
        return None
    name = pod["metadata"]["name"]
    return f"pod {name} should have ended by now: is its node gone? kubectl delete pod {name} --force has it made anew"


def _names(pods: Iterable[Body]) -> tuple[str, ...]:
    return tuple(sorted(pod["metadata"]["name"] for pod in pods))

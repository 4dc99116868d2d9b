"""Reading the pods that ask later pods into what is known of these. Pure: the objects come from the cache."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from tandem.api.objects import ModelDeployment
from tandem.api.revision import MissedPod, Smoke
from tandem.cluster.examined import asked_by, kept_from_running, last_word, overdue
from tandem.cluster.observe import Body, container_state, moment
from tandem.manifests.examination import EXAMINER, questions_digest
from tandem.manifests.smoke import LONGEST_SMOKE_SECONDS, SMOKES_LABEL, smoke_name
from tandem.rollout.observation import RevisionState, SmokeState

TRY_AGAIN_AFTER: Final = timedelta(minutes=2)
"""Pods could not be asked: what was in the way may be gone by now. Nobody waits for it."""

STARTS_WITHIN: Final = timedelta(minutes=1)
"""A pod that was made so long ago and does not run yet, whatever keeps it, asks nobody for the moment."""

_LONGEST_WHY: Final = 300


def smokers(pods: Iterable[Body]) -> list[Body]:
    """Return the pods that ask later pods."""
    found = [pod for pod in pods if SMOKES_LABEL in (pod["metadata"].get("labels") or {})]
    return sorted(found, key=lambda pod: str(pod["metadata"]["name"]))


def asked_meanwhile(pods: Iterable[Body], now: datetime) -> frozenset[str]:
    """Return the uids of pods that Tandem asks beside their users: what they count now is no evidence on anybody."""
    return frozenset(uid for pod in smokers(pods) if _asks(pod, now) for uid in asked_by(pod))


def smoke_state(
    deployment: ModelDeployment,
    states: Mapping[str, RevisionState],
    pods: Iterable[Body],
    rows: Mapping[str, str],
    now: datetime,
) -> SmokeState:
    """Return who may be asked, who is, and what came of it. ``rows``: the editions of ConfigMaps, by name."""
    mine = smokers(pods)
    if deployment.spec.quality is None:
        return SmokeState(asked=asked_meanwhile(mine, now), obsolete=_names(mine))
    able = frozenset(name for name in _slots(deployment) if name in states and _passed(deployment, states[name], rows))
    wanted = [pod for pod in mine if _is_wanted(deployment, states, able, pod)]
    obsolete = _names(pod for pod in mine if pod not in wanted[:1])
    state = SmokeState(able, asked=asked_meanwhile(mine, now), obsolete=obsolete)
    if not wanted:
        return state
    whose = states[_revision(wanted[0])]
    return _looked_at(state, whose, _attempt(deployment, whose), wanted[0], now)


def _slots(deployment: ModelDeployment) -> list[str]:
    status = deployment.status
    return [slot.revision for slot in (status.candidate, status.stable) if slot is not None]


def _passed(deployment: ModelDeployment, state: RevisionState, rows: Mapping[str, str]) -> bool:
    """Tell whether a version passed what is asked now: to other questions its later pods have no right answer yet."""
    known = state.revision.status.quality
    if known is None or known.outcome != "Passed":
        return False
    return questions_digest(deployment, state.revision, rows) in (known.questions, known.inputs)


def _is_wanted(
    deployment: ModelDeployment, states: Mapping[str, RevisionState], able: frozenset[str], pod: Body
) -> bool:
    """Tell whether what a pod asks is what would be asked now: of that attempt, and of pods that are still there."""
    revision, uids = _revision(pod), asked_by(pod)
    if revision not in able:
        return False
    attempt = _attempt(deployment, states[revision])
    alive = {each.uid for each in states[revision].pods if not each.terminating}
    return pod["metadata"]["name"] == smoke_name(revision, attempt, uids) and not alive.isdisjoint(uids[1:])


def _attempt(deployment: ModelDeployment, state: RevisionState) -> int:
    slot = deployment.status.candidate
    return slot.attempt if slot is not None and slot.revision == state.name else state.revision.status.attempt


def _looked_at(state: SmokeState, whose: RevisionState, attempt: int, pod: Body, now: datetime) -> SmokeState:
    name, revision, status = pod["metadata"]["name"], whose.name, pod.get("status", {})
    state = replace(state, on=revision)
    if status.get("phase") not in ("Succeeded", "Failed"):
        return replace(state, trouble=kept_from_running(name, status) or overdue(pod, LONGEST_SMOKE_SECONDS, now))
    ended = container_state(pod, EXAMINER, "terminated") or {}
    over = moment(ended.get("finishedAt") or pod["metadata"].get("creationTimestamp")) or now
    known = whose.revision.status
    report = _report(whose, last_word(ended), attempt, over)
    if report is None:
        said = last_word(ended).get("trouble") or status.get("message") or status.get("reason") or "without a word"
        obsolete = (*state.obsolete, name) if now - over >= TRY_AGAIN_AFTER else state.obsolete
        return replace(state, trouble=f"pod {name} ended without having asked: {said}", obsolete=obsolete)
    if known.smoke is not None and known.smoke.attempt == attempt and known.smoke.at >= report.at:
        return replace(state, obsolete=(*state.obsolete, name))
    return replace(state, report=report)


def _report(state: RevisionState, word: Mapping[str, Any], attempt: int, at: datetime) -> Smoke | None:
    """Return what a pod's last word says of pods that are still there; None where it says of none."""
    passed, missed = word.get("passed"), word.get("missed")
    if not isinstance(passed, list) or not isinstance(missed, Mapping):
        return None
    names = {pod.uid: pod.name for pod in state.pods}
    found = [
        MissedPod(uid=uid, name=names[uid], why=str(why)[:_LONGEST_WHY]) for uid, why in missed.items() if uid in names
    ]
    return Smoke(
        attempt=attempt, at=at, pods=[uid for uid in passed if uid in names] or None, missed=found[:20] or None
    )


def _asks(pod: Body, now: datetime) -> bool:
    status, made = pod.get("status", {}), moment(pod["metadata"].get("creationTimestamp"))
    if status.get("phase") == "Running":
        return overdue(pod, LONGEST_SMOKE_SECONDS, now) is None
    if status.get("phase") == "Succeeded":
        return True
    if status.get("phase") == "Failed" or kept_from_running(pod["metadata"]["name"], status) is not None:
        return False
    return made is None or now - made < STARTS_WITHIN


def _revision(pod: Body) -> str:
    return str(pod["metadata"]["labels"][SMOKES_LABEL])


def _names(pods: Iterable[Body]) -> tuple[str, ...]:
    return tuple(pod["metadata"]["name"] for pod in pods)

"""Judging: what sends a candidate back, and what sends a stable version back while it is watched."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from tandem.api.dates import time_span
from tandem.judge import VerdictKind
from tandem.manifests.times import startup_seconds
from tandem.rollout.contract import trial_rolls_back, watch_rolls_back
from tandem.rollout.draft import Draft
from tandem.rollout.images import different_images
from tandem.rollout.observation import RevisionState
from tandem.rollout.pace import STABLE_DOWN_AFTER, stable_is_down, undecided, undecided_words
from tandem.rollout.quality import quality_complaint
from tandem.rollout.smoke import smoke_complaint

MAX_RESTARTS: Final = 2
"""Container restarts in one attempt that are put up with: one may be bad luck, a third is the version."""

ERROR_METRICS: Final = frozenset({"errors", "gateway-errors"})
"""Requests that failed, as the pods count them and as the gateway does."""


def judge_stable(draft: Draft) -> None:
    """Go back to the fallback if the new stable version turns out bad while it is watched."""
    complaint = watch_complaint(draft)
    if complaint is None or draft.fallback is None or not watch_rolls_back(draft):
        return
    if draft.state(draft.fallback).ready == 0:
        return
    draft.fall_back(*complaint)


def watch_complaint(draft: Draft) -> tuple[str, str] | None:
    """Return reason and message of what speaks against the new stable version while it is watched, if anything does."""
    if draft.stable is None or draft.fallback is None or draft.candidate_has_weight:
        return None
    state = draft.state(draft.stable)
    restarts = _restart_complaint(state, draft.stable.since, draft.stable.restarts_before)
    return _evidence_complaint(draft) or restarts or _down_complaint(draft)


def judge_candidate(draft: Draft) -> None:
    """Send the candidate back on evidence, on pods that die, or if it cannot start by its own fault."""
    complaint = candidate_complaint(draft)
    if complaint is None or draft.candidate is None:
        return
    if trial_rolls_back(draft) and not draft.candidate.restore:
        draft.reject(*complaint)


def candidate_complaint(draft: Draft) -> tuple[str, str] | None:
    """Return reason and message of what speaks against the candidate, if anything does.

    What a person has decided is not questioned: a promotion by evidence, a return by anything but that it cannot start.
    """
    slot = draft.candidate
    if slot is None:
        return None
    state = draft.state(slot)
    complaint = _startup_complaint(draft, state) or quality_complaint(draft) or smoke_complaint(draft)
    if complaint is None and not slot.restore:
        complaint = _mixed_images(state)
    if complaint is None and not slot.restore and slot.promoted_by is None:
        complaint = _restart_complaint(state, slot.since, slot.restarts_before)
    if slot.weight > 0 and not slot.restore and slot.promoted_by is None:
        complaint = _evidence_complaint(draft) or complaint
    if complaint is None and undecided(draft) == "RollBack":
        complaint = ("Undecided", undecided_words(draft))
    return complaint


def _evidence_complaint(draft: Draft) -> tuple[str, str] | None:
    verdict = draft.seen.verdict
    if verdict is None or verdict.kind is not VerdictKind.ROLL_BACK:
        return None
    if verdict.metric.startswith("latency"):
        return ("TooSlow", verdict.sentence)
    return ("TooManyErrors" if verdict.metric in ERROR_METRICS else "MetricWorse", verdict.sentence)


def _restart_complaint(
    state: RevisionState, since: datetime, before: Mapping[str, int] | None
) -> tuple[str, str] | None:
    """Complain of restarts since a moment, ``before`` being those that each pod had at that time."""
    recent = [pod for pod in state.pods if pod.last_exit is not None and pod.last_exit >= since]
    restarts = sum(max(pod.restarts - (before or {}).get(pod.name, 0), 0) for pod in recent)
    if restarts <= MAX_RESTARTS:
        return None
    said = f": {state.trouble.message}" if state.trouble else ""
    return ("PodsRestarting", f"its pods restarted {restarts} times, more than {MAX_RESTARTS}{said}")


def _mixed_images(state: RevisionState) -> tuple[str, str] | None:
    different = different_images(state)
    if not different:
        return None
    what = f"tag {state.revision.spec.image} was pushed again: its pods run {len(different)} different images"
    return ("MixedImages", f"{what}; use a tag that is pushed once, or a digest")


def late_since(draft: Draft, state: RevisionState) -> datetime | None:
    """Return when the candidate should have been ready, if it has no ready pod and that moment has passed."""
    assert draft.candidate is not None
    if state.ready > 0:
        return None
    begin = draft.candidate.shortfall_since or draft.candidate.since
    due = begin + time_span(startup_seconds(state.revision.spec))
    return due if draft.now >= due else None


def _startup_complaint(draft: Draft, state: RevisionState) -> tuple[str, str] | None:
    """Only what is the version's own fault rejects it: a quota, a registry or a missing Secret may yet be mended.

    Its time runs from when a container began to run: how long an image took to arrive is nobody's fault.
    """
    assert draft.candidate is not None
    if state.ready > 0 or state.trouble is None or not state.trouble.own_fault:
        return None
    began = [pod.failing_since for pod in state.pods if pod.failing_since is not None and not pod.terminating]
    deadline = startup_seconds(state.revision.spec)
    if not began or draft.now - max(min(began), draft.candidate.since) < time_span(deadline):
        return None
    return ("NotReadyInTime", f"no pod was ready within {deadline:.0f} s: {state.trouble.message}")


def _down_complaint(draft: Draft) -> tuple[str, str] | None:
    assert draft.stable is not None
    if not stable_is_down(draft):
        return None
    state = draft.state(draft.stable)
    said = f": {state.trouble.message}" if state.trouble else ""
    return ("NoReadyPods", f"none of its {state.wanted} pods was ready for {STABLE_DOWN_AFTER.seconds} s{said}")

"""Judging: what sends a candidate back, and what sends a stable version back while it is watched."""

from datetime import datetime, timedelta
from typing import Final

from tandem.api.values import duration_seconds
from tandem.judge import VerdictKind
from tandem.rollout.draft import Draft
from tandem.rollout.observation import RevisionState

MAX_RESTARTS: Final = 2
"""Container restarts in one attempt that are put up with: one may be bad luck, a third is the version."""

DEFAULT_STARTUP_SECONDS: Final = 180.0
STABLE_DOWN_AFTER: Final = timedelta(seconds=20)
"""A stable version without a ready pod for this long protects nobody: it no longer holds a new version up."""


def judge_stable(draft: Draft) -> None:
    """Go back to the fallback if the new stable version turns out bad while it is watched."""
    if draft.stable is None or draft.fallback is None or draft.candidate_has_weight:
        return
    complaint = _evidence_complaint(draft) or _restart_complaint(draft.state(draft.stable), draft.stable.since)
    if complaint is None or not draft.deployment.spec.rollback.automatic:
        return
    if draft.state(draft.fallback).ready == 0:
        return
    draft.fall_back(*complaint)


def judge_candidate(draft: Draft) -> None:
    """Send the candidate back on evidence, on pods that die, or if it cannot start by its own fault."""
    complaint = candidate_complaint(draft)
    if complaint is None or draft.candidate is None:
        return
    if draft.deployment.spec.rollback.automatic and not draft.candidate.restore:
        draft.reject(*complaint)


def candidate_complaint(draft: Draft) -> tuple[str, str] | None:
    """Return reason and message of what speaks against the candidate, if anything does."""
    slot = draft.candidate
    if slot is None:
        return None
    state = draft.state(slot)
    evidence = _evidence_complaint(draft) if slot.weight > 0 else None
    return evidence or _restart_complaint(state, slot.since) or _mixed_images(state) or _startup_complaint(draft, state)


def _evidence_complaint(draft: Draft) -> tuple[str, str] | None:
    verdict = draft.seen.verdict
    if verdict is None or verdict.kind is not VerdictKind.ROLL_BACK:
        return None
    slow = (verdict.metric or "").startswith("latency")
    return ("TooSlow" if slow else "TooManyErrors", verdict.sentence)


def _restart_complaint(state: RevisionState, since: datetime) -> tuple[str, str] | None:
    restarts = sum(pod.restarts for pod in state.pods if pod.last_exit is not None and pod.last_exit >= since)
    if restarts <= MAX_RESTARTS:
        return None
    said = f": {state.trouble.message}" if state.trouble else ""
    return ("PodsRestarting", f"its pods restarted {restarts} times, more than {MAX_RESTARTS}{said}")


def _mixed_images(state: RevisionState) -> tuple[str, str] | None:
    known = set(state.revision.status.image_ids or []) | set(state.images)
    if len(known) <= 1:
        return None
    return (
        "MixedImages",
        f"tag {state.revision.spec.image} was pushed again: its pods run {len(known)} different images; "
        "use a tag that is pushed once, or a digest",
    )


def startup_seconds(draft: Draft) -> float:
    """Return how long a pod may take until it is ready, in seconds."""
    startup = draft.deployment.spec.serving.startup
    declared = startup.deadline if startup else None
    return duration_seconds(declared) if declared else DEFAULT_STARTUP_SECONDS


def late_since(draft: Draft, state: RevisionState) -> datetime | None:
    """Return when the candidate should have been ready, if it has no ready pod and that moment has passed."""
    assert draft.candidate is not None
    if state.ready > 0:
        return None
    begin = draft.candidate.shortfall_since or draft.candidate.since
    due = begin + timedelta(seconds=startup_seconds(draft))
    return due if draft.now >= due else None


def _startup_complaint(draft: Draft, state: RevisionState) -> tuple[str, str] | None:
    """Only what is the version's own fault rejects it: a quota, a registry or a missing Secret may yet be mended."""
    if late_since(draft, state) is None or state.trouble is None or not state.trouble.own_fault:
        return None
    return ("NotReadyInTime", f"no pod was ready within {startup_seconds(draft):.0f} s: {state.trouble.message}")


def stable_is_down(draft: Draft) -> bool:
    """Tell whether stable protects nobody: it never served, or has had no ready pod for some time."""
    if draft.stable is None:
        return True
    if draft.state(draft.stable).ready > 0:
        return False
    available = next((c for c in draft.previous.conditions or [] if c.type == "Available"), None)
    if available is None or available.status != "False":
        return False
    return draft.now - available.last_transition_time >= STABLE_DOWN_AFTER

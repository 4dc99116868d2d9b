"""Who or what a rollout waits for, in one sentence: the first thing that somebody on call wants to know."""

from datetime import timedelta
from typing import Final

from tandem.api.status import WaitingFor
from tandem.api.values import duration_seconds
from tandem.judge import VerdictKind
from tandem.rollout.capacity import pods_for
from tandem.rollout.draft import Draft
from tandem.rollout.observation import RevisionState
from tandem.rollout.progress import STEADY, full_size, in_force, steps_of, target_weight, waits_for_metrics
from tandem.rollout.trial import candidate_complaint, late_since

ROUTE_PATIENCE: Final = timedelta(seconds=30)
"""A gateway that has not accepted a route for this long needs a person."""


def waiting_for(draft: Draft) -> WaitingFor | None:
    """Return what the rollout waits for, and since when; None if it waits for nothing."""
    what = _what(draft)
    if what is None:
        return None
    before = draft.previous.waiting_for
    same = before is not None and _gist(before.what) == _gist(what)
    return WaitingFor(what=what, since=before.since if before is not None and same else draft.now)


def _gist(what: str) -> str:
    """What stays the same while numbers in the sentence change."""
    return what.split(":", 1)[0]


def _what(draft: Draft) -> str | None:
    if draft.seen.blocked is not None:
        return f"a correction: {draft.seen.blocked.message}"
    if draft.candidate is not None:
        return _candidate_waits_for(draft)
    if draft.rejected is not None and draft.rejected.revision == draft.seen.declared:
        return "a new version or a retry: the declared one was sent back"
    if draft.frozen_by is not None and (draft.stable is None or draft.stable.revision != draft.seen.declared):
        return f"a person: frozen by decision {draft.frozen_by}; Resume lets new versions start"
    return _stable_waits_for(draft) if draft.stable is not None else None


def _stable_waits_for(draft: Draft) -> str | None:
    assert draft.stable is not None
    state = draft.state(draft.stable)
    if state.ready == 0:
        said = f": {state.trouble.message}" if state.trouble else ""
        return f"pods of {state.name}: none of {state.wanted} is ready{said}"
    if draft.deployment.spec.traffic.gateway is not None and not in_force(draft):
        return _route_wait(draft)
    if draft.fallback is not None and draft.stable.watch_until is not None:
        return f"the end of the watch window: {draft.fallback.revision} can take over until {_clock(draft)}"
    return None


def _clock(draft: Draft) -> str:
    assert draft.stable is not None and draft.stable.watch_until is not None
    return draft.stable.watch_until.strftime("%H:%M:%SZ")


def _candidate_waits_for(draft: Draft) -> str:
    slot = draft.candidate
    assert slot is not None
    complaint = candidate_complaint(draft)
    if complaint is not None:
        return f"a person: {complaint[1]}"
    if slot.paused:
        return f"a person: {slot.revision} is paused at {slot.weight} %; Resume goes on"
    if draft.seen.conflict is not None:
        return f"a correction: {draft.seen.conflict.message}"
    target = target_weight(draft)
    if (
        slot.weight < target
        and slot.weight_since is None
        and slot.weight > 0
        or slot.weight > 0
        and not in_force(draft)
    ):
        return _route_wait(draft)
    if slot.weight < target:
        enough = draft.state(slot).ready >= pods_for(target, full_size(draft))
        return _metrics_wait(draft) if enough and waits_for_metrics(draft) else _pods_wait(draft, target)
    return _evidence_wait(draft)


def _route_wait(draft: Draft) -> str:
    if draft.deployment.spec.traffic.gateway is None:
        return "the in-cluster Service to be switched"
    route = draft.seen.route
    said = f"{route.reason}: {route.message}" if route is not None and route.message else "no answer yet"
    return f"the gateway to accept the route: {said}"


def _metrics_wait(draft: Draft) -> str:
    assert draft.candidate is not None
    trouble = draft.seen.evidence_trouble
    return f"the metrics of {draft.candidate.revision}: {trouble.message if trouble else 'not read yet'}"


def _pods_wait(draft: Draft, target: int) -> str:
    assert draft.candidate is not None
    state = draft.state(draft.candidate)
    need = pods_for(target, full_size(draft))
    said = f": {state.trouble.message}" if state.trouble else ""
    if state.ready >= need and draft.candidate.shortfall_since is not None:
        said = f"; pods were lost, so weight comes back after {STEADY.seconds} s"
    return f"pods of {state.name} for {target} %: {state.ready} of {need} ready{said}"


def _evidence_wait(draft: Draft) -> str:
    slot = draft.candidate
    assert slot is not None
    verdict = draft.seen.verdict
    if verdict is None or verdict.kind is not VerdictKind.ADVANCE:
        said = verdict.sentence if verdict is not None else "no request was answered yet"
        trouble = f" ({draft.seen.evidence_trouble.message})" if draft.seen.evidence_trouble else ""
        return f"evidence at {slot.weight} %: {said}{trouble}"
    hold = next((step.hold for step in steps_of(draft)[slot.step :]), "0s")
    end = (slot.weight_since or draft.now) + timedelta(seconds=duration_seconds(hold))
    return f"the hold time at {slot.weight} %: until {end.strftime('%H:%M:%SZ')}"


def stalled_reason(draft: Draft, waits: WaitingFor | None) -> tuple[str, str] | None:
    """Return reason and message if nothing goes on without somebody's doing."""
    if draft.seen.blocked is not None:
        return draft.seen.blocked.reason, draft.seen.blocked.message
    if draft.rejected is not None and draft.rejected.revision == draft.seen.declared:
        return draft.rejected.reason, f"{draft.rejected.revision} was sent back: {draft.rejected.message}"
    if draft.seen.conflict is not None:
        return draft.seen.conflict.reason, draft.seen.conflict.message
    if draft.seen.refusals:
        return draft.seen.refusals[0].reason, draft.seen.refusals[0].message
    if draft.candidate is not None:
        complaint = candidate_complaint(draft) or _late(draft, draft.state(draft.candidate))
        if complaint is not None:
            return complaint
    if waits is not None and waits.what.startswith("the gateway") and draft.now - waits.since >= ROUTE_PATIENCE:
        return "RouteNotAccepted", waits.what
    if waits is not None and waits.what.startswith("the metrics") and draft.now - waits.since >= ROUTE_PATIENCE:
        return "MetricsUnreadable", waits.what
    return None


def _late(draft: Draft, state: RevisionState) -> tuple[str, str] | None:
    if late_since(draft, state) is None:
        return None
    trouble = state.trouble
    return (trouble.reason, trouble.message) if trouble else ("NotReadyInTime", "no pod is ready; see its logs")

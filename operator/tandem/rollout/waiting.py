"""Who or what a rollout waits for, in one sentence: the first thing that somebody on call wants to know."""

from datetime import timedelta
from typing import Final

from tandem.api.status import WaitingFor
from tandem.rollout.capacity import pods_for
from tandem.rollout.contract import CONTRACT_WEAKENED, watch_rolls_back
from tandem.rollout.draft import Draft
from tandem.rollout.observation import RevisionState, Trouble
from tandem.rollout.pace import (
    awaits_acceptance,
    doubt,
    earned_by,
    evidence_so_far,
    held_in_doubt,
    hold_ends,
    spec_unread,
    step_at,
    undecided,
    undecided_words,
)
from tandem.rollout.progress import (
    STEADY,
    blocking_conflict,
    full_size,
    in_force,
    settled,
    target_weight,
    waits_for_metrics,
)
from tandem.rollout.quality import awaits_verdict, quality_trouble, quality_wait
from tandem.rollout.trial import candidate_complaint, late_since, watch_complaint

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
        return f"a correction: {_correction(draft, draft.seen.blocked)}"
    if draft.candidate is not None:
        return _candidate_waits_for(draft)
    if draft.rejected is not None and draft.rejected.revision == draft.seen.declared:
        return "a new version or a retry: the declared one was sent back"
    if draft.frozen_by is not None and (draft.stable is None or draft.stable.revision != draft.seen.declared):
        return f"a person: frozen by decision {draft.frozen_by}; Resume lets new versions start"
    return _stable_waits_for(draft) if draft.stable is not None else None


def _correction(draft: Draft, blocked: Trouble) -> str:
    """Say what keeps the spec from being a version, and what that means for the one that is being tried."""
    slot = draft.candidate
    if slot is None or not spec_unread(draft):
        return blocked.message
    return f"{blocked.message}; until then {slot.revision} stays at {slot.weight} %, and can still be sent back"


def _stable_waits_for(draft: Draft) -> str | None:
    assert draft.stable is not None
    state = draft.state(draft.stable)
    if state.ready == 0:
        said = f": {state.trouble.message}" if state.trouble else ""
        return f"pods of {state.name}: none of {state.wanted} is ready{said}"
    if draft.deployment.spec.traffic.gateway is not None and not settled(draft):
        return _route_wait(draft)
    if draft.fallback is None or draft.stable.watch_until is None:
        return None
    complaint = watch_complaint(draft)
    if complaint is None:
        return f"the end of the watch window: {draft.fallback.revision} can take over until {_clock(draft)}"
    if watch_rolls_back(draft):
        return f"pods of {draft.fallback.revision}, which is to take over: {complaint[1]}"
    return f"a person, who can roll back to {draft.fallback.revision} until {_clock(draft)}: {complaint[1]}"


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
    conflict = blocking_conflict(draft, slot)
    if conflict is not None:
        return f"a correction: {conflict.message}"
    unasked = awaits_acceptance(draft)
    if unasked is not None:
        return f"a person: {unasked}"
    target = target_weight(draft)
    if (
        slot.weight < target
        and slot.weight_since is None
        and slot.weight > 0
        or slot.weight > 0
        and not in_force(draft)
    ):
        return _route_wait(draft)
    if held_in_doubt(draft) is not None:
        return _evidence_wait(draft)
    if slot.weight < target:
        enough = draft.state(slot).ready >= pods_for(target, full_size(draft))
        if enough and awaits_verdict(draft):
            return quality_wait(draft)
        return _metrics_wait(draft) if enough and waits_for_metrics(draft) else _pods_wait(draft, target)
    return _evidence_wait(draft)


def _route_wait(draft: Draft) -> str:
    if draft.deployment.spec.traffic.gateway is None:
        return "the in-cluster Service to be switched"
    route = draft.seen.route
    said = f"{route.reason}: {route.message}" if route is not None and route.message else "no answer yet"
    if route is not None and not route.as_declared:
        said = "it is not written yet as spec.traffic.gateway declares it"
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
    slot, step = draft.candidate, step_at(draft)
    assert slot is not None
    stuck = _stuck(draft)
    if stuck is not None:
        return f"a person: {stuck}"
    end = hold_ends(draft, step) if step is not None else None
    if end is not None and earned_by(draft) is not None:
        return f"the hold time at {slot.weight} %: until {end.strftime('%H:%M:%SZ')}"
    return f"evidence at {slot.weight} %: {evidence_so_far(draft)}"


def _stuck(draft: Draft) -> str | None:
    """Return what to tell a person of a candidate that evidence has not settled in time, and that stays for it."""
    slot, then = draft.candidate, undecided(draft)
    if slot is None or then in (None, "RollBack"):
        return None
    against = doubt(draft) if then == "Promote" else None
    said = f"does not pass without evidence, since {against}" if against else f"is {undecided_words(draft)}"
    return f"{slot.revision} {said}; Promote lets it pass, Abort sends it back"


def stalled_reason(draft: Draft, waits: WaitingFor | None) -> tuple[str, str] | None:
    """Return reason and message if nothing goes on without somebody's doing."""
    if draft.seen.blocked is not None:
        return draft.seen.blocked.reason, _correction(draft, draft.seen.blocked)
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
        unchecked, unasked, stuck = quality_trouble(draft), awaits_acceptance(draft), _stuck(draft)
        if unchecked is not None:
            return unchecked
        if unasked is not None:
            return CONTRACT_WEAKENED, unasked
        if stuck is not None:
            return "Undecided", stuck
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

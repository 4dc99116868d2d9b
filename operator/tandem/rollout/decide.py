"""The decision: one pure function from the object, what is seen, and the time."""

from datetime import datetime

from tandem.api.objects import ModelDeployment
from tandem.api.revision import ModelRevisionStatus, ObservedDecision, QualityReport
from tandem.api.status import ModelDeploymentStatus, TrafficShare
from tandem.rollout.aging import seconds_until_older
from tandem.rollout.conditions import conditions, phase
from tandem.rollout.contract import note_contract, weakened_terms
from tandem.rollout.decision import Decision, Desired
from tandem.rollout.desired import desired_children, last_number, slot_names
from tandem.rollout.draft import Draft, Record, promotion_record
from tandem.rollout.objectives import seconds_until_refreshed
from tandem.rollout.observation import Observation, RevisionState
from tandem.rollout.operational import known_readiness
from tandem.rollout.orders import follow_orders
from tandem.rollout.progress import advance, close_watch, follow_spec
from tandem.rollout.quality import is_unrecorded, note_questions
from tandem.rollout.recovery import recover_slots
from tandem.rollout.smoke import seconds_until_smoke, smoke_record, tell_of_smoke
from tandem.rollout.trial import judge_candidate, judge_stable
from tandem.rollout.waiting import waiting_for

TICK_SECONDS = 1.0
"""While requests are judged: as often as the pods' counters are read."""
AT_ONCE = 0.0
"""A revision that was just made is the candidate of the next decision; the echo of our own write calls nobody."""
STARTING_SECONDS = 5.0
BLOCKED_SECONDS = 30.0


def decide(deployment: ModelDeployment, seen: Observation, now: datetime) -> Decision:
    """Return the status to write and the children to bring about.

    Calling it again with its own outcome in place changes nothing: every cause (a change, a restart, a timer) may call
    it at any time. ``now`` is in UTC with whole seconds, as times in status are.
    """
    draft = Draft.of(deployment, seen, now)
    recover_slots(draft)
    follow_orders(draft)
    judge_stable(draft)
    _move_candidate(draft)
    if draft.candidate is None:
        _move_candidate(draft)  # it was promoted or sent back: what the spec declares may be next
    close_watch(draft)
    draft.note_stable()
    note_contract(draft)
    desired = desired_children(draft)
    note_questions(draft, due=desired.examine is not None)
    tell_of_smoke(draft)
    status = _status(draft)
    return Decision(
        status=status,
        revisions={name: _revision_status(draft, state, desired) for name, state in seen.revisions.items()},
        desired=desired,
        happenings=tuple(draft.happenings),
        wake_after=_soonest(
            _wake_after(draft, desired, status),
            seconds_until_older(deployment.spec, now),
            seconds_until_refreshed(status),
            seconds_until_smoke(draft),
        ),
    )


def _move_candidate(draft: Draft) -> None:
    follow_spec(draft)
    judge_candidate(draft)
    advance(draft)


def _status(draft: Draft) -> ModelDeploymentStatus:
    waits = waiting_for(draft)
    found = conditions(draft, waits)
    ready = next(condition for condition in found if condition.type == "Ready")
    return draft.previous.with_changes(
        observed_generation=draft.deployment.metadata.generation,
        phase=phase(draft, ready),
        stable=draft.stable,
        candidate=draft.candidate,
        fallback=draft.fallback,
        rejected=draft.rejected,
        frozen_by=draft.frozen_by,
        decisions=[draft.decisions[name] for name in sorted(draft.decisions)] or None,
        last_revision=last_number(draft),
        ready_replicas=draft.state(draft.stable).ready if draft.stable else 0,
        traffic=_traffic(draft),
        waiting_for=waits,
        readiness=known_readiness(draft),
        weakened=weakened_terms(draft),
        conditions=found,
    )


def _traffic(draft: Draft) -> list[TrafficShare] | None:
    if draft.deployment.spec.traffic.gateway is None:
        target = draft.seen.service_target
        return [TrafficShare(revision=target, weight=100)] if target else None
    route = draft.seen.route
    shares = sorted(route.weights.items()) if route is not None else []
    return [TrafficShare(revision=name, weight=weight) for name, weight in shares] or None


def _revision_status(draft: Draft, state: RevisionState, desired: Desired) -> ModelRevisionStatus:
    before = state.revision.status
    record = _record(draft, state)
    moved = record.phase != before.phase
    acted = draft.decisions.get(state.name)
    images = [*(before.image_ids or []), *sorted(state.images - set(before.image_ids or []))]
    return before.with_changes(
        phase=record.phase,
        reason=record.reason,
        message=record.message,
        since=draft.now if moved or before.since is None else before.since,
        attempt=draft.attempts(state.name),
        served=before.served or record.phase == "Serving",
        last_served=draft.now if moved and before.phase == "Serving" else before.last_served,
        weight=_weight(draft, state.name),
        replicas=desired.replicas.get(state.name, 0),
        ready_replicas=state.ready,
        image_ids=images[:8] or None,
        quality=_quality(draft, state),
        smoke=smoke_record(draft, state),
        observed_decision=ObservedDecision(verb=acted.verb, id=acted.id, result=acted.result, at=acted.at)
        if acted
        else before.observed_decision,
    )


def _quality(draft: Draft, state: RevisionState) -> QualityReport | None:
    """The record of an examination that has a verdict: written down first, acted upon by the next decision."""
    if is_unrecorded(draft.seen.quality, state.name):
        assert draft.seen.quality is not None
        return draft.seen.quality.report
    return state.revision.status.quality


def _weight(draft: Draft, name: str) -> int:
    return next((share.weight for share in _traffic(draft) or [] if share.revision == name), 0)


def _record(draft: Draft, state: RevisionState) -> Record:
    """The record of this decision's transition, or what the slots say if an earlier one was lost in a crash."""
    before, told = state.revision.status, draft.records.get(state.name)
    slot = _slot_phase(draft, state.name)
    if slot is None and draft.rejected is not None and draft.rejected.revision == state.name:
        return Record("Rejected", draft.rejected.reason, draft.rejected.message)
    if told is not None and (slot is None or told.phase == slot.phase):
        return told
    if slot is not None:
        kept = before.phase == slot.phase and before.reason is not None
        return Record(slot.phase, before.reason or slot.reason, before.message or slot.message) if kept else slot
    if before.phase in ("Superseded", "Rejected", "Retired"):
        return Record(before.phase, before.reason or before.phase, before.message or "")
    if before.phase == "Candidate":
        return Record("Superseded", "Superseded", "pushed aside by another version")
    return (
        Record("Retired", "Replaced", "replaced by another version")
        if before.served
        else Record("Superseded", "NotStarted", "made, and not started yet")
    )


def _slot_phase(draft: Draft, name: str) -> Record | None:
    if draft.stable is not None and draft.stable.revision == name:
        return promotion_record(draft.stable)
    if draft.candidate is not None and draft.candidate.revision == name:
        return Record("Candidate", "Started", f"attempt {draft.candidate.attempt} began")
    if draft.fallback is not None and draft.fallback.revision == name:
        return Record("Fallback", "Watching", "ready to take over")
    return None


def _wake_after(draft: Draft, desired: Desired, status: ModelDeploymentStatus) -> float | None:
    draining = any(state.wanted > 0 and name not in slot_names(draft) for name, state in draft.seen.revisions.items())
    if draft.candidate_has_weight or draft.fallback is not None or draining:
        return TICK_SECONDS
    if desired.new_revision is not None and not draft.seen.refusals:
        return AT_ONCE
    if draft.candidate is not None:
        return AT_ONCE if is_unrecorded(draft.seen.quality, draft.candidate.revision) else STARTING_SECONDS
    if draft.stable is not None and draft.stable.asked_since is not None:
        return AT_ONCE if is_unrecorded(draft.seen.quality, draft.stable.revision) else STARTING_SECONDS
    if draft.seen.quality is not None and draft.seen.quality.trouble is not None:
        return BLOCKED_SECONDS
    if draft.seen.blocked is not None or draft.seen.conflict is not None or draft.seen.refusals:
        return BLOCKED_SECONDS
    waits = status.waiting_for
    return STARTING_SECONDS if waits is not None and waits.what.startswith(("the gateway", "pods of")) else None


def _soonest(*waits: float | None) -> float | None:
    return min((seconds for seconds in waits if seconds is not None), default=None)

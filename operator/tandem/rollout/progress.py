"""Moving a candidate on: from ready pods to weight, from step to step, to promotion; and the end of the watch."""

from datetime import timedelta
from typing import Final

from tandem.api.dates import time_span
from tandem.api.status import CandidateSlot
from tandem.manifests.times import startup_seconds
from tandem.rollout.capacity import carried_weight
from tandem.rollout.contract import watch_rolls_back
from tandem.rollout.draft import Draft
from tandem.rollout.observation import Trouble
from tandem.rollout.pace import (
    awaits_acceptance,
    doubt,
    earned_by,
    evidence_so_far,
    held_in_doubt,
    hold_ends,
    spec_unread,
    stable_is_down,
    step_at,
    steps_of,
    undecided,
    undecided_words,
)
from tandem.rollout.quality import awaits_verdict
from tandem.rollout.trial import candidate_complaint, watch_complaint

STEADY: Final = timedelta(seconds=10)
"""After a loss of pods, weight comes back only when the ready ones have been ready this long: no flapping."""


def follow_spec(draft: Draft) -> None:
    """Make what the spec declares the candidate, unless it serves already, was sent back, or nothing may start."""
    declared, stable, candidate = draft.seen.declared, draft.stable, draft.candidate
    if draft.seen.blocked is not None:
        return
    if draft.rejected is not None and draft.rejected.revision != declared:
        draft.forget_rejected()
    if candidate and candidate.revision != declared and not _restore_goes_first(draft):
        draft.supersede(declared or "a newer version")
    if draft.candidate is not None or declared is None:
        return
    if stable and stable.revision == declared:
        draft.forget_rejected()
        return
    if _is_rejected(draft, declared) or draft.frozen_by is not None:
        return
    draft.start(declared)


def _restore_goes_first(draft: Draft) -> bool:
    """A return that a person ordered is finished before what the spec declares is tried, unless it takes too long."""
    slot, declared = draft.candidate, draft.seen.declared
    if slot is None or not slot.restore:
        return False
    if declared is not None and _is_rejected(draft, declared):
        return True
    if draft.stable is not None and draft.stable.revision == declared:
        return False  # the spec asks for the very version that was to be left
    late = draft.now - slot.since >= time_span(startup_seconds(draft.state(slot).revision.spec))
    return draft.frozen_by is not None or not late


def _is_rejected(draft: Draft, declared: str) -> bool:
    rejected = draft.rejected
    return (
        rejected is not None
        and rejected.revision == declared
        and rejected.attempt == draft.deployment.spec.rollout.attempt
    )


def target_weight(draft: Draft) -> int:
    """Return the weight that the candidate is at or getting ready for."""
    step = step_at(draft)
    return step.weight if step is not None else 100


def full_size(draft: Draft) -> int:
    """Return how many ready pods the candidate needs to get everything."""
    assert draft.candidate is not None
    nobody_serves = stable_is_down(draft) and not draft.stands_in
    if nobody_serves and (draft.stable is not None or draft.state(draft.candidate).revision.status.served):
        return 1
    return max(draft.candidate.size, draft.deployment.spec.serving.replicas.min)


def advance(draft: Draft) -> None:
    """Bring the candidate's weight in line with its pods and its step, move it to the next step, or promote it."""
    if draft.candidate is None:
        return
    _note_acceptance(draft)
    _lower_to_capacity(draft)
    free = not is_held(draft)
    if free:
        _take_next_step(draft)
        _raise_to_target(draft)
        _note_acceptance(draft)
    _release_on_first_weight(draft)
    if free and _has_everything(draft):
        draft.promote(watched=not stable_is_down(draft))


def is_held(draft: Draft) -> bool:
    """Tell whether the candidate gets no more than it has, whatever its pods and its step."""
    assert draft.candidate is not None
    if draft.candidate.paused or spec_unread(draft) or held_in_doubt(draft) is not None:
        return True
    if awaits_acceptance(draft) is not None:
        return True
    return candidate_complaint(draft) is not None


def _has_everything(draft: Draft) -> bool:
    slot = draft.candidate
    return slot is not None and step_at(draft) is None and slot.weight == 100 and slot.weight_since is not None


def weights(draft: Draft) -> dict[str, int]:
    """Return the backends of the route, summing to 100; empty while nothing can serve."""
    candidate = draft.candidate
    share = candidate.weight if candidate else 0
    backends: dict[str, int] = {}
    if draft.serving is not None:
        backends[draft.serving.name] = 100 - share
    if candidate is not None and share > 0:
        backends[candidate.revision] = share
    return backends if sum(backends.values()) == 100 else {}


def in_force(draft: Draft) -> bool:
    """Tell whether the live route (or the in-cluster Service, without a gateway) does what the slots say."""
    if draft.deployment.spec.traffic.gateway is None:
        return draft.candidate is not None and draft.seen.service_target == draft.candidate.revision
    route = draft.seen.route
    return route is not None and route.accepted and dict(route.weights) == weights(draft)


def settled(draft: Draft) -> bool:
    """Tell whether the live route does what the slots say, and is in all else what the spec declares."""
    return in_force(draft) and (draft.seen.route is None or draft.seen.route.as_declared)


def _note_acceptance(draft: Draft) -> None:
    assert draft.candidate is not None
    slot = draft.candidate
    if slot.weight > 0 and slot.weight_since is None and in_force(draft):
        draft.change_candidate(weight_since=draft.now, judged_since=slot.judged_since or draft.now)


def _lower_to_capacity(draft: Draft) -> None:
    """Weight falls at once to what ready pods carry: requests to a pod that is gone are lost."""
    assert draft.candidate is not None
    if _is_out_of_sight(draft):
        draft.set_weight(0, "its metrics cannot be read any more: nobody could tell that it is bad")
        return
    slot, state, target = draft.candidate, draft.state(draft.candidate), target_weight(draft)
    carried = carried_weight(state.ready, full_size(draft))
    if carried < 100 and draft.deployment.spec.traffic.gateway is None:
        carried = 0  # the Service points at one version or at the other
    if slot.weight <= min(carried, target) or draft.stable is None or stable_is_down(draft):
        return
    if carried < slot.weight:
        draft.change_candidate(shortfall_since=draft.now)
    why = f"its {state.ready} ready pods carry no more" if carried < target else "its step asks for no more"
    draft.set_weight(min(carried, target), why)


def _take_next_step(draft: Draft) -> None:
    slot, step = draft.candidate, step_at(draft)
    if slot is None or step is None:
        return
    if undecided(draft) == "Promote" and doubt(draft) is None:
        _pass_undecided(draft)
        return
    end, by = hold_ends(draft, step), earned_by(draft)
    if end is None or draft.now < end or by is None:
        return
    draft.change_candidate(step=slot.step + 1)
    said = evidence_so_far(draft)
    if by == "Evidence":
        draft.tell("StepPassed", f"{slot.revision} passed {step.weight} %: {said}")
        return
    draft.change_candidate(without_evidence=f"it passed {step.weight} % by its hold time alone: {said}"[:1024])
    draft.tell("StepPassed", f"{slot.revision} passed {step.weight} % without evidence, by its hold time alone: {said}")


def _pass_undecided(draft: Draft) -> None:
    """Let a candidate get everything that evidence has not settled in time; it can still be held or sent back."""
    assert draft.candidate is not None
    words = undecided_words(draft)
    draft.change_candidate(step=len(steps_of(draft)), without_evidence=words[:1024])
    draft.tell_warning("Undecided", f"{draft.candidate.revision} is {words}; it passes without evidence")


def _raise_to_target(draft: Draft) -> None:
    assert draft.candidate is not None
    slot, state, target = draft.candidate, draft.state(draft.candidate), target_weight(draft)
    if slot.weight >= target or blocking_conflict(draft, slot) is not None or awaits_verdict(draft):
        return
    able = state.ready if slot.shortfall_since is None else _steady_pods(draft)
    if carried_weight(able, full_size(draft)) < target or waits_for_metrics(draft):
        return
    if draft.stable is not None and not stable_is_down(draft):
        if slot.weight > 0 and slot.weight_since is None:
            return  # the gateway has not accepted the weight before
        if draft.stands_in:
            return  # stable may be back in a moment, or the fallback takes over
    draft.set_weight(target, f"its {state.ready} ready pods carry it")
    draft.change_candidate(shortfall_since=None)


def blocking_conflict(draft: Draft, slot: CandidateSlot) -> Trouble | None:
    """Return the conflict over the route's place if nothing new gets requests for it.

    That is no reason to stay with a bad or a dead version on a route that exists.
    """
    leaves = draft.seen.route is not None and (slot.restore or stable_is_down(draft))
    return None if leaves else draft.seen.conflict


def waits_for_metrics(draft: Draft) -> bool:
    """Tell whether a candidate that is to be compared cannot be seen yet: nobody is sent to what cannot be judged."""
    slot = draft.candidate
    if slot is None or slot.weight > 0 or slot.revision not in draft.seen.unread | draft.seen.blind:
        return False
    return _goes_by_evidence(draft, slot)


def _is_out_of_sight(draft: Draft) -> bool:
    """Tell whether a candidate that is compared, and gets requests, can no longer be seen."""
    slot = draft.candidate
    if slot is None or slot.weight == 0 or slot.revision not in draft.seen.blind:
        return False
    return _goes_by_evidence(draft, slot)


def _goes_by_evidence(draft: Draft, slot: CandidateSlot) -> bool:
    return slot.promoted_by is None and bool(steps_of(draft))


def _steady_pods(draft: Draft) -> int:
    assert draft.candidate is not None
    ready = (pod for pod in draft.state(draft.candidate).pods if pod.ready and not pod.terminating)
    return sum(1 for pod in ready if pod.ready_since is not None and draft.now - pod.ready_since >= STEADY)


def _release_on_first_weight(draft: Draft) -> None:
    if draft.fallback is not None and draft.candidate_has_weight:
        assert draft.candidate is not None
        draft.release_fallback("WatchEnded", f"the watch ended early: {draft.candidate.revision} gets requests")


def close_watch(draft: Draft) -> None:
    """Release the fallback when the watch window has passed, unless it is to take over as soon as it can."""
    if draft.stable is None or draft.fallback is None or draft.stands_in:
        return
    if draft.stable.watch_until is not None and draft.now < draft.stable.watch_until:
        return
    complaint = watch_complaint(draft)
    if complaint is None:
        draft.release_fallback("WatchEnded", "the watch window has passed without a complaint")
    elif not watch_rolls_back(draft):
        said = "nothing is taken back without a person, who said nothing while it could take over"
        draft.release_fallback("WatchEnded", f"the watch window has passed; {said}: {complaint[1]}"[:1024])

"""The children that the slots ask for: pods per revision, the route's weights, the Service's target, deletions."""

from datetime import timedelta
from typing import Final

from tandem.api.dates import time_span
from tandem.manifests.times import timeout_seconds
from tandem.rollout.capacity import pods_for
from tandem.rollout.decision import NOBODY, Desired
from tandem.rollout.draft import Draft
from tandem.rollout.observation import PODS_REFUSED, RevisionState
from tandem.rollout.progress import full_size, target_weight, weights
from tandem.rollout.quality import awaits_verdict, examination_due, recheck_due
from tandem.rollout.smoke import smoke_due

DRAIN_MARGIN: Final = timedelta(seconds=15)


def desired_children(draft: Draft) -> Desired:
    """Return the children as they shall be once the slots of the draft are written."""
    return Desired(
        new_revision=_new_revision(draft),
        replicas={name: _replicas(draft, state) for name, state in draft.seen.revisions.items() if _runs(draft, state)},
        weights=_route_weights(draft),
        weights_only=draft.seen.conflict is not None,
        service_target=_service_target(draft),
        delete=_surplus(draft),
        examine=examination_due(draft, target_weight(draft), full_size(draft))
        if draft.candidate
        else recheck_due(draft),
        smoke=smoke_due(draft),
        dismiss=(*(draft.seen.quality.obsolete if draft.seen.quality is not None else ()), *draft.seen.smoke.obsolete),
        nudge=_refused(draft),
    )


def _new_revision(draft: Draft) -> int | None:
    if draft.seen.declared is not None or draft.seen.blocked is not None or draft.frozen_by is not None:
        return None
    return last_number(draft) + 1


def last_number(draft: Draft) -> int:
    """Return the highest revision number given so far."""
    known = (state.revision.spec.number for state in draft.seen.revisions.values())
    return max(draft.previous.last_revision, *known, 0)


def slot_names(draft: Draft) -> set[str]:
    """Return the names of the revisions that are in a slot."""
    slots = (draft.stable, draft.candidate, draft.fallback)
    return {slot.revision for slot in slots if slot is not None}


def _runs(draft: Draft, state: RevisionState) -> bool:
    return state.workload or state.name in slot_names(draft)


def _replicas(draft: Draft, state: RevisionState) -> int:
    """A revision in two slots (a fallback that is tried anew) gets what the larger one needs.

    Pods that a candidate has already are left to it: it may be about to get requests, and will need them for 100 %.
    """
    candidate, stable, fallback = draft.candidate, draft.stable, draft.fallback
    minimum = draft.deployment.spec.serving.replicas.min
    sizes = []
    if candidate is not None and state.name == candidate.revision:
        needed = max(pods_for(target_weight(draft), max(candidate.size, minimum)), 1)
        sizes.append(max(needed, state.wanted))
    if stable is not None and state.name == stable.revision:
        sizes.append(max(minimum, candidate.size if candidate else 0, fallback.size if fallback else 0))
    if fallback is not None and state.name == fallback.revision:
        sizes.append(fallback.size)
    if sizes:
        return max(sizes)
    return 0 if _may_stop(draft, state) else state.wanted


def _may_stop(draft: Draft, state: RevisionState) -> bool:
    """Drained: the live route gives it nothing, and nothing is in progress (or could be, after the longest request)."""
    if _gets_requests(draft, state.name):
        return False
    if state.drained or state.ready == 0:
        return True
    since = state.revision.status.since
    if since is None or state.revision.status.phase in ("Candidate", "Serving", "Fallback", None):
        return False
    longest = time_span(timeout_seconds(state.revision.spec)) + DRAIN_MARGIN
    return draft.now - since >= longest


def _gets_requests(draft: Draft, name: str) -> bool:
    route = draft.seen.route
    if draft.seen.service_target == name:
        return True
    if route is None or draft.deployment.spec.traffic.gateway is None:
        return False
    return route.weights.get(name, 0) > 0 or not route.accepted


def _route_weights(draft: Draft) -> dict[str, int] | None:
    if draft.deployment.spec.traffic.gateway is None:
        return None
    if draft.seen.conflict is not None and draft.seen.route is None:
        return None  # a place that is taken is not claimed; a route that exists goes on with its own
    route = draft.seen.route
    served = {name for name, weight in route.weights.items() if weight > 0} if route is not None else set()
    return weights(draft) or ({} if _only_sent_back(draft, served) else None)


def _service_target(draft: Draft) -> str | None:
    """The only selector that ever changes, and only to a version that can carry everything."""
    candidate = draft.candidate
    if draft.deployment.spec.traffic.gateway is None and candidate is not None and candidate.weight == 100:
        return candidate.revision
    if draft.serving is not None:
        return draft.serving.name
    if candidate is not None and draft.state(candidate).ready >= full_size(draft) and not awaits_verdict(draft):
        return candidate.revision
    target = draft.seen.service_target
    return NOBODY if target is not None and _only_sent_back(draft, {target}) else None


def _only_sent_back(draft: Draft, names: set[str]) -> bool:
    """Tell whether all that get requests were sent back: a first version has none before it to hand them over to.

    To leave that as it is would let it serve for good. Those that are gone have no pods that could answer.
    """
    known = names & draft.seen.revisions.keys()
    return bool(known) and all(_was_sent_back(draft, name) for name in known)


def _was_sent_back(draft: Draft, name: str) -> bool:
    if name in slot_names(draft):
        return False
    if draft.rejected is not None and draft.rejected.revision == name:
        return True
    record = draft.records.get(name)
    return (record.phase if record else draft.seen.revisions[name].revision.status.phase) == "Rejected"


def _refused(draft: Draft) -> tuple[str, ...]:
    if draft.candidate is None:
        return ()
    state = draft.state(draft.candidate)
    refused = state.trouble is not None and state.trouble.reason in PODS_REFUSED
    return (state.name,) if refused else ()


def _surplus(draft: Draft) -> tuple[str, ...]:
    """Revisions beyond ``rollback.keepRevisions``; those that served are kept rather than those that never did."""
    kept = slot_names(draft) | {name for name in (draft.seen.declared,) if name}
    if draft.rejected is not None:
        kept.add(draft.rejected.revision)
    idle = [
        state
        for state in draft.seen.revisions.values()
        if state.name not in kept and state.wanted == 0 and not state.pods and not _gets_requests(draft, state.name)
    ]
    ranked = sorted(idle, key=lambda state: (state.revision.status.served, state.revision.spec.number), reverse=True)
    return tuple(state.name for state in ranked[draft.deployment.spec.rollback.keep_revisions :])

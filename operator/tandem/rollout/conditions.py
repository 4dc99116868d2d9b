"""Honest status: conditions that `kubectl wait`, Helm, Flux and Argo CD read the same way as a person does.

Available and Ready are always there; Reconciling, Stalled and the rest are abnormal and there only while true
(kstatus, https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md).
"""

from typing import Literal

from tandem.api.status import Condition, WaitingFor
from tandem.rollout.aging import aged
from tandem.rollout.contract import CONTRACT_WEAKENED, weakening
from tandem.rollout.draft import Draft
from tandem.rollout.images import different_images
from tandem.rollout.objectives import OBJECTIVE_MISSED, objective_missed
from tandem.rollout.observation import RevisionState
from tandem.rollout.operational import OPERATIONALLY_READY, Finding, operationally_ready
from tandem.rollout.pace import step_at
from tandem.rollout.progress import settled
from tandem.rollout.quality import QUALITY_MISSED, quality_missed
from tandem.rollout.smoke import smoke_missed
from tandem.rollout.waiting import stalled_reason


def conditions(draft: Draft, waits: WaitingFor | None) -> list[Condition]:
    """Return all conditions, sorted by type; a transition time changes only when a status does."""
    stalled = stalled_reason(draft, waits)
    ready = _ready(draft, stalled)
    found: dict[str, Finding] = {"Available": _available(draft), "Ready": ready}
    if stalled is not None and ready[0] != "True":
        found["Stalled"] = ("True", *stalled)
    elif ready[0] != "True":
        found["Reconciling"] = ("True", ready[1], waits.what if waits else ready[2])
    operational = operationally_ready(draft)
    if operational is not None:
        found[OPERATIONALLY_READY] = operational
    found.update(_abnormal(draft))
    return [_condition(draft, type_, *finding) for type_, finding in sorted(found.items())]


def _condition(
    draft: Draft, type_: str, status: Literal["True", "False", "Unknown"], reason: str, message: str
) -> Condition:
    before = draft.condition_before(type_)
    kept = before is not None and before.status == status
    return Condition(
        type=type_,
        status=status,
        reason=reason,
        message=message[:4096],
        last_transition_time=before.last_transition_time if before is not None and kept else draft.now,
        observed_generation=draft.deployment.metadata.generation,
    )


def _available(draft: Draft) -> Finding:
    if draft.stable is None:
        return ("False", "NothingServes", "no version has been ready yet")
    state, serving = draft.state(draft.stable), draft.serving
    if state.ready > 0:
        return ("True", "StableServes", f"{state.name} serves with {state.ready} ready pods")
    if serving is not None and serving.ready > 0:
        return ("True", "FallbackStandsIn", f"{serving.name} stands in, since {_no_ready_pod(state)}")
    return ("False", "NoReadyPods", _no_ready_pod(state))


def _no_ready_pod(state: RevisionState) -> str:
    return f"{state.name} is stable and has no ready pod" + (f": {state.trouble.message}" if state.trouble else "")


def _ready(draft: Draft, stalled: tuple[str, str] | None) -> Finding:
    declared, stable = draft.seen.declared, draft.stable
    if stable is not None and stable.revision == declared and draft.seen.blocked is None and draft.candidate is None:
        state = draft.state(stable)
        if state.ready == 0:
            return ("False", "NoReadyPods", _no_ready_pod(state))
        if draft.seen.conflict is not None:
            return ("False", draft.seen.conflict.reason, draft.seen.conflict.message)
        if not _everything_goes_to_stable(draft):
            return ("False", *(stalled or ("RouteNotAccepted", "the gateway has not accepted the route yet")))
        return ("True", "Serving", f"{stable.revision} serves everything")
    if stalled is not None:
        return ("False", *stalled)
    if draft.candidate is not None:
        return ("False", *_progress(draft))
    if draft.frozen_by is not None:
        return ("False", "Frozen", f"decision {draft.frozen_by} keeps new versions from starting; Resume lifts it")
    return ("False", "Pending", "the declared version is being made")


def _everything_goes_to_stable(draft: Draft) -> bool:
    assert draft.stable is not None
    if draft.deployment.spec.traffic.gateway is None:
        return draft.seen.service_target == draft.stable.revision
    return settled(draft)


def _progress(draft: Draft) -> tuple[str, str]:
    slot = draft.candidate
    assert slot is not None
    if slot.paused:
        return "Paused", f"{slot.revision} is paused at {slot.weight} %"
    if slot.restore:
        return "Restoring", f"{slot.revision} is scaled up to take over"
    if slot.weight == 0:
        return "Starting", f"{slot.revision} is starting"
    if step_at(draft) is None:
        return "Promoting", f"{slot.revision} is at {slot.weight} % and gets everything next"
    return "RollingOut", f"{slot.revision} is at {slot.weight} %"


def _abnormal(draft: Draft) -> dict[str, Finding]:
    found: dict[str, Finding] = {}
    seen = draft.seen
    if seen.conflict is not None:
        found["RouteConflict"] = ("True", seen.conflict.reason, seen.conflict.message)
    if seen.evidence_trouble is not None:
        found["EvidenceUnavailable"] = ("True", seen.evidence_trouble.reason, seen.evidence_trouble.message)
    objective = objective_missed(draft)
    if objective is not None:
        found[OBJECTIVE_MISSED] = objective
    missed = quality_missed(draft) or smoke_missed(draft)
    if missed is not None:
        found[QUALITY_MISSED] = missed
    found.update(aged(draft.deployment.spec, draft.now))
    relaxed = weakening(draft)
    if relaxed is not None:
        found[CONTRACT_WEAKENED] = ("True", *relaxed)
    for refusal in seen.refusals:
        kind = "NotOwned" if refusal.reason == "NotOwned" else "Refused"
        found.setdefault(kind, ("True", refusal.reason, refusal.message))
    if draft.stable is not None:
        state = draft.state(draft.stable)
        if different_images(state):
            found["ImageChanged"] = (
                "True",
                "MixedImages",
                f"tag {state.revision.spec.image} was pushed again: pods of {state.name} run different images",
            )
        if 0 < state.ready < state.wanted and state.trouble is not None:
            found["Degraded"] = (
                "True",
                state.trouble.reason,
                f"{state.ready} of {state.wanted} pods ready: {state.trouble.message}",
            )
    return found


def phase(draft: Draft, ready: Condition) -> str:
    """Return the one word that the table of ``kubectl get`` shows; derived, never decided upon."""
    if draft.candidate is not None and draft.candidate.restore and not draft.candidate.paused:
        return "Restoring"
    if draft.candidate is not None:
        return ready.reason if ready.reason in _CANDIDATE_PHASES else "Stalled"
    if draft.rejected is not None and draft.rejected.revision == draft.seen.declared:
        return "RolledBack" if draft.stable is not None else "Failed"
    if ready.status != "True":
        return "Degraded" if draft.stable is not None and ready.reason == "NoReadyPods" else ready.reason
    return "Watching" if draft.fallback is not None else "Serving"


_CANDIDATE_PHASES = frozenset({"Paused", "Restoring", "Starting", "Promoting", "RollingOut"})

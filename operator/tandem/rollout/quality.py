"""The gates of ``spec.quality``: no weight before a verdict, for a version that has never had any.

They hold up a new version only. What has had requests, what comes back, and what a person promotes is not asked again.
"""

from tandem.manifests.examination import Examination
from tandem.rollout.capacity import pods_for
from tandem.rollout.draft import Draft
from tandem.rollout.observation import QualityState

QUALITY_FAILED = "QualityFailed"
QUALITY_UNCHECKED = "QualityUnchecked"


def is_gated(draft: Draft) -> bool:
    """Tell whether the candidate may get no request before it has passed."""
    slot = draft.candidate
    if slot is None or draft.deployment.spec.quality is None:
        return False
    begun = slot.weight > 0 or slot.judged_since is not None
    return not begun and not slot.restore and slot.promoted_by is None


def awaits_verdict(draft: Draft) -> bool:
    """Tell whether the candidate has yet to pass."""
    state = _state(draft)
    return is_gated(draft) and (state is None or state.outcome != "Passed")


def quality_complaint(draft: Draft) -> tuple[str, str] | None:
    """Return reason and message if the candidate was asked, and its answers refuse it."""
    state = _state(draft)
    if state is None or state.outcome != "Failed" or not is_gated(draft):
        return None
    return (
        QUALITY_FAILED,
        f"it got no request: it did not answer the questions of spec.quality as it should: {state.message}",
    )


def quality_trouble(draft: Draft) -> tuple[str, str] | None:
    """Return reason and message if the candidate cannot be asked, and somebody has to do something about it."""
    state = _state(draft)
    if state is None or state.trouble is None or not awaits_verdict(draft):
        return None
    return QUALITY_UNCHECKED, state.trouble


def quality_wait(draft: Draft) -> str:
    """Say how far the examination is."""
    state = _state(draft)
    if state is None:
        return "the quality check: not begun"
    return f"the quality check: {state.trouble or state.message}"


def examination_due(draft: Draft, target: int, size: int) -> Examination | None:
    """Return the examination that shall be on: once enough pods are ready for the first weight, and it is the first."""
    slot, state = draft.candidate, _state(draft)
    if slot is None or state is None or not awaits_verdict(draft) or not state.inputs:
        return None
    if state.outcome is not None or state.report is not None:
        return None
    candidate, stable = draft.state(slot), draft.state(draft.stable) if draft.stable is not None else None
    if candidate.ready < pods_for(target, size):
        return None
    return Examination(
        revision=slot.revision,
        attempt=slot.attempt,
        inputs=state.inputs,
        candidate=candidate.addresses,
        stable=stable.addresses if stable is not None else (),
    )


def note_questions(draft: Draft, due: bool) -> None:
    """Note since when the candidate is asked: before it is, and until there is a verdict on record."""
    slot, state = draft.candidate, _state(draft)
    if slot is None:
        return
    on = awaits_verdict(draft) and state is not None and state.outcome is None
    since = slot.asked_since or (draft.now if due else None)
    if slot.asked_since is not None and state is not None and state.outcome == "Passed":
        draft.tell("QualityPassed", f"{slot.revision}: {state.message}")
    draft.change_candidate(asked_since=since if on else None)


def is_unrecorded(state: QualityState | None, revision: str) -> bool:
    """Tell whether a version has a verdict that its status does not hold yet."""
    return state is not None and state.revision == revision and state.report is not None


def _state(draft: Draft) -> QualityState | None:
    state = draft.seen.quality
    slot = draft.candidate
    return state if state is not None and slot is not None and state.revision == slot.revision else None

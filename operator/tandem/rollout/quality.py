"""The gates of ``spec.quality``: no weight before a verdict, for a version that has never had any.

They hold up a new version only: what has had requests, what comes back, and what a person promotes is not. The version
that serves is asked again when the questions change; what it misses is told, and changes nothing.
"""

from tandem.manifests.examination import Examination
from tandem.rollout.capacity import pods_for
from tandem.rollout.draft import Draft
from tandem.rollout.observation import QualityState
from tandem.rollout.operational import Finding, as_told
from tandem.rollout.pace import stable_is_down

QUALITY_FAILED = "QualityFailed"
QUALITY_UNCHECKED = "QualityUnchecked"
QUALITY_MISSED = "QualityMissed"
QUESTIONS_MISSED = "QuestionsMissed"


def is_gated(draft: Draft) -> bool:
    """Tell whether the candidate may get no request before it has passed."""
    slot = draft.candidate
    if slot is None or draft.deployment.spec.quality is None:
        return False
    return not slot.has_had_requests and not slot.restore and slot.promoted_by is None


def awaits_verdict(draft: Draft) -> bool:
    """Tell whether the candidate has yet to pass."""
    state = _state(draft)
    return is_gated(draft) and (state is None or state.outcome != "Passed")


def quality_complaint(draft: Draft) -> tuple[str, str] | None:
    """Return reason and message if the candidate was asked, and its answers refuse it."""
    state = _state(draft)
    if state is None or state.outcome != "Failed" or not is_gated(draft):
        return None
    what = "it got no request: it did not answer the questions of spec.quality as it should"
    return QUALITY_FAILED, f"{what}{_shown_by(draft, state.revision)}: {state.message}"


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
    if slot is None or state is None or not awaits_verdict(draft) or not is_open(state):
        return None
    candidate, stable = draft.state(slot), draft.state(draft.stable) if draft.stable is not None else None
    if candidate.ready < pods_for(target, size) or _stable_is_awaited(draft):
        return None
    return Examination(
        revision=slot.revision,
        attempt=slot.attempt,
        inputs=state.inputs,
        candidate=candidate.addresses,
        stable=stable.addresses if stable is not None else (),
        pods=tuple(pod.uid for pod in candidate.within_reach),
    )


def _stable_is_awaited(draft: Draft) -> bool:
    """Tell whether stable is to be asked too, and has no ready pod for a moment: without it nothing is compared."""
    slot, quality = draft.stable, draft.deployment.spec.quality
    if slot is None or quality is None or not quality.asks_stable or stable_is_down(draft):
        return False
    return not draft.state(slot).addresses


def recheck_due(draft: Draft) -> Examination | None:
    """Return the examination of the version that serves that shall be on: the questions or their rows have changed."""
    state = _state_of_serving(draft)
    if state is None or draft.stable is None or not is_open(state):
        return None
    if draft.seen.declared is None:
        return None  # a new version is being made, and is asked first
    serving = draft.state(draft.stable)
    if serving.ready == 0:
        return None
    uids = tuple(pod.uid for pod in serving.within_reach)
    return Examination(serving.name, serving.revision.status.attempt, state.inputs, serving.addresses, pods=uids)


def quality_missed(draft: Draft) -> Finding | None:
    """Return the condition of a version that serves and misses what is asked; it is told, nothing is sent back."""
    if draft.stable is None or draft.deployment.spec.quality is None:
        return None
    name, state = draft.stable.revision, _state_of_serving(draft)
    if state is not None and state.trouble is not None:
        return ("Unknown", QUALITY_UNCHECKED, f"{name} serves, and cannot be asked: {state.trouble}")
    if is_unrecorded(draft.seen.quality, name) or (state is not None and state.outcome is None):
        return told_before(draft)
    known = state or draft.state(draft.stable).revision.status.quality
    if known is not None and known.outcome == "Failed":
        what = f"{name} serves, and does not answer the questions of spec.quality as it should"
        said = f"{what}{_shown_by(draft, name)}: {known.message}"
        return ("True", QUESTIONS_MISSED, f"{said}. It is not sent back for it")
    return None


def told_before(draft: Draft) -> Finding | None:
    """Return the condition as it was told last."""
    return as_told(draft.condition_before(QUALITY_MISSED))


def note_questions(draft: Draft, due: bool) -> None:
    """Note since when a version is asked: before it is, and until there is a verdict on record.

    What serves is not asked while something is in the way of it, and is held to its objectives then.
    """
    _note_candidate(draft, due)
    if draft.stable is None:
        return
    slot, state = draft.stable, _state_of_serving(draft)
    if slot.asked_since is not None and state is not None:
        if state.outcome == "Passed":
            draft.tell("QualityPassed", f"{slot.revision}: {state.message}")
        elif state.outcome == "Failed":
            draft.tell_warning(QUALITY_MISSED, f"{slot.revision}, which serves: {state.message}")
    since = slot.asked_since or (draft.now if due and draft.candidate is None else None)
    on = state is not None and is_open(state) and state.trouble is None or is_unrecorded(state, slot.revision)
    draft.stable = slot.with_changes(asked_since=since if on else None)


def _note_candidate(draft: Draft, due: bool) -> None:
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


def _shown_by(draft: Draft, revision: str) -> str:
    """Name the command that shows what was missed, where that is kept: before figures that may be cut off."""
    state = draft.seen.revisions.get(revision)
    report = state.revision.status.quality if state is not None else None
    kept = report is not None and report.cases is not None and report.cases.secret is not None
    meta = draft.deployment.metadata
    return f" (see `tandem cases {meta.name} -n {meta.namespace}`)" if kept else ""


def is_open(state: QualityState) -> bool:
    """Tell whether a version is yet to be asked, or is being asked."""
    return bool(state.inputs) and state.outcome is None and state.report is None


def _state_of_serving(draft: Draft) -> QualityState | None:
    state, stable = draft.seen.quality, draft.stable
    alone = draft.candidate is None and draft.fallback is None
    return state if state is not None and stable is not None and alone and state.revision == stable.revision else None


def _state(draft: Draft) -> QualityState | None:
    state = draft.seen.quality
    slot = draft.candidate
    return state if state is not None and slot is not None and state.revision == slot.revision else None

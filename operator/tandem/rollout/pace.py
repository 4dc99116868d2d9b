"""The pace: which steps a candidate has to pass, when one is passed, and what becomes of a candidate left undecided."""

from datetime import datetime, timedelta
from typing import Final

from tandem.api.dates import time_span
from tandem.api.rollout import Pace, Step, WhenUndecided
from tandem.api.values import duration_seconds
from tandem.contract import Kind
from tandem.judge import VerdictKind
from tandem.rollout.contract import callers, listed, unaccepted
from tandem.rollout.draft import Draft

STABLE_DOWN_AFTER: Final = timedelta(seconds=20)
"""A stable version without a ready pod for this long protects nobody: it no longer holds a new version up."""

PARTLY_HAD: Final = frozenset({"EdgeMissing", "EvidenceCorrupt", "GatewayUnreadable"})
"""Troubles with evidence that leave enough of it to see a bad version by."""


def stable_is_down(draft: Draft) -> bool:
    """Tell whether stable protects nobody: there is none, or it has had no ready pod for some time."""
    if draft.stable is None:
        return True
    since = draft.stable.down_since
    return draft.state(draft.stable).ready == 0 and since is not None and draft.now - since >= STABLE_DOWN_AFTER


def steps_of(draft: Draft) -> list[Step]:
    """Return the steps that the candidate has to pass; none where there is no gateway or nobody to compare with."""
    slot = draft.candidate
    if slot is None or slot.restore or draft.deployment.spec.traffic.gateway is None or stable_is_down(draft):
        return []
    return draft.deployment.spec.rollout.steps


def step_at(draft: Draft) -> Step | None:
    """Return the step that the candidate is at or getting ready for; None if it is to get everything."""
    slot, steps = draft.candidate, steps_of(draft)
    if slot is None or slot.promoted_by is not None or slot.step >= len(steps):
        return None
    return steps[slot.step]


def hold_ends(draft: Draft, step: Step) -> datetime | None:
    """Return when the step's hold time is over; None while the gateway has not accepted its weight."""
    slot = draft.candidate
    if slot is None or slot.weight != step.weight or slot.weight_since is None:
        return None
    return slot.weight_since + time_span(duration_seconds(step.hold))


def spec_unread(draft: Draft) -> bool:
    """Tell whether the candidate goes no further because nobody can say whether the spec still declares it.

    A person's word on that very version counts all the same, and so does it that nobody else serves.
    """
    slot = draft.candidate
    if slot is None or draft.seen.blocked is None:
        return False
    return not slot.restore and slot.promoted_by is None and not stable_is_down(draft)


def awaits_acceptance(draft: Draft) -> str | None:
    """Return why the candidate gets no more requests until somebody accepts what it takes back, if so.

    No counter shows what callers lose, or what is not asked any more (see `tandem.rollout.contract`). A return to an
    earlier version and a person's Promote are not held up by it, and while nobody serves nobody is protected by it.
    """
    slot = draft.candidate
    if slot is None or slot.restore or slot.promoted_by is not None or stable_is_down(draft):
        return None
    found, who = unaccepted(draft), callers(draft)
    broken = [each for each in found if each.kind is Kind.INTERFACE]
    eased = [each for each in found if each.kind is Kind.QUALITY]
    if eased and not (broken and who):
        return (
            f"{slot.revision} stays at {slot.weight} %: together with it less is demanded of its answers: "
            f"{listed(eased)}. Demand it again; or order Accept of {slot.revision}, or name the differences in "
            "rollout.acceptWeakening"
        )
    if not broken or not who:
        return None
    return (
        f"{slot.revision} stays at {slot.weight} %: it breaks what {', '.join(who[:5])} may rely on: {listed(broken)}. "
        f"Put the interface back; or agree with them and order Accept of {slot.revision}, or name the differences in "
        "rollout.acceptWeakening"
    )


def evidence_so_far(draft: Draft) -> str:
    """Return what the judge says of the candidate, and why it could not say more."""
    verdict, trouble = draft.seen.verdict, draft.seen.evidence_trouble
    said = verdict.sentence if verdict is not None else "no request was answered yet"
    return f"{said} ({trouble.message})" if trouble is not None else said


def earned_by(draft: Draft) -> Pace | None:
    """Return what the candidate may leave its step by once the hold time is over; None: by nothing yet."""
    kind = _kind(draft)
    if kind is VerdictKind.ADVANCE:
        return "Evidence"
    by_time = draft.deployment.spec.rollout.pace == "Time" and kind is VerdictKind.UNDECIDED
    return "Time" if by_time and doubt(draft) is None else None


def doubt(draft: Draft) -> str | None:
    """Return why a candidate without evidence in its favour gets no more: it is suspicious, or cannot be seen."""
    assert draft.candidate is not None
    verdict, trouble = draft.seen.verdict, draft.seen.evidence_trouble
    if verdict is not None and verdict.kind in (VerdictKind.HOLD, VerdictKind.ROLL_BACK):
        return f"it is suspicious: {verdict.sentence}"
    if trouble is not None and trouble.reason not in PARTLY_HAD:
        return f"it cannot be seen: {trouble.message}"
    if verdict is None or draft.candidate.revision in draft.seen.unread:
        return "it cannot be seen: not all of its pods' counters have been read yet"
    return None


def held_in_doubt(draft: Draft) -> str | None:
    """Return why a candidate that is past its steps without evidence does not get everything yet, if so."""
    slot = draft.candidate
    if slot is None or slot.without_evidence is None or slot.promoted_by is not None:
        return None
    return doubt(draft) if step_at(draft) is None and not stable_is_down(draft) else None


def undecided(draft: Draft) -> WhenUndecided | None:
    """Return what becomes of the candidate, if evidence should have settled it by now and does not let it go on.

    While a person has paused it or is waited for, or the spec cannot be read, nothing becomes of it by time alone.
    """
    slot = draft.candidate
    if slot is None or slot.paused or spec_unread(draft) or not _overdue(draft) or awaits_acceptance(draft):
        return None
    if step_at(draft) is None:
        waits = held_in_doubt(draft) is not None
    else:
        waits = earned_by(draft) is None and _kind(draft) is not VerdictKind.ROLL_BACK
    return draft.deployment.spec.rollout.evidence.when_undecided if waits else None


def undecided_words(draft: Draft) -> str:
    """Say that evidence has not settled it in time, in numbers."""
    return f"undecided after {draft.deployment.spec.rollout.evidence.max_duration}: {evidence_so_far(draft)}"


def _overdue(draft: Draft) -> bool:
    """Tell whether the candidate has been judged for longer than ``rollout.evidence.maxDuration``."""
    slot, longest = draft.candidate, draft.deployment.spec.rollout.evidence.max_duration
    if slot is None or slot.judged_since is None or longest is None:
        return False
    return draft.now - slot.judged_since >= time_span(duration_seconds(longest))


def _kind(draft: Draft) -> VerdictKind:
    return draft.seen.verdict.kind if draft.seen.verdict is not None else VerdictKind.UNDECIDED

"""What people order through ``spec.decision`` of a ModelRevision: acted on once per id, whatever crashes between."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from tandem.api.revision import PersonDecision
from tandem.api.status import ActedDecision
from tandem.rollout.contract import accept
from tandem.rollout.draft import ROLLED_BACK_BY_PERSON, Draft
from tandem.rollout.observation import RevisionState

Handler = Callable[[Draft, str, str], str]


def follow_orders(draft: Draft) -> None:
    """Act on every decision whose id is new; the oldest revision's first."""
    for revision, order in _new_orders(draft):
        _note(draft, revision, order, _HANDLERS[order.verb](draft, revision, order.id))


def leave_orders(draft: Draft, result: str) -> None:
    """Count every decision whose id is new as acted on, with this result, and do nothing about it."""
    for revision, order in _new_orders(draft):
        _note(draft, revision, order, result)


def _new_orders(draft: Draft) -> list[tuple[str, PersonDecision]]:
    states = sorted(draft.seen.revisions.values(), key=lambda state: state.revision.spec.number)
    orders = [(state.name, state.revision.spec.decision) for state in states]
    return [(name, order) for name, order in orders if order is not None and not _acted(draft, name, order)]


def _note(draft: Draft, revision: str, order: PersonDecision, result: str) -> None:
    draft.decisions[revision] = ActedDecision(
        revision=revision, id=order.id, verb=order.verb, result=result, at=draft.now
    )
    draft.tell("DecisionObserved", f"{order.verb} of {revision} (id {order.id}): {result}")


def _acted(draft: Draft, revision: str, order: PersonDecision) -> bool:
    acted = draft.decisions.get(revision)
    observed = draft.seen.revisions[revision].revision.status.observed_decision
    return order.id in {acted.id if acted else None, observed.id if observed else None}


def _promote(draft: Draft, revision: str, order: str) -> str:
    if draft.candidate is None or draft.candidate.revision != revision:
        return "nothing done: it is not the candidate"
    accept(draft)
    draft.change_candidate(promoted_by=order, paused=False)
    return "passes without further evidence, as soon as its pods can carry everything"


def _abort(draft: Draft, revision: str, order: str) -> str:
    if draft.candidate is None or draft.candidate.revision != revision:
        return "nothing done: it is not the candidate"
    draft.reject("Aborted", f"a person aborted it (decision {order})")
    return "sent back"


def _retry(draft: Draft, revision: str, _order: str) -> str:
    if draft.rejected is None or draft.rejected.revision != revision:
        return "nothing done: it is not the rejected version"
    if draft.seen.declared != revision:
        return "nothing done: it is not what the spec declares now; apply it again instead"
    draft.forget_rejected()
    return "tried again with fresh evidence" + ("" if draft.frozen_by is None else ", once Resume lifts the freeze")


def _pause(draft: Draft, revision: str, _order: str) -> str:
    if draft.candidate is None or draft.candidate.revision != revision:
        return "nothing done: it is not the candidate"
    draft.change_candidate(paused=True)
    return f"stays at {draft.candidate.weight} %; it can still be sent back"


def _resume(draft: Draft, revision: str, _order: str) -> str:
    if draft.candidate is not None and draft.candidate.revision == revision and draft.candidate.paused:
        judged = draft.now if draft.candidate.judged_since is not None else None
        draft.change_candidate(paused=False, judged_since=judged)
        return "goes on"
    if draft.frozen_by is not None:
        draft.frozen_by = None
        return "new versions may start again"
    return "nothing done: neither paused nor frozen"


def _freeze(draft: Draft, _revision: str, order: str) -> str:
    draft.frozen_by = order
    return "no new version starts until Resume"


def _accept(draft: Draft, revision: str, _order: str) -> str:
    tried = draft.candidate or (draft.stable if draft.fallback is not None else None)
    if tried is None or tried.revision != revision:
        return "nothing done: it is neither the candidate nor watched"
    count = accept(draft)
    if count == 0:
        return "nothing done: it promises no less than its predecessor"
    return f"may promise less than its predecessor: {count} {'difference' if count == 1 else 'differences'} accepted"


def _rollback(draft: Draft, revision: str, order: str) -> str:
    if draft.candidate is not None and draft.candidate.revision == revision:
        return _abort(draft, revision, order)
    if draft.stable is None or draft.stable.revision != revision:
        return "nothing done: it is neither stable nor the candidate"
    message = f"a person rolled it back (decision {order})"
    if draft.fallback is not None and draft.state(draft.fallback).ready > 0:
        draft.fall_back(ROLLED_BACK_BY_PERSON, message)
        return "its predecessor took over at once"
    if draft.candidate is not None and draft.candidate.restore:
        return f"nothing done: {draft.candidate.revision} is on its way to take over already"
    target = last_good_before(draft, revision)
    if target is None:
        return "nothing done: no earlier version that served well is kept"
    if draft.candidate is not None:
        draft.supersede(target)
    if draft.fallback is not None:
        draft.release_fallback("FallbackUnready", "has no ready pods to take over with; it is started anew")
    draft.remember_rejected(revision, ROLLED_BACK_BY_PERSON, message)
    draft.start(target, restore=True)
    return f"{target} is scaled up and takes everything as soon as it is ready"


def last_good_before(draft: Draft, revision: str) -> str | None:
    """Return the revision that served last, is still kept and was not sent back, other than the given one."""
    sent_back = {name for name, record in draft.records.items() if record.phase == "Rejected"}
    if draft.rejected is not None:
        sent_back.add(draft.rejected.revision)
    served = [
        state
        for state in draft.seen.revisions.values()
        if state.name != revision
        and state.name not in sent_back
        and state.revision.status.served
        and state.revision.status.phase != "Rejected"
    ]
    ranked = sorted(served, key=lambda state: (_last_served(draft, state), state.revision.spec.number))
    return ranked[-1].name if ranked else None


def _last_served(draft: Draft, state: RevisionState) -> datetime:
    """Not since when it is in its phase: one that is declared again and withdrawn enters phases without serving."""
    status = state.revision.status
    if status.phase == "Serving":
        return draft.now  # a crash kept its record from being written when it was replaced
    return status.last_served or status.since or draft.now


_HANDLERS: Final[dict[str, Handler]] = {
    "Promote": _promote,
    "Abort": _abort,
    "Retry": _retry,
    "Pause": _pause,
    "Resume": _resume,
    "Rollback": _rollback,
    "Freeze": _freeze,
    "Accept": _accept,
}

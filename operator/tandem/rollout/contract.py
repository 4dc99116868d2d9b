"""The contract: what was promised when a version began to serve, and what becomes of a change that promises less.

Requirements are no part of a revision: changing them judges the running version anew and starts no rollout. But if they
are relaxed in the same change that brings a new image, the new version would be measured by what it was measured for.
So a version is held to what its predecessor was held to wherever it declares less, until somebody accepts the
difference: a person by Accept or Promote, Git by ``rollout.acceptWeakening``.

Objectives are judged, and automatic rollback stays on. What callers lose of an interface no counter shows: a path that
is gone answers 404, which is no server error. So while somebody is named who calls the model, a candidate with a broken
interface gets no more requests than it has until the difference is accepted (see `pace.awaits_acceptance`); with nobody
named it is only told. The same goes for a demand of spec.quality that is given up, whoever is named: whom it protected
cannot notice. Nothing of this keeps a version from being sent back.
"""

from collections.abc import Sequence
from typing import Final

from tandem.api.contract import Contract, WeakenedTerm
from tandem.api.objects import ModelDeployment
from tandem.api.requirements import Requirements
from tandem.contract import Kind, Weakening, held, held_objectives, held_rollback
from tandem.rollout.draft import Draft

CONTRACT_WEAKENED: Final = "ContractWeakened"

MOST_LISTED: Final = 32
"""Differences that status lists."""

MOST_TOLD: Final = 6
"""Differences that a condition and an event spell out: an Event holds 1,024 characters."""

LONGEST: Final = 300
LONGEST_TOLD: Final = 110
"""Characters of a difference in status, and in a condition or event."""


def contract_in_force(deployment: ModelDeployment) -> Requirements:
    """Return the objectives that the version that is judged is held to, as the status says who that is."""
    status, declared = deployment.status, deployment.spec.requirements
    candidate, stable, fallback = status.candidate, status.stable, status.fallback
    if stable is not None and fallback is not None and (candidate is None or candidate.weight == 0):
        return held_objectives(declared, fallback.contract, _accepted(deployment, stable.accepted))
    if stable is not None and candidate is not None and not candidate.restore:
        return held_objectives(declared, stable.contract, _accepted(deployment, candidate.accepted))
    return declared


def watch_rolls_back(draft: Draft) -> bool:
    """Tell whether stable is sent back without asking while it is watched."""
    before = draft.fallback.contract if draft.fallback else None
    accepted = _accepted(draft.deployment, draft.stable.accepted if draft.stable else None)
    return held_rollback(draft.deployment.spec.rollback.automatic, before, accepted)


def trial_rolls_back(draft: Draft) -> bool:
    """Tell whether the candidate is sent back without asking."""
    before = draft.stable.contract if draft.stable else None
    accepted = _accepted(draft.deployment, draft.candidate.accepted if draft.candidate else None)
    return held_rollback(draft.deployment.spec.rollback.automatic, before, accepted)


def unaccepted(draft: Draft) -> tuple[Weakening, ...]:
    """Return what the declared version promises less than its predecessor, and nobody has accepted."""
    accepted = _accepted(draft.deployment, _accepted_by_person(draft))
    return tuple(each for each in _weakenings(draft) if each.hash not in accepted)


def callers(draft: Draft) -> list[str]:
    """Return who calls the model by what is declared, or was before: nobody gets rid of a caller by not naming it."""
    before = _predecessor(draft)
    named = {*(draft.declared_contract.consumers or []), *((before.consumers if before else None) or [])}
    return sorted(named)


def accept(draft: Draft) -> int:
    """Note that a person lets the declared version promise less; return how many differences that are."""
    found = unaccepted(draft)
    hashes = sorted({*(_accepted_by_person(draft) or []), *(each.hash for each in found)}) or None
    if _tried(draft):
        draft.change_candidate(accepted=hashes)
    elif draft.stable is not None:
        draft.stable = draft.stable.with_changes(accepted=hashes)
    return len(found)


def weakened_terms(draft: Draft) -> list[WeakenedTerm] | None:
    """Return what was weakened as status lists it."""
    return [
        WeakenedTerm(hash=each.hash, term=_cut(each.term), difference=_cut(each.words))
        for each in unaccepted(draft)[:MOST_LISTED]
    ] or None


def weakening(draft: Draft) -> tuple[str, str] | None:
    """Return in one word and in a sentence what is weaker in the change that is tried, and what to do."""
    found, judged = unaccepted(draft), draft.candidate or draft.stable
    if not found or judged is None:
        return None
    name, hashes = judged.revision, ", ".join(each.hash for each in found[:MOST_TOLD])
    return _reason(found), (
        f"{name} promises less than its predecessor: {listed(found)}. {_consequence(draft, found)}. If it is meant: "
        f"order Accept of {name}, or set rollout.acceptWeakening: [{hashes}]"
    )


def listed(found: Sequence[Weakening]) -> str:
    """Return differences in words, each with its hash."""
    told = "; ".join(f"{_cut(each.words, LONGEST_TOLD)} ({each.hash})" for each in found[:MOST_TOLD])
    left = len(found) - MOST_TOLD
    return f"{told}; and {left} more in status.weakened" if left > 0 else told


def note_contract(draft: Draft) -> None:
    """Note what stable is held to, and tell when a change weakens it together with a new version.

    A version that is declared and serves alone is held to what is declared now: relaxing that is a change of its own,
    that everybody can see.
    """
    stable, fallback = draft.stable, draft.fallback
    if stable is not None and draft.candidate is None and draft.seen.declared == stable.revision:
        before = fallback.contract if fallback else None
        contract = held(draft.declared_contract, before, _accepted(draft.deployment, stable.accepted))
        draft.stable = stable.with_changes(contract=contract, accepted=stable.accepted if fallback else None)
    _tell(draft)


def _tell(draft: Draft) -> None:
    """Tell of each difference once: of those that Git accepts when the version starts, of others when they appear."""
    told = {each.hash for each in draft.previous.weakened or []}
    said = weakening(draft)
    if said is not None and any(each.hash not in told for each in unaccepted(draft)[:MOST_LISTED]):
        draft.tell_warning(CONTRACT_WEAKENED, said[1])
    meant = draft.deployment.spec.rollout.accept_weakening or ()
    accepted = [each for each in _weakenings(draft) if each.hash in meant]
    if draft.candidate is not None and draft.candidate.revision in draft.tried and accepted:
        name = draft.candidate.revision
        draft.tell("WeakeningAccepted", f"{name} may promise less, by rollout.acceptWeakening: {listed(accepted)}")


def _reason(found: Sequence[Weakening]) -> str:
    kinds = {each.kind for each in found}
    if Kind.INTERFACE in kinds:
        return "InterfaceBroken"
    if Kind.QUALITY in kinds:
        return "QualityRelaxed"
    return "RequirementsRelaxed" if kinds & {Kind.OBJECTIVE, Kind.PLAN} else "SafeguardsRemoved"


def _consequence(draft: Draft, found: Sequence[Weakening]) -> str:
    """Say what is done about it until it is accepted."""
    kinds, done = {each.kind for each in found}, []
    if Kind.OBJECTIVE in kinds:
        done.append("it is held to what its predecessor was held to")
    if Kind.SAFEGUARD in kinds:
        done.append("it is sent back by itself all the same")
    if Kind.INTERFACE in kinds and _tried(draft):
        named = callers(draft)
        done.append(
            "it gets no more requests until then" if named else "no consumer is named who would have to be asked"
        )
    if Kind.QUALITY in kinds and _tried(draft):
        done.append("it gets no more requests until then")
    text = "; ".join(dict.fromkeys(done)) or "nothing follows from it by itself"
    return text[0].upper() + text[1:]


def _weakenings(draft: Draft) -> tuple[Weakening, ...]:
    before = _predecessor(draft)
    return draft.weakenings_from(before) if before is not None else ()


def _tried(draft: Draft) -> bool:
    return draft.candidate is not None and draft.stable is not None and not draft.candidate.restore


def _predecessor(draft: Draft) -> Contract | None:
    """Return what the version was held to that the declared one replaces, or has replaced and can still give way to."""
    if _tried(draft):
        return draft.stable.contract if draft.stable else None
    return draft.fallback.contract if draft.fallback is not None and draft.candidate is None else None


def _accepted_by_person(draft: Draft) -> Sequence[str] | None:
    if _tried(draft):
        return draft.candidate.accepted if draft.candidate else None
    return draft.stable.accepted if draft.stable else None


def _accepted(deployment: ModelDeployment, by_person: Sequence[str] | None) -> frozenset[str]:
    return frozenset((*(by_person or ()), *(deployment.spec.rollout.accept_weakening or ())))


def _cut(text: str, most: int = LONGEST) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"

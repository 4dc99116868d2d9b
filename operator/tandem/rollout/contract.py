"""The contract: what the objectives were when a version began to serve, and the stricter of two such promises.

Requirements are no part of a revision: changing them judges the running version anew and starts no rollout. But if they
are relaxed in the same change that brings a new image, the new version would be measured by what it was measured for.
So a version is held to its own contract and to that of the version it would replace; what was relaxed is named.
"""

from typing import Final, Protocol

from tandem.api.objects import ModelDeployment
from tandem.api.requirements import Latency, Requirements
from tandem.api.status import CandidateSlot, FallbackSlot, StableSlot
from tandem.api.values import duration_seconds, percent_share
from tandem.rollout.draft import Draft
from tandem.rollout.terms import objectives

CONTRACT_WEAKENED: Final = "ContractWeakened"


class Slots(Protocol):
    """Who is in which slot: of a status, or of a decision that is being made."""

    @property
    def stable(self) -> StableSlot | None: ...  # noqa: D102

    @property
    def candidate(self) -> CandidateSlot | None: ...  # noqa: D102

    @property
    def fallback(self) -> FallbackSlot | None: ...  # noqa: D102


def contract_in_force(deployment: ModelDeployment) -> Requirements:
    """Return what the version that is judged is held to: the stricter of what is declared and what went before."""
    before = _contract_before(deployment.status)
    declared = deployment.spec.requirements
    return declared if before is None else stricter(declared, before)


def stricter(one: Requirements, other: Requirements) -> Requirements:
    """Return for each objective the stricter of both; what only one of them has counts."""
    shares = [each.availability for each in (one, other) if each.availability is not None]
    found = {
        name: min(durations, key=duration_seconds)
        for name in Latency.model_fields
        if (durations := [value for each in (one, other) if (value := objectives(each).get(name)) is not None])
    }
    return Requirements(
        latency=Latency(**found) if found else None, availability=max(shares, key=percent_share) if shares else None
    )


def weakened(declared: Requirements, before: Requirements) -> tuple[str, ...]:
    """Return in words which objectives are declared more loosely than they were before, or no longer at all."""
    now, found = objectives(declared), []
    for name, old in objectives(before).items():
        new = now.get(name)
        if new is None:
            found.append(f"latency.{name} of {old} was removed")
        elif duration_seconds(new) > duration_seconds(old):
            found.append(f"latency.{name} went from {old} to {new}")
    if before.availability is not None:
        if declared.availability is None:
            found.append(f"availability of {before.availability} was removed")
        elif percent_share(declared.availability) < percent_share(before.availability):
            found.append(f"availability went from {before.availability} to {declared.availability}")
    return tuple(found)


def weakening(draft: Draft) -> str | None:
    """Return what was relaxed in the change that is being tried, and what to do; None if nothing was."""
    before = _contract_before(draft)
    found = weakened(draft.deployment.spec.requirements, before) if before is not None else ()
    if not found:
        return None
    held = draft.candidate or draft.stable
    assert held is not None
    return (
        f"requirements were relaxed together with a new version: {'; '.join(found)}. {held.revision} is held to what "
        "its predecessor was held to; to relax them on purpose do so while the old version serves alone, or order "
        "Promote"
    )


def note_contract(draft: Draft) -> None:
    """Note what stable is held to, and tell when a change relaxes it together with a new version.

    A version that is declared and serves alone is held to what is declared now: relaxing that is a change of its own,
    that everybody can see.
    """
    if draft.stable is not None and draft.candidate is None and draft.seen.declared == draft.stable.revision:
        draft.stable = draft.stable.with_changes(contract=draft.deployment.spec.requirements)
    told = next((c for c in draft.previous.conditions or [] if c.type == CONTRACT_WEAKENED), None)
    message = weakening(draft)
    if message is not None and told is None:
        draft.tell_warning(CONTRACT_WEAKENED, message)


def _contract_before(slots: Slots) -> Requirements | None:
    """Return the contract of the version that would be gone back to, if there is one and it is known."""
    candidate, stable, fallback = slots.candidate, slots.stable, slots.fallback
    if fallback is not None and (candidate is None or candidate.weight == 0):
        return fallback.contract
    if candidate is not None and stable is not None and not candidate.restore:
        return stable.contract
    return None

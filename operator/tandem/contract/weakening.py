"""What a contract takes back of the one before it: each difference with its words and a hash that names it for good."""

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from tandem.api.contract import Contract, PromisedDemand
from tandem.api.requirements import Latency, Requirements
from tandem.api.values import duration_seconds, percent_share
from tandem.contract.demands import bound, by_term, given_up
from tandem.contract.interface import interface_changes, interface_held
from tandem.manifests.canonical import identity


class Kind(StrEnum):
    """What is done about a difference until it is accepted."""

    OBJECTIVE = "Objective"
    """The version is judged by what was promised before."""
    SAFEGUARD = "Safeguard"
    """What protects is kept on."""
    INTERFACE = "Interface"
    """No counter shows it, so no judge can: the version gets no requests while somebody is named who would notice."""
    QUALITY = "Quality"
    """Whoever it protected cannot notice: the version gets no requests."""
    PLAN = "Plan"
    """Nothing of the version follows from it: it is named."""


@dataclass(frozen=True, slots=True)
class Weakening:
    """One promise that became weaker. ``known`` is False where it may have, and nobody can say."""

    kind: Kind
    term: str
    """What was promised: ``latency.p99``, ``availability``, ``interface POST /predict``, ``quality.edgeCases`` ..."""
    words: str
    hash: str
    known: bool = True


def weakenings(declared: Contract, before: Contract) -> tuple[Weakening, ...]:
    """Return what is declared more weakly than before, or no longer at all. Pure: lint and operator say the same."""
    return (
        *_objectives(declared, before),
        *_others(declared, before),
        *_interface(declared, before),
        *_quality(declared, before),
    )


def held(declared: Contract, before: Contract | None, accepted: Collection[str]) -> Contract:
    """Return what a version is held to: what is declared; where that is weaker and not accepted, what was before."""
    if before is None:
        return declared
    kept = held_objectives(declared, before, accepted)
    weaker = {each.term for each in weakenings(declared, before) if each.hash not in accepted}
    return declared.with_changes(
        latency=kept.latency,
        availability=kept.availability,
        throughput=before.throughput if THROUGHPUT in weaker else declared.throughput,
        max_age=before.max_age if MAX_AGE in weaker else declared.max_age,
        automatic_rollback=before.automatic_rollback if ROLLBACK in weaker else declared.automatic_rollback,
        interface=interface_held(declared, before, weaker),
        quality=_demands_held(declared, before, weaker),
    )


def held_objectives(declared: Requirements, before: Requirements | None, accepted: Collection[str]) -> Requirements:
    """Return the objectives that a version is judged by, as `held` does: cheap, it is asked at every look."""
    weaker = {each.term for each in _objectives(declared, before) if each.hash not in accepted} if before else set()
    if before is None or not weaker:
        return declared
    latency = {
        name: (before if f"latency.{name}" in weaker else declared).latency_objectives.get(name)
        for name in Latency.model_fields
    }
    availability = before.availability if AVAILABILITY in weaker else declared.availability
    found = Latency(**latency) if any(latency.values()) else None
    return declared.with_changes(latency=found, availability=availability)


def held_rollback(automatic: bool, before: Contract | None, accepted: Collection[str]) -> bool:
    """Return whether a bad version is sent back without asking: switching that off weakens the contract too."""
    switched_off = before is not None and bool(before.automatic_rollback)
    return automatic or switched_off and _hash(ROLLBACK, True, False) not in accepted


AVAILABILITY: Final = "availability"
THROUGHPUT: Final = "throughput.peak"
MAX_AGE: Final = "maxAge"
ROLLBACK: Final = "rollback.automatic"


def _objectives(declared: Requirements, before: Requirements) -> Iterator[Weakening]:
    now = declared.latency_objectives
    for name, old in before.latency_objectives.items():
        yield from _longer(Kind.OBJECTIVE, f"latency.{name}", now.get(name), old)
    old_share = before.availability
    if old_share is not None:
        new_share = declared.availability
        values = percent_share(old_share), None if new_share is None else percent_share(new_share)
        if values[1] is None or values[1] < values[0]:
            yield _weakening(Kind.OBJECTIVE, AVAILABILITY, _went(AVAILABILITY, old_share, new_share), *values)


def _others(declared: Contract, before: Contract) -> Iterator[Weakening]:
    old = before.throughput.peak if before.throughput else None
    new = declared.throughput.peak if declared.throughput else None
    if old is not None and (new is None or new < old):
        said = (f"{value:g} requests a second" if value is not None else None for value in (old, new))
        yield _weakening(Kind.PLAN, THROUGHPUT, _went(THROUGHPUT, *said), old, new)
    if before.max_age is not None:
        yield from _longer(Kind.PLAN, MAX_AGE, declared.max_age, before.max_age)
    if before.automatic_rollback and not declared.automatic_rollback:
        yield _weakening(Kind.SAFEGUARD, ROLLBACK, f"{ROLLBACK} was switched off", True, False)


def _interface(declared: Contract, before: Contract) -> Iterator[Weakening]:
    for change in interface_changes(declared, before):
        yield Weakening(Kind.INTERFACE, change.term, change.words, _hash(change.term, *change.key), change.known)


def _quality(declared: Contract, before: Contract) -> Iterator[Weakening]:
    for old, new in given_up(declared.quality or (), before.quality or ()):
        words = _went(old.term, bound(old), bound(new) if new is not None else None)
        bounds = (old.least, old.most), None if new is None else (new.least, new.most)
        yield _weakening(Kind.QUALITY, old.term, words, *bounds)


def _demands_held(declared: Contract, before: Contract, weaker: Collection[str]) -> list[PromisedDemand] | None:
    kept = {each.term: each for each in before.quality or () if each.term in weaker}
    found = {**by_term(declared.quality or ()), **kept}
    return [found[term] for term in sorted(found)] or None


def _longer(kind: Kind, term: str, new: str | None, old: str) -> Iterator[Weakening]:
    values = duration_seconds(old), None if new is None else duration_seconds(new)
    if values[1] is None or values[1] > values[0]:
        yield _weakening(kind, term, _went(term, old, new), *values)


def _went(term: str, old: object, new: object) -> str:
    return f"{term} of {old} was removed" if new is None else f"{term} went from {old} to {new}"


def _weakening(kind: Kind, term: str, words: str, old: Any, new: Any) -> Weakening:
    return Weakening(kind, term, words, _hash(term, old, new))


def _hash(*parts: Any) -> str:
    """Name a difference by what changed from what to what. It begins with a letter: YAML takes 12e4 for a number."""
    return f"w{hashlib.sha256(identity(parts).encode()).hexdigest()[:11]}"

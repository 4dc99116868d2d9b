"""Routes between two contracts: what callers of the old one can no longer send, or no longer rely on."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from tandem.api.contract import Contract, PromisedRoute
from tandem.contract.finding import Finding, Side
from tandem.contract.promises import DIGEST, digest
from tandem.contract.schemas import broken

MOST_TOLD: Final = 4
"""Differences of one schema that are told one by one; more are one difference."""


@dataclass(frozen=True, slots=True)
class InterfaceChange:
    """One difference of a route. ``key``: what makes it this difference."""

    term: str
    words: str
    key: tuple[str, ...]
    known: bool = True


def interface_changes(declared: Contract, before: Contract) -> Iterator[InterfaceChange]:
    """Find what callers lose. A route or a schema that was not declared before was not promised."""
    now = {_term(route): route for route in declared.interface or []}
    for old in before.interface or []:
        term, new = _term(old), now.get(_term(old))
        if new is None:
            yield InterfaceChange(term, f"{term.removeprefix(PREFIX)} was removed", ("removed",))
        elif (new.request, new.response) != (old.request, old.response):
            yield from _schema_changes(term, Side.REQUEST, old.request, new.request)
            yield from _schema_changes(term, Side.RESPONSE, old.response, new.response)


def interface_held(declared: Contract, before: Contract, weaker: Collection[str]) -> list[PromisedRoute] | None:
    """Return the routes that are held: those declared, and those before where they are weaker now."""
    routes = {_term(route): route for route in declared.interface or []}
    routes |= {_term(route): route for route in before.interface or [] if _term(route) in weaker}
    return sorted(routes.values(), key=lambda route: (route.path, route.method)) or None


PREFIX: Final = "interface "


def _term(route: PromisedRoute) -> str:
    return f"{PREFIX}{route.method} {route.path}"


def _schema_changes(term: str, side: Side, old: str | None, new: str | None) -> Iterator[InterfaceChange]:
    if old is None or old == new:
        return
    told = f"{term.removeprefix(PREFIX)} {side.value}"
    if new is None:
        yield InterfaceChange(term, f"{told}: its schema was removed", (side.value, "removed", old))
        return
    if digest(old) == digest(new):
        return  # One of them is kept as a digest for want of room, because of the schemas beside it.
    if old.startswith(DIGEST) or new.startswith(DIGEST):
        words = f"{told}: its schema changed, and is too large to be compared"
        yield InterfaceChange(term, words, (side.value, "unknown", old, new), known=False)
        return
    found = broken(side, old, new)
    if len(found) > MOST_TOLD:
        yield _together(term, told, side, found)
    else:
        for each in found:
            yield InterfaceChange(term, f"{told}: {each.text}", (side.value, *each.key), each.known)


def _together(term: str, told: str, side: Side, found: list[Finding]) -> InterfaceChange:
    few = "; ".join(each.text for each in found[:MOST_TOLD])
    key = tuple(part for each in found for part in each.key)
    words = f"{told}: {few}; and {len(found) - MOST_TOLD} more"
    return InterfaceChange(term, words, (side.value, *key), all(each.known for each in found))

"""Comparing two JSON Schemas: is every value that fits the one a value that fits the other?

Of a request that is asked of the old schema and the new one: what was accepted must still be. Of an answer the other
way round: what may be answered now must have been promised. What cannot be decided is a finding too, an unknown one;
it is never taken for compatible. docs/concepts.md says which words are understood.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from tandem.contract.alternatives import Alternative, Incomparable, alternatives, resolved
from tandem.contract.bounds import narrower_words
from tandem.contract.finding import Finding, Side
from tandem.manifests.canonical import identity

DEEPEST: Final = 32
MOST_COMPARISONS: Final = 5_000


def broken(side: Side, old: str, new: str) -> list[Finding]:
    """Return what a change of a schema breaks. ``old`` and ``new`` are JSON texts, as `contract_of` writes them."""
    before, now = json.loads(old), json.loads(new)
    inner, outer = (before, now) if side is Side.REQUEST else (now, before)
    found = list(_Comparison(side, inner, outer).at("", inner, outer, 0))
    unique = {finding.key: finding for finding in found}
    return list(unique.values())


@dataclass
class _Comparison:
    """Whether the inner schema's values fit the outer one. ``known``: pairs that were compared, or are just being."""

    side: Side
    inner_root: Any
    outer_root: Any
    known: dict[tuple[int, int], list[Finding]] = field(default_factory=dict)
    left: list[int] = field(default_factory=lambda: [MOST_COMPARISONS])
    """How many comparisons are left, shared with attempts at alternatives."""

    def at(self, where: str, inner: Any, outer: Any, depth: int) -> Iterator[Finding]:
        """Find what does not fit at a place."""
        self.left[0] -= 1
        try:
            if depth > DEEPEST or self.left[0] < 0:
                raise Incomparable("it is too large")
            found = self._once(where, resolved(inner, self.inner_root), resolved(outer, self.outer_root), depth)
        except Incomparable as reason:
            found = [] if self._same(inner, outer) else [self.side.unknown(where, str(reason), inner, outer)]
        yield from found

    def _once(self, where: str, inner: Any, outer: Any, depth: int) -> list[Finding]:
        """Compare a pair once; one that is just being compared holds itself, and adds nothing."""
        if outer is True or inner is False or self._same(inner, outer):
            return []
        pair = (id(inner), id(outer))
        if pair not in self.known:
            self.known[pair] = []
            self.known[pair] = list(self._kinds(where, inner, outer, depth))
        return self.known[pair]

    def _same(self, inner: Any, outer: Any) -> bool:
        """Equal texts mean the same where they refer to nothing, or to equal documents."""
        text = identity(inner)
        if text != identity(outer):
            return False
        return '"$ref"' not in text or identity(self.inner_root) == identity(self.outer_root)

    def _kinds(self, where: str, inner: Any, outer: Any, depth: int) -> Iterator[Finding]:
        given, taken = alternatives(inner, self.inner_root), alternatives(outer, self.outer_root)
        lost = sorted(given.keys() - taken.keys())
        if lost:
            yield self.side.types(where, lost, sorted(taken))
        for kind in sorted(given.keys() & taken.keys()):
            for alternative in given[kind]:
                yield from self._covered(where, alternative, taken[kind], depth)

    def _covered(self, where: str, inner: Alternative, outer: list[Alternative], depth: int) -> Iterator[Finding]:
        if len(outer) == 1:
            yield from self._within(where, inner, outer[0], depth)
            return
        for each in outer:
            attempt = _Comparison(self.side, self.inner_root, self.outer_root, dict(self.known), self.left)
            if not list(attempt._within(where, inner, each, depth)):
                return
        yield self.side.unknown(where, "none of its alternatives alone holds it", dict(inner.words), inner.kind)

    def _within(self, where: str, inner: Alternative, outer: Alternative, depth: int) -> Iterator[Finding]:
        yield from narrower_words(self.side, where, inner, outer)
        if inner.kind == "array":
            items = (inner.words.get("items", True), outer.words.get("items", True))
            if inner.words.get("maxItems") != 0:
                yield from self.at(f"{where}[]", *items, depth + 1)
        elif inner.kind == "object":
            yield from self._properties(where, inner, outer, depth)

    def _properties(self, where: str, inner: Alternative, outer: Alternative, depth: int) -> Iterator[Finding]:
        mine, theirs = inner.words.get("properties", {}), outer.words.get("properties", {})
        rest, their_rest = inner.words.get("additionalProperties"), outer.words.get("additionalProperties", True)
        sure, asked = set(inner.words.get("required", ())), set(outer.words.get("required", ()))
        for name in sorted(asked - sure):
            yield self.side.required(f"{where}.{name}".lstrip("."))
        for name in sorted(mine.keys() | theirs.keys()):
            place = f"{where}.{name}".lstrip(".")
            given, taken = mine.get(name, rest), theirs.get(name, their_rest)
            if given is False:
                continue
            if given is None and name not in sure:
                yield from self._undeclared(place, name in asked)
            elif taken is False:
                yield self.side.refused(place)
            else:
                yield from self.at(place, True if given is None else given, taken, depth + 1)
        if rest is not False and their_rest is not True:
            yield from self._further(where, rest, their_rest, depth)

    def _undeclared(self, place: str, told: bool) -> Iterator[Finding]:
        """A property that only the outer schema declares: new in a request it harms nobody, in an answer it is gone."""
        if self.side is Side.RESPONSE and not told:
            yield self.side.removed(place)

    def _further(self, where: str, rest: Any, their_rest: Any, depth: int) -> Iterator[Finding]:
        if their_rest is False:
            yield self.side.further(where)
        else:
            yield from self.at(f"{where}.*".lstrip("."), True if rest is None else rest, their_rest, depth + 1)

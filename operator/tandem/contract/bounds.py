"""Comparing the words of two alternatives of one type: ranges, lengths, lists of values, formats."""

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final

from tandem.contract.alternatives import Alternative
from tandem.contract.finding import Finding, Side
from tandem.manifests.canonical import identity, plain

_LENGTHS: Final = {
    "string": ("minLength", "maxLength"),
    "array": ("minItems", "maxItems"),
    "object": ("minProperties", "maxProperties"),
}

Edge = tuple[float, int]
"""A bound, and whether it is excluded itself: 1 for a lower one, -1 for an upper one."""


def narrower_words(side: Side, where: str, inner: Alternative, outer: Alternative) -> Iterator[Finding]:
    """Find the words by which a value of the inner alternative may not fit the outer one."""
    if outer.values is not None:
        yield from _values(side, where, inner, outer.values)
    if outer.whole and not _is_whole(inner):
        yield side.types(where, ["number"], ["integer"])
    yield from _bounds(side, where, inner, outer)
    for word in ("pattern", "format"):
        mine, theirs = inner.words.get(word), outer.words.get(word)
        if theirs is not None and theirs != mine:
            yield side.changed(where, word, mine, theirs, known=mine is None and inner.values is None)
    if outer.words.get("uniqueItems") and not inner.words.get("uniqueItems"):
        yield side.changed(where, "uniqueItems", False, True)
    step, theirs = inner.words.get("multipleOf"), outer.words.get("multipleOf")
    if theirs is not None and not _is_multiple(1 if step is None and inner.whole else step, theirs):
        yield side.changed(where, "multipleOf", step, theirs, known=inner.values is None)


def _values(side: Side, where: str, inner: Alternative, taken: tuple[Any, ...]) -> Iterator[Finding]:
    known = {identity(value) for value in taken}
    if inner.values is None:
        yield side.listed(where, inner.kind, sorted(known))
    else:
        lost = sorted({identity(value) for value in inner.values} - known)
        if lost:
            yield side.values(where, lost)


def _is_whole(alternative: Alternative) -> bool:
    values = alternative.values
    return alternative.whole or values is not None and all(isinstance(plain(value), int) for value in values)


def _is_multiple(step: float | None, of: float) -> bool:
    return step is not None and (Fraction(str(step)) / Fraction(str(of))).denominator == 1


def _bounds(side: Side, where: str, inner: Alternative, outer: Alternative) -> Iterator[Finding]:
    if inner.kind == "number":
        names = ("minimum", "maximum")
        (low, high), (their_low, their_high) = _range(inner, inner.values), _range(outer)
    elif inner.kind in _LENGTHS:
        names = _LENGTHS[inner.kind]
        (low, high), (their_low, their_high) = _lengths(inner, names, inner.values), _lengths(outer, names)
    else:
        return
    if their_low > low:
        yield side.changed(where, names[0], _bound(low), _bound(their_low))
    if their_high < high:
        yield side.changed(where, names[1], _bound(high), _bound(their_high))


def _range(alternative: Alternative, values: tuple[Any, ...] | None = None) -> tuple[Edge, Edge]:
    """Return the bounds of a number; ``values``: the only ones that there are, which bound it too."""
    words = alternative.words
    lows = [(-math.inf, 0), (words.get("minimum", -math.inf), 0), (words.get("exclusiveMinimum", -math.inf), 1)]
    highs = [(math.inf, 0), (words.get("maximum", math.inf), 0), (words.get("exclusiveMaximum", math.inf), -1)]
    if values:
        lows.append((min(values), 0))
        highs.append((max(values), 0))
    low, high = max(lows), min(highs)
    return (_next_whole(low, 1), _next_whole(high, -1)) if alternative.whole else (low, high)


def _next_whole(edge: Edge, direction: int) -> Edge:
    """Return the first integer within a bound."""
    value, excluded = edge
    if math.isinf(value):
        return edge
    inside = math.ceil(value * direction) * direction
    return (inside + direction if excluded and inside == value else inside), 0


def _lengths(
    alternative: Alternative, names: tuple[str, str], values: tuple[Any, ...] | None = None
) -> tuple[Edge, Edge]:
    lengths = [len(value) for value in values or ()]
    low = max(alternative.words.get(names[0], 0), min(lengths, default=0))
    high = min(alternative.words.get(names[1], math.inf), max(lengths, default=math.inf))
    return (low, 0), (high, 0)


def _bound(edge: Edge) -> Any:
    value, excluded = edge
    if math.isinf(value):
        return None
    return f"{plain(value)} (excluded)" if excluded else plain(value)

"""What a change of a schema breaks, in words: of requests what is accepted no longer, of answers what is promised."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tandem.manifests.canonical import identity

MOST_SHOWN = 3
LONGEST = 40


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference. ``known``: it breaks something for sure; otherwise it may, and nobody can say."""

    where: str
    word: str
    before: str
    after: str
    text: str
    known: bool = True

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes it the same difference, whatever words it is told in."""
        return self.where, self.word, self.before, self.after


class Side(StrEnum):
    """Whose schema it is. The inner schema is the old one of a request, the new one of an answer."""

    REQUEST = "request"
    RESPONSE = "response"

    def types(self, where: str, lost: Sequence[str], kept: Sequence[str]) -> Finding:
        """A type of the inner schema is none of the outer one's."""
        what = "no longer be" if self is Side.REQUEST else "now be"
        return self._found(where, "type", lost, kept, f"{_place(where)} may {what} {_any_of(lost)}")

    def required(self, where: str) -> Finding:
        """The outer schema requires what the inner one does not."""
        what = "is now required" if self is Side.REQUEST else "is no longer promised"
        return self._found(where, "required", False, True, f"{where} {what}")

    def removed(self, where: str) -> Finding:
        """A property of an answer is declared no more."""
        return self._found(where, "properties", False, True, f"{where} was removed")

    def refused(self, where: str) -> Finding:
        """The outer schema rules out a property of the inner one."""
        what = "is no longer accepted" if self is Side.REQUEST else "is answered now, which was ruled out"
        return self._found(where, "properties", True, False, f"{where} {what}")

    def further(self, where: str) -> Finding:
        """The outer schema rules out further properties."""
        what = "takes no further properties now" if self is Side.REQUEST else "may have further properties now"
        return self._found(where, "additionalProperties", True, False, f"{_place(where)} {what}")

    def listed(self, where: str, kind: str, values: Sequence[str]) -> Finding:
        """The outer schema lists its values, the inner one takes any."""
        what = f"takes only {_some(values)} now" if self is Side.REQUEST else f"may now be any {kind}"
        return self._found(where, "enum", None, values, f"{_place(where)} {what}")

    def values(self, where: str, lost: Sequence[str]) -> Finding:
        """Values of the inner schema are none of the outer one's."""
        what = "no longer be" if self is Side.REQUEST else "now be"
        return self._found(where, "enum", lost, None, f"{_place(where)} may {what} {_some(lost)}")

    def changed(self, where: str, word: str, inner: Any, outer: Any, *, known: bool = True) -> Finding:
        """A word of the outer schema is stricter than the inner one's; not ``known``: or may be."""
        old, new = (inner, outer) if self is Side.REQUEST else (outer, inner)
        said = [_short("none" if value is None else value) for value in (old, new)]
        how = "" if known else ", which cannot be compared"
        text = f"{_place(where)}: {word} went from {said[0]} to {said[1]}{how}"
        return self._found(where, word, inner, outer, text, known)

    def unknown(self, where: str, reason: str, inner: Any, outer: Any) -> Finding:
        """The two cannot be compared."""
        text = f"{_place(where)} changed in a way that cannot be compared: {reason}"
        return self._found(where, "unknown", inner, outer, text, known=False)

    def _found(self, where: str, word: str, inner: Any, outer: Any, text: str, known: bool = True) -> Finding:
        before, after = identity(inner), identity(outer)
        if self is Side.RESPONSE:
            before, after = after, before
        return Finding(where, word, before, after, text, known)


def _place(where: str) -> str:
    return where or "the body"


def _any_of(kinds: Sequence[str]) -> str:
    return " or ".join(f"{'an' if kind[0] in 'aio' else 'a'} {kind}" if kind != "null" else kind for kind in kinds)


def _some(values: Sequence[str]) -> str:
    shown = ", ".join(_short(value) for value in values[:MOST_SHOWN])
    left = len(values) - MOST_SHOWN
    return f"{shown} and {left} more" if left > 0 else shown


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"

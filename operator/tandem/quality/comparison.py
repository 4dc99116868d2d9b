"""The same request, asked of stable and candidate, or of one version again: how far the answers are apart."""

import heapq
import math
from typing import Any, Final

from tandem.api.quality import Compare
from tandem.api.values import percent_share
from tandem.quality.json_text import is_number
from tandem.quality.outcome import Finding, Outcome
from tandem.quality.pointer import Missing, at

NOISE: Final = 1e-9
"""Relative: arithmetic on rows in batches of other sizes differs by less, and means the same."""

MOST_NAMED: Final = 5


class Comparison:
    """How many answers differ from those of stable, and by name which do most."""

    def __init__(self, compare: Compare) -> None:
        self._compare = compare
        self._compared = self._changed = 0
        self._largest: list[tuple[float, str]] = []

    @property
    def named(self) -> list[str]:
        """The requests whose answers differ most, the most different first."""
        return [name for _, name in sorted(self._largest, reverse=True)]

    def take(self, name: str, body: Any, stable_body: Any) -> bool:
        """Take in what both answered to one request; tells whether it is among those that differ most so far."""
        self._compared += 1
        try:
            distance = apart(at(body, self._compare.answer), at(stable_body, self._compare.answer))
        except Missing:
            distance = math.inf
        if distance > self._compare.tolerance:
            self._changed += 1
            heapq.heappush(self._largest, (distance, name))
            if len(self._largest) > MOST_NAMED:
                return heapq.heappop(self._largest)[1] != name
            return True
        return False

    def finding(self) -> Finding:
        """Return what came of it."""
        name, most = "answers unlike stable's", self._compare.max_changed
        if not self._compared:
            return Finding(name, Outcome.TOO_FEW, "no request was answered by both versions")
        share = self._changed / self._compared
        named = ", ".join(self.named)
        said = f"{self._changed} of {self._compared} answers ({share:.2%}) differ from stable's; at most {most} may"
        outcome = Outcome.MISSED if share > percent_share(most) else Outcome.MET
        return Finding(name, outcome, f"{said}; most of all: {named}" if named else said)


def apart(one: Any, other: Any) -> float:
    """Return the largest difference between numbers at the same place; infinity where anything else differs."""
    if is_number(one) and is_number(other):
        return float(abs(one - other))
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return max((apart(value, other[key]) for key, value in one.items()), default=0.0)
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return max((apart(a, b) for a, b in zip(one, other, strict=True)), default=0.0)
    return 0.0 if type(one) is type(other) and one == other else math.inf


def same_answer(first: Any, again: Any) -> bool:
    """Tell whether a repeated request was answered the same, but for the noise of arithmetic."""
    if is_number(first) and is_number(again):
        return bool(abs(first - again) <= NOISE * max(1.0, abs(first)))
    if isinstance(first, dict) and isinstance(again, dict):
        return first.keys() == again.keys() and all(same_answer(value, again[key]) for key, value in first.items())
    if isinstance(first, list) and isinstance(again, list):
        return len(first) == len(again) and all(same_answer(a, b) for a, b in zip(first, again, strict=True))
    return type(first) is type(again) and bool(first == again)

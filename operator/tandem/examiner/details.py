"""What was asked, expected and got where something was missed: private, and bounded whatever was asked and answered."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tandem.quality.answers import Answer
from tandem.quality.report import Report

MOST_OF_A_GATE: Final = 40
"""So that a field that every answer lacks leaves room for the case that was missed beside it."""

LONGEST_PART: Final = 4096
"""Bytes of a request, an expectation or an answer, as JSON; of a longer one the beginning is kept."""

LARGEST_DOCUMENT: Final = 512 * 1024
"""Bytes of it all: in base64 it is still far from the MiB that a Secret may hold."""

FORMAT: Final = 1


@dataclass(frozen=True)
class Detail:
    """One miss."""

    gate: str
    name: str
    why: str
    request: Any
    expected: Any
    got: Any

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "gate": self.gate,
            "name": self.name,
            "why": self.why,
            "request": shortened(self.request),
            "expected": shortened(self.expected),
            "got": shortened(self.got),
        }


class Details:
    """The first misses of each gate, and how many there were."""

    def __init__(self) -> None:
        self._by_gate: dict[str, list[dict[str, Any]]] = {}
        self._taken: Counter[str] = Counter()

    def take(self, detail: Detail) -> None:
        """Take in a miss; no more of it is held than is kept."""
        self._taken[detail.gate] += 1
        if self._taken[detail.gate] <= MOST_OF_A_GATE:
            self._by_gate.setdefault(detail.gate, []).append(detail.to_dict())

    def kept(self) -> list[dict[str, Any]]:
        """Return them, gate by gate."""
        return [each for found in self._by_gate.values() for each in found]

    @property
    def taken(self) -> int:
        """How many there were."""
        return self._taken.total()


@dataclass(frozen=True, slots=True)
class Document:
    """What is kept of an examination, as JSON."""

    content: bytes
    kept: int
    """Misses in it."""
    left_out: int
    """Misses that there was no room for."""


def document(revision: str, report: Report, details: Details) -> Document:
    """Return report and misses as one document of at most ``LARGEST_DOCUMENT``; each gate gets an equal part of it."""
    head: dict[str, Any] = {"format": FORMAT, "revision": revision, **report.to_dict()}
    kept = _fitting(details.kept(), LARGEST_DOCUMENT - len(_json(head)) - 1024)
    left_out = details.taken - len(kept)
    content = _json({**head, "cases": kept, "leftOut": left_out})
    return Document(content, len(kept), left_out)


def got(answer: Answer) -> dict[str, Any]:
    """Return what came back, as JSON values; a body that cannot be used is named, as far as it can be."""
    found: dict[str, Any] = {"status": answer.status}
    if answer.flaw is not None:
        found["flaw"] = answer.flaw
    return found if answer.status is None else {**found, "body": answer.body}


class Cut(dict[str, Any]):
    """What is kept of a value that is too long."""


def shortened(value: Any) -> Any:
    """Return a value, or of one that is too long how it begins and how long it is."""
    if isinstance(value, Cut):
        return value
    text = json.dumps(value, separators=(",", ":"))
    return value if len(text) <= LONGEST_PART else Cut(cut=text[:LONGEST_PART], bytes=len(text))


def _fitting(found: list[dict[str, Any]], room: int) -> list[dict[str, Any]]:
    share = room // max(len({each["gate"] for each in found}), 1)
    used: Counter[str] = Counter()
    kept = []
    for each in found:
        size = len(_json(each)) + 1
        if used[each["gate"]] + size <= share:
            used[each["gate"]] += size
            kept.append(each)
    return kept


def _json(value: Mapping[str, Any]) -> bytes:
    # In ASCII, as any surrogate that a row may hold is no character of UTF-8.
    return json.dumps(value, separators=(",", ":")).encode("ascii")

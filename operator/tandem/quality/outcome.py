"""What came of a question: typed values with names and counts, and nothing out of a row or an answer."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    """What came of one question."""

    MET = "Met"
    MISSED = "Missed"
    TOO_FEW = "TooFew"
    """Too few rows to tell: neither shown nor refuted. It stops nobody."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One question's outcome, by name."""

    name: str
    outcome: Outcome
    why: str
    """In names, pointers and figures."""


INTERFACE: Final = "interface"
EDGE_CASES: Final = "edgeCases"
SLICES: Final = "slices"
COMPARE: Final = "compare"
DETERMINISM: Final = "deterministic"

"""The rows behind a figure: those that a version had most wrong in each group, held until the figure is known.

A figure over many rows has no case of its own; these few are where to begin to look.
"""

import heapq
import itertools
from dataclasses import dataclass
from typing import Any, Final

from tandem.api.quality import Slices
from tandem.examiner.details import Detail, Details, got, shortened
from tandem.quality.answers import Answer
from tandem.quality.comparison import Comparison
from tandem.quality.outcome import COMPARE, SLICES, Finding
from tandem.quality.rows import Row
from tandem.quality.slices import AGAINST_STABLE, SliceTally, gap_label, group_of, label_of

WORST_OF_A_GROUP: Final = 3


@dataclass(frozen=True, slots=True)
class _Held:
    name: str
    request: Any
    expected: Any
    got: Any

    def detail(self, gate: str, why: str) -> Detail:
        return Detail(gate, self.name, why, self.request, self.expected, self.got)


class WorstRows:
    """Holds a few rows of each group of each gate, however many there are."""

    def __init__(self, slices: Slices, tally: SliceTally) -> None:
        self._gates = slices.gates
        self._tally = tally
        self._held: list[dict[str, list[tuple[float, int, _Held]]]] = [{} for _ in slices.gates]
        self._order = itertools.count()
        self._told: set[str] = set()

    def take(self, row: Row, said: Any, answer: Answer) -> None:
        """Take in a row whose prediction was counted."""
        held: _Held | None = None
        for gate, groups in zip(self._gates, self._held, strict=True):
            mistake = self._tally.mistake(gate, row, said)
            if mistake is None:
                continue
            worst = groups.setdefault(group_of(gate, row), [])
            if len(worst) == WORST_OF_A_GROUP and mistake <= worst[0][0]:
                continue
            held = held or _Held(row.name, shortened(row.request), {"label": row.label}, shortened(got(answer)))
            # Of equals the first stay: a later one counts as less.
            entry = (mistake, -next(self._order), held)
            if len(worst) < WORST_OF_A_GROUP:
                heapq.heappush(worst, entry)
            else:
                heapq.heapreplace(worst, entry)

    def tell(self, finding: Finding, details: Details) -> None:
        """Give the rows behind a figure that was missed."""
        for gate, groups in zip(self._gates, self._held, strict=True):
            for group, worst in groups.items():
                label = label_of(gate, group)
                behind = finding.name in (label, label + AGAINST_STABLE, gap_label(gate))
                if behind and label not in self._told:
                    self._told.add(label)
                    for _, _, held in sorted(worst, key=lambda each: each[:2], reverse=True):
                        details.take(held.detail(SLICES, f"one of those that count against {label}"))


class MostChanged:
    """Holds the requests whose answers differ most from those of stable."""

    def __init__(self, comparison: Comparison) -> None:
        self._comparison = comparison
        self._held: dict[str, _Held] = {}

    def take(self, name: str, request: Any, answer: Answer, its: Answer) -> None:
        """Take in what both answered to one request."""
        if self._comparison.take(name, answer.body, its.body):
            self._held[name] = _Held(name, shortened(request), shortened(got(its)), shortened(got(answer)))
            named = set(self._comparison.named)
            self._held = {name: held for name, held in self._held.items() if name in named}

    def tell(self, details: Details) -> None:
        """Give them, the most different first; what is expected is what stable answered."""
        for name in self._comparison.named:
            details.take(self._held[name].detail(COMPARE, "one of those that differ most from stable's answer"))

"""The report: what came of all gates, in counts and names, bounded whatever the rows were."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tandem.api.values import percent_share
from tandem.quality.json_text import in_whole_characters
from tandem.quality.outcome import COMPARE, DETERMINISM, EDGE_CASES, INTERFACE, SLICES, Finding, Outcome

MOST_FINDINGS: Final = 20
LONGEST_NAME: Final = 200
"""As the record of a ModelRevision takes it."""
LONGEST_WHY: Final = 300
GATES: Final = (INTERFACE, EDGE_CASES, SLICES, COMPARE, DETERMINISM)


@dataclass(slots=True)
class Gate:
    """One gate's questions: how many came out how, and by name those that did not come out well."""

    name: str
    met: int = 0
    missed: int = 0
    too_few: int = 0
    tolerated: bool = True
    """Whether what was missed may be: only cases without ``must``, and few enough of them."""
    findings: list[Finding] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether the version is refused for it."""
        return self.missed > 0 and not self.tolerated

    def take(self, finding: Finding) -> None:
        """Count a finding, and keep it if there is something to tell of it."""
        if finding.outcome is Outcome.MET:
            self.met += 1
            return
        self.missed += finding.outcome is Outcome.MISSED
        self.too_few += finding.outcome is Outcome.TOO_FEW
        # The name of a group, or a pointer, may be anything that JSON can hold.
        name, why = in_whole_characters(finding.name[:LONGEST_NAME]), in_whole_characters(finding.why[:LONGEST_WHY])
        # What was missed is told before what cannot be told.
        self.findings.append(Finding(name, finding.outcome, why))
        self.findings.sort(key=lambda each: each.outcome is not Outcome.MISSED)
        del self.findings[MOST_FINDINGS:]

    def words(self) -> str:
        """Return it in a sentence, naming the first that were missed."""
        count = self.met + self.missed + self.too_few
        said = f"{self.name}: {self.missed} of {count} missed"
        missed = [
            each.why if each.name in each.why else f"{each.name}: {each.why}"
            for each in self.findings
            if each.outcome is Outcome.MISSED
        ]
        return f"{said} ({'; '.join(missed[:3])}{'; ...' if self.missed > 3 else ''})"


@dataclass(slots=True)
class Report:
    """What came of all gates."""

    share: str = "100%"
    """Share of the cases without ``must`` that have to be met."""
    asked: int = 0
    gates: dict[str, Gate] = field(default_factory=dict)
    _optional: list[int] = field(default_factory=lambda: [0, 0])
    _must_missed: bool = False

    def take(self, gate: str, finding: Finding) -> None:
        """Take in one finding; a miss refuses the version."""
        found = self.gates.setdefault(gate, Gate(gate))
        found.take(finding)
        if finding.outcome is Outcome.MISSED:
            found.tolerated = False

    def take_case(self, finding: Finding, *, must: bool) -> None:
        """Take in an edge case: one without ``must`` only counts towards the declared share."""
        found = self.gates.setdefault(EDGE_CASES, Gate(EDGE_CASES))
        found.take(finding)
        missed = finding.outcome is Outcome.MISSED
        if must:
            self._must_missed = self._must_missed or missed
        else:
            self._optional[0] += not missed
            self._optional[1] += 1
        met, total = self._optional
        found.tolerated = not self._must_missed and (not total or met / total >= percent_share(self.share))

    @property
    def passed(self) -> bool:
        """Whether the version may get requests."""
        return not any(gate.failed for gate in self.gates.values())

    @property
    def refused_for_good(self) -> bool:
        """Whether nothing that is still to be asked could let the version pass: a miss that no share makes up for."""
        return self._must_missed or any(gate.failed for gate in self.gates.values() if gate.name != EDGE_CASES)

    def sentence(self) -> str:
        """Return the outcome in one sentence."""
        failed = [gate.words() for gate in self.gates.values() if gate.failed]
        if failed:
            return "; ".join(failed)
        questions = sum(gate.met + gate.missed + gate.too_few for gate in self.gates.values())
        too_few = sum(gate.too_few for gate in self.gates.values())
        said = f"passed with {self.asked} requests and {questions} questions"
        return f"{said}, {too_few} with too few rows to tell" if too_few else said

    def to_dict(self, most: int = MOST_FINDINGS) -> dict[str, Any]:
        """Return it as JSON values, with at most so many findings of each gate."""
        return {
            "outcome": "Passed" if self.passed else "Failed",
            "message": self.sentence()[:1000],
            "asked": self.asked,
            "gates": [_gate_to_dict(self.gates[name], most) for name in GATES if name in self.gates],
        }

    def to_message(self, longest: int, beside: Mapping[str, Any] | None = None) -> str:
        """Return it as JSON of at most so many bytes, with as many findings as fit, and ``beside`` in it."""
        more = beside or {}
        for most in range(MOST_FINDINGS, -1, -1):
            text = json.dumps({**self.to_dict(most), **more}, ensure_ascii=False, separators=(",", ":"))
            if len(text.encode()) <= longest:
                return text
        short = {**self.to_dict(0), **more, "message": "Passed" if self.passed else "a gate was missed"}
        return json.dumps(short, separators=(",", ":"))


def _gate_to_dict(gate: Gate, most: int) -> dict[str, Any]:
    found: dict[str, Any] = {"name": gate.name, "met": gate.met, "missed": gate.missed, "tooFew": gate.too_few}
    if gate.findings[:most]:
        found["findings"] = [
            {"name": each.name, "outcome": each.outcome.value, "why": each.why} for each in gate.findings[:most]
        ]
    return found

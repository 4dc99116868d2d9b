"""From answers to findings: what each answer means for each gate. No I/O."""

from dataclasses import dataclass
from typing import Any, Final

from tandem.examiner.plan import Plan
from tandem.quality.answers import Answer
from tandem.quality.comparison import Comparison
from tandem.quality.interface import Interface
from tandem.quality.json_text import is_number, kind_of
from tandem.quality.outcome import COMPARE, INTERFACE, SLICES, Finding, Outcome
from tandem.quality.pointer import Missing, at
from tandem.quality.report import Report
from tandem.quality.rows import Case, Row
from tandem.quality.slices import SliceTally
from tandem.quality.tally import ERRORS

MOST_DETAILS: Final = 50
LONGEST_DETAIL: Final = 4096


@dataclass(frozen=True)
class Detail:
    """What was asked and answered where something was missed: private, for whoever may see the rows."""

    gate: str
    name: str
    request: Any
    answer: Any
    why: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "gate": self.gate, "name": self.name, "why": self.why, "request": self.request, "answer": self.answer
        }  # fmt: skip


class Findings:
    """Takes in answers and keeps the report. Raises ``QualityError`` for a declaration or rows not in order."""

    def __init__(self, plan: Plan, details: list[Detail] | None, *, by_stable: bool) -> None:
        quality = plan.quality
        self.report = Report(share=quality.edge_cases.share if quality.edge_cases is not None else "100%")
        self.interface = Interface(plan.interface, quality.path)
        self._slices = quality.slices
        self._tally = SliceTally(quality.slices) if quality.slices is not None else None
        self._comparison = Comparison(quality.compare) if quality.compare is not None and by_stable else None
        self._alone = quality.compare is not None and not by_stable
        self._by_stable = by_stable
        self._details = details
        self._rows = self._unanswered = 0

    def take_case(self, case: Case, path: str, answer: Answer, its: Answer | None) -> None:
        """Take in the answer to an edge case, and stable's."""
        problem = case.expected.problem(answer)
        outcome = Outcome.MISSED if problem else Outcome.MET
        why = f"{case.name}: {problem}" if problem else case.name
        self.report.take_case(Finding(case.name, outcome, why), must=case.must)
        if problem:
            self._note("edgeCases", case.name, case.request, answer, problem)
        if case.expected.status == 200:
            self._take_form(case.name, path, case.request, answer)
        self._take_comparison(case.name, answer, its)

    def take_row(self, row: Row, path: str, answer: Answer, its: Answer | None) -> None:
        """Take in the answer to a labelled row, and stable's."""
        assert self._tally is not None
        self._rows += 1
        self._take_form(row.name, path, row.request, answer)
        self._take_comparison(row.name, answer, its)
        said, problem = self._said(answer)
        if problem is not None:
            self._unanswered += 1
            self.report.take(SLICES, Finding(row.name, Outcome.MISSED, f"{row.name}: {problem}"))
            self._note(SLICES, row.name, row.request, answer, problem)
            return
        stable_said, unknown = self._said(its) if its is not None else (None, "not asked")
        self._tally.take(row, said, stable_said, by_stable=unknown is None)

    def close(self, asked: int) -> Report:
        """Return the report, the gates over all rows included."""
        self.report.asked = asked
        if self._tally is not None:
            for finding in self._tally.findings():
                self.report.take(SLICES, finding)
        if self._comparison is not None:
            self.report.take(COMPARE, self._comparison.finding())
        elif self._alone:
            self.report.take(COMPARE, Finding(COMPARE, Outcome.TOO_FEW, "there is no stable version to compare with"))
        return self.report

    def _said(self, answer: Answer) -> tuple[Any, str | None]:
        """Return the prediction in an answer, or why there is none."""
        assert self._slices is not None
        if answer.complaint is not None:
            return None, answer.complaint
        try:
            said = at(answer.body, self._slices.answer)
        except Missing as missing:
            return None, str(missing)
        numbers = self._slices.threshold is not None or any(gate.metric in ERRORS for gate in self._slices.gates)
        if numbers and not is_number(said):
            return None, f"{self._slices.answer or 'the answer'} is {kind_of(said)}, not a number"
        return said, None

    def _take_form(self, name: str, path: str, request: Any, answer: Answer) -> None:
        problem = self.interface.problem(path, answer)
        if problem is None and answer.status == 200 and answer.flaw is not None:
            problem = answer.flaw
        if problem is not None:
            why = f"the answer to {name} is not as declared: {problem}"
            self.report.take(INTERFACE, Finding(name, Outcome.MISSED, why))
            self._note(INTERFACE, name, request, answer, problem)
        elif answer.usable:
            self.report.take(INTERFACE, Finding(name, Outcome.MET, name))

    def _take_comparison(self, name: str, answer: Answer, its: Answer | None) -> None:
        if self._comparison is not None and its is not None and answer.usable and its.usable:
            self._comparison.take(name, answer.body, its.body)

    def _note(self, gate: str, name: str, request: Any, answer: Answer, why: str) -> None:
        if self._details is not None and len(self._details) < MOST_DETAILS:
            got = {"status": answer.status, "body": _short(answer.body)}
            self._details.append(Detail(gate, name, _short(request), got, why))


def _short(value: Any) -> Any:
    return value if len(repr(value)) <= LONGEST_DETAIL else "(too long to be shown)"

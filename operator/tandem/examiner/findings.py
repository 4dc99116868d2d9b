"""From answers to findings: what each answer means for each gate. No I/O."""

from typing import Any, Final

from tandem.examiner.details import Detail, Details, got
from tandem.examiner.plan import Plan
from tandem.examiner.worst import MostChanged, WorstRows
from tandem.quality.answers import Answer
from tandem.quality.comparison import Comparison
from tandem.quality.interface import Interface, bad_request_finding
from tandem.quality.json_text import is_number, kind_of
from tandem.quality.outcome import COMPARE, DETERMINISM, EDGE_CASES, INTERFACE, SLICES, Finding, Outcome
from tandem.quality.pointer import Missing, at
from tandem.quality.report import Report
from tandem.quality.rows import Case, Row
from tandem.quality.slices import SliceTally
from tandem.quality.tally import ERRORS, LARGEST_NUMBER

_DECLARED: Final = "the response that model.interface declares"


class Findings:
    """Takes in answers and keeps the report. Raises ``QualityError`` for a declaration or rows not in order."""

    def __init__(self, plan: Plan, details: Details | None, *, by_stable: bool) -> None:
        quality = plan.quality
        self.report = Report(share=quality.edge_cases.share if quality.edge_cases is not None else "100%")
        self.interface = Interface(plan.interface, quality.path)
        self._slices = quality.slices
        self._tally = SliceTally(quality.slices) if quality.slices is not None else None
        self._comparison = Comparison(quality.compare) if quality.compare is not None and by_stable else None
        self._worst = WorstRows(self._slices, self._tally) if self._slices and self._tally else None
        self._changed = MostChanged(self._comparison) if self._comparison is not None else None
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
            self._note(EDGE_CASES, Finding(case.name, outcome, problem), (case.request, case.written), answer)
        if case.expected.status == 200:
            self._take_form(case.name, path, case.request, answer)
        self._take_comparison(case.name, case.request, answer, its)

    def take_bad_request(self, path: str, body: Any, answer: Answer) -> None:
        """Take in the answer to a request that the interface forbids."""
        finding = bad_request_finding(path, answer)
        self.report.take(INTERFACE, finding)
        if finding.outcome is Outcome.MISSED:
            self._note(INTERFACE, finding, (body, {"status": 400}), answer)

    def take_again(self, finding: Finding, request: Any, first: Any, again: Answer | None) -> None:
        """Take in whether a request was answered the same again; ``again``: an answer that was not, if there was."""
        self.report.take(DETERMINISM, finding)
        if again is not None:
            self._note(DETERMINISM, finding, (request, {"status": 200, "body": first}), again)

    def take_row(self, row: Row, path: str, answer: Answer, its: Answer | None) -> None:
        """Take in the answer to a labelled row, and stable's."""
        assert self._tally is not None
        self._rows += 1
        self._take_form(row.name, path, row.request, answer)
        self._take_comparison(row.name, row.request, answer, its)
        said, problem = self._said(answer)
        if problem is not None:
            self._unanswered += 1
            self.report.take(SLICES, Finding(row.name, Outcome.MISSED, f"{row.name}: {problem}"))
            expected = {"label": row.label}
            self._note(SLICES, Finding(row.name, Outcome.MISSED, problem), (row.request, expected), answer)
            return
        stable_said, unknown = self._said(its) if its is not None else (None, "not asked")
        self._tally.take(row, said, stable_said, by_stable=unknown is None)
        if self._worst is not None and self._details is not None:
            self._worst.take(row, said, answer)

    def close(self, asked: int) -> Report:
        """Return the report, the gates over all rows included."""
        self.report.asked = asked
        if self._tally is not None:
            for finding in self._tally.findings():
                self.report.take(SLICES, finding)
                if self._worst is not None and self._details is not None and finding.outcome is Outcome.MISSED:
                    self._worst.tell(finding, self._details)
        if self._comparison is not None and self._changed is not None:
            self._take_changes(self._comparison.finding(), self._changed)
        elif self._alone:
            self.report.take(COMPARE, Finding(COMPARE, Outcome.TOO_FEW, "there is no stable version to compare with"))
        return self.report

    def _take_changes(self, finding: Finding, changed: MostChanged) -> None:
        self.report.take(COMPARE, finding)
        if finding.outcome is Outcome.MISSED and self._details is not None:
            changed.tell(self._details)

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
        if numbers and abs(said) > LARGEST_NUMBER:
            return None, f"{self._slices.answer or 'the answer'} is farther from 0 than {LARGEST_NUMBER:g}"
        return said, None

    def _take_form(self, name: str, path: str, request: Any, answer: Answer) -> None:
        problem = self.interface.problem(path, answer)
        if problem is None and answer.status == 200 and answer.flaw is not None:
            problem = answer.flaw
        if problem is not None:
            why = f"the answer to {name} is not as declared: {problem}"
            self.report.take(INTERFACE, Finding(name, Outcome.MISSED, why))
            self._note(INTERFACE, Finding(name, Outcome.MISSED, problem), (request, _DECLARED), answer)
        elif answer.usable:
            self.report.take(INTERFACE, Finding(name, Outcome.MET, name))

    def _take_comparison(self, name: str, request: Any, answer: Answer, its: Answer | None) -> None:
        if self._changed is not None and its is not None and answer.usable and its.usable:
            self._changed.take(name, request, answer, its)

    def _note(self, gate: str, finding: Finding, question: tuple[Any, Any], answer: Answer) -> None:
        """Keep what was asked, and what was expected of it, beside what came."""
        if self._details is not None:
            request, expected = question
            self._details.take(Detail(gate, finding.name, finding.why, request, expected, got(answer)))

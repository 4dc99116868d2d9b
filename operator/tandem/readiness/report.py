"""All checks of one model: each answer weighed by the tier, and set against the waivers."""

from collections.abc import Iterable
from dataclasses import dataclass

from tandem.api.dates import day
from tandem.api.spec import Waiver
from tandem.readiness.answers import Answer, Outcome, Severity, not_applicable
from tandem.readiness.catalogue import CHECKS
from tandem.readiness.checks import Check
from tandem.readiness.facts import Facts


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, and what it weighs here."""

    check: Check
    answer: Answer
    severity: Severity
    waiver: Waiver | None = None
    """The waiver that holds for it today."""

    @property
    def told(self) -> bool:
        """Whether somebody has to know: it fails, or nobody can tell, and no other finding says why."""
        return self.answer.outcome in (Outcome.FAIL, Outcome.UNKNOWN) and self.answer.because is None

    @property
    def counts(self) -> bool:
        """Whether it stands between this model and readiness, as much as its severity says."""
        return self.told and self.waiver is None

    @property
    def fix(self) -> str:
        """What to do about it."""
        return self.answer.fix or self.check.question.fix


def examine(facts: Facts, checks: Iterable[Check] = CHECKS) -> tuple[Finding, ...]:
    """Return a finding for every check, those that pass among them, in order of their ids."""
    held = {waiver.check: waiver for waiver in facts.spec.waivers or [] if facts.today <= day(waiver.until)}
    return tuple(_finding(check, facts, held.get(check.id)) for check in checks)


def told(findings: Iterable[Finding]) -> list[Finding]:
    """Return what somebody has to know, what weighs most first; what is waived comes last."""
    return sorted((each for each in findings if each.told), key=_weight)


def _weight(finding: Finding) -> tuple[bool, int, bool, str]:
    unknown = finding.answer.outcome is Outcome.UNKNOWN
    return finding.waiver is not None, finding.severity.rank, unknown, finding.check.id


def _finding(check: Check, facts: Facts, waiver: Waiver | None) -> Finding:
    severity = check.question.levels.at(facts.tier)
    if severity is None:
        return Finding(check, not_applicable(f"not asked at tier {facts.tier}"), Severity.INFO)
    answer = check.find(facts)
    found = Finding(check, answer, answer.severity or severity)
    if waiver is None or not found.told or not check.question.waivable:
        return found
    return Finding(check, answer, found.severity, waiver)

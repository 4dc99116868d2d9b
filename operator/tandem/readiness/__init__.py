"""Readiness for production: one small pure function for each check, the same in `tandem lint` and in status."""

from tandem.readiness.answers import Answer, Outcome, Severity, Side
from tandem.readiness.catalogue import CHECKS
from tandem.readiness.checks import Check, Levels, Question
from tandem.readiness.facts import Before, Facts, ProfileRead
from tandem.readiness.measured import read_profile
from tandem.readiness.record import recorded
from tandem.readiness.report import Finding, examine, told

__all__ = [
    "CHECKS",
    "Answer",
    "Before",
    "Check",
    "Facts",
    "Finding",
    "Levels",
    "Outcome",
    "ProfileRead",
    "Question",
    "Severity",
    "Side",
    "examine",
    "read_profile",
    "recorded",
    "told",
]

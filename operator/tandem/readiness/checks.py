"""A check: one question about a model's readiness for production, and why it is asked."""

from collections.abc import Callable
from dataclasses import dataclass

from tandem.api.spec import Tier
from tandem.readiness.answers import Answer, Severity, Side
from tandem.readiness.facts import Facts

Find = Callable[[Facts], Answer]


@dataclass(frozen=True, slots=True)
class Levels:
    """How much a failing check weighs at each tier; None where it is not asked."""

    experiment: Severity | None
    standard: Severity | None
    critical: Severity | None

    def at(self, tier: Tier) -> Severity | None:
        """Return the severity at a tier."""
        return {"Experiment": self.experiment, "Standard": self.standard, "Critical": self.critical}[tier]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and what is told to whoever has to act on it. As a decorator it makes a function the check.

    ``id`` is stable: it is in waivers and in people's backlogs. ``title`` is true of an object that passes. ``why``:
    what goes wrong in production without it. ``fix``: what to do. ``snippet``: how that looks in the file. ``accept``:
    when a backlog item for it is done. A check that is not ``waivable`` is about the waivers themselves.
    """

    id: str
    title: str
    side: Side
    levels: Levels
    why: str
    fix: str
    accept: str
    snippet: str = ""
    waivable: bool = True

    def __call__(self, find: Find) -> "Check":
        """Make the function that finds the answer a check."""
        return Check(self, find)


@dataclass(frozen=True, slots=True)
class Check:
    """A question and the function that finds the answer to it in the facts."""

    question: Question
    find: Find

    @property
    def id(self) -> str:
        """Stable id, such as TDM014."""
        return self.question.id

"""What the demo showed, in numbers: a pure function of the answers, the route's history and the conditions."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dev.kube.history import WeightChange, Weights, by_version
from dev.traffic.outcomes import Outcome
from dev.traffic.summary import VersionSummary, lateness, lost, spell
from dev.traffic.summary import by_version as summarise


@dataclass(frozen=True)
class SentBack:
    """A version that was to be sent back, and what its condition said."""

    version: str
    applied: float
    """Seconds since the epoch, as all moments here."""
    decided: float
    """When the route gave it nothing any more."""
    reason: str
    message: str
    latency_objective: float | None = None
    """Seconds beyond which an answer of it was bad, if that is what it was sent back for."""


@dataclass(frozen=True)
class Rollback:
    """A rollback as the callers felt it."""

    version: str
    reason: str
    message: str
    seconds_to_decide: float
    """From its first request's answer to the moment when the route gave it nothing any more."""
    bad_responses: int
    bad_seconds: float
    """From the first bad response to the last."""


@dataclass(frozen=True)
class Refused:
    """A version that got no request, because of what it answered to its owners' questions."""

    version: str
    seconds: float
    """From its manifest to the verdict."""
    asked: int
    """Requests that it was asked, none of them a user's."""
    message: str


@dataclass(frozen=True)
class Report:
    """All that the demo showed."""

    started: float
    ended: float
    versions: list[VersionSummary]
    weights: list[tuple[float, Weights]]
    """Weights by version from a moment on, in seconds since the start."""
    rollbacks: list[Rollback]
    marks: list[tuple[float, str]]
    """What was applied, in seconds since the start."""
    requests: int
    lost: list[Outcome]
    """Requests that no correct 2xx answered, outside the broken versions' own answers."""
    behind: float
    """Seconds by which the load generator itself was late at worst."""
    refused: list[Refused]

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


def make_report(
    outcomes: Sequence[Outcome],
    changes: Sequence[WeightChange],
    versions: Mapping[str, str],
    sent_back: Sequence[SentBack],
    applied: Sequence[tuple[float, str]],
    refused: Sequence[Refused] = (),
) -> Report:
    """Put the report together; ``applied`` is when each manifest was applied, ``versions`` the revisions' versions."""
    started = min((outcome.sent for outcome in outcomes), default=0.0)
    ended = max((outcome.answered for outcome in outcomes), default=0.0)
    return Report(
        started=started,
        ended=ended,
        versions=summarise(sorted(outcomes, key=lambda outcome: outcome.sent)),
        weights=[
            (change.at - started, by_version(change.weights, versions)) for change in changes if change.at <= ended
        ],
        rollbacks=[_rollback(each, outcomes) for each in sent_back],
        marks=[(moment - started, name) for moment, name in applied],
        requests=len(outcomes),
        lost=lost(outcomes, broken=[each.version for each in sent_back]),
        behind=lateness(outcomes),
        refused=list(refused),
    )


def is_bad(outcome: Outcome, each: SentBack) -> bool:
    """Whether it is an answer of a version that was sent back, of the kind that it was sent back for."""
    slow = each.latency_objective is not None and outcome.seconds > each.latency_objective
    return outcome.version == each.version and (outcome.bad or slow)


def _rollback(each: SentBack, outcomes: Sequence[Outcome]) -> Rollback:
    bad = spell(outcomes, lambda outcome: is_bad(outcome, each))
    first = min((outcome.answered for outcome in outcomes if outcome.version == each.version), default=each.decided)
    return Rollback(each.version, each.reason, each.message, max(0.0, each.decided - first), bad.count, bad.seconds)

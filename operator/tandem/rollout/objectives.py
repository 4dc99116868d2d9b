"""ObjectiveMissed: whether the version that serves keeps, after its watch, what was promised. It is told, no more.

The rule: in the last hour a larger share of requests was bad than the objective grants, and not by chance: the lower
bound of the share's interval, the one that verdicts give, is above it. So a few requests prove nothing, and nobody is
called for one failed request of twenty. It is over when the share of the last hour is within the objective again.
"""

from collections.abc import Mapping
from typing import Final

from tandem.api.objects import ModelDeployment
from tandem.api.status import Condition, ModelDeploymentStatus
from tandem.judge import Counts, Rate
from tandem.judge.recent import LATELY
from tandem.judge.sentences import Words
from tandem.rollout.contract import contract_in_force
from tandem.rollout.draft import Draft
from tandem.rollout.observation import Watched
from tandem.rollout.operational import Finding, as_told
from tandem.rollout.sides import ENGINEERING, called
from tandem.rollout.terms import latency_metric, objectives, shares_granted

OBJECTIVE_MISSED: Final = "ObjectiveMissed"
REFRESH_SECONDS: Final = 60.0
"""While an objective is missed its figures are told anew this often."""


def missed(shares: Mapping[str, float], hour: Mapping[str, Counts], was_missed: bool) -> tuple[str, ...]:
    """Return the metrics whose objective was missed in the last hour; ``was_missed``: one was when last told."""
    return tuple(sorted(name for name, share in shares.items() if _is_missed(hour.get(name), share, was_missed)))


def objective_missed(draft: Draft) -> Finding | None:
    """Return the condition; None while every objective is kept, or none can be held against anybody."""
    shares, stable = granted(draft.deployment), draft.stable
    if stable is None or draft.fallback is not None or not shares:
        return None
    before, watched = _told_of(stable.revision, draft), draft.seen.watched
    if watched is None or watched.revision != stable.revision:
        return as_told(before)
    was_missed = before is not None and before.status == "True"
    names = missed(shares, watched.hour, was_missed)
    if names:
        return _missed_finding(draft, watched, shares, names)
    if was_missed and (watched.silent > LATELY or watched.seconds < LATELY) and not _changed_since(before, draft):
        return as_told(before)  # it is not shown to be kept again: what was found last stands
    edgeless = [name for name in watched.edgeless if name in shares]
    if edgeless:
        what = f"the histogram of {watched.revision} has no edge for {', '.join(edgeless)}; its next version has it"
        return ("Unknown", "EdgeMissing", f"nobody can tell whether it keeps its objective: {what}")
    return None


def seconds_until_refreshed(status: ModelDeploymentStatus) -> float | None:
    """Return the seconds after which the figures of a missed objective are told anew; None if none is missed."""
    told = any(each.type == OBJECTIVE_MISSED for each in status.conditions or [])
    return REFRESH_SECONDS if told else None


def granted(deployment: ModelDeployment) -> dict[str, float]:
    """Return the share of bad requests that the objectives grant stable, by metric of the pods' own counters."""
    return shares_granted(contract_in_force(deployment))


def _is_missed(counts: Counts | None, share: float, was_missed: bool) -> bool:
    if counts is None or counts.share <= share:
        return False
    return was_missed or Rate.of(counts).low > share


def _told_of(revision: str, draft: Draft) -> Condition | None:
    """Return the condition as it was told last, if that was of this version."""
    before = draft.previous.stable
    if before is None or before.revision != revision:
        return None
    return draft.condition_before(OBJECTIVE_MISSED)


def _changed_since(before: Condition | None, draft: Draft) -> bool:
    """Tell whether the spec, and with it perhaps the objective, is another than when that was told."""
    return before is None or before.observed_generation != draft.deployment.metadata.generation


def _missed_finding(draft: Draft, watched: Watched, shares: Mapping[str, float], names: tuple[str, ...]) -> Finding:
    declared = contract_in_force(draft.deployment)
    texts = {latency_metric(name, value): value for name, value in objectives(declared).items()}
    told = "; ".join(_sentence(watched, name, shares[name], Words.of(name, texts)) for name in names)
    reason = "LatencyMissed" if all(name in texts for name in names) else "AvailabilityMissed"
    what = "nothing of the version has changed since it was promoted: look at its pods, its load and what it calls"
    who = called(draft.deployment.spec.owners, ENGINEERING)
    return ("True", reason, f"in the last hour {told}. No version is sent back for it. {who} to act: {what}")


def _sentence(watched: Watched, name: str, share: float, words: Words) -> str:
    hour, lately = watched.hour[name], watched.lately.get(name, Counts())
    bad = f"{words.counted(watched.revision, hour)} ({hour.share:.2%}, and {100 * share:.4g}% may)"
    return f"{bad}, in its last 5 minutes {words.linked}{lately.bad:,} of {lately.total:,}"

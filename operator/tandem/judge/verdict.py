"""From evidence to a verdict on a rollout: send it back, let it go on, hold it, or say that it is too early to tell."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import numpy as np

from tandem.judge import sentences
from tandem.judge.counts import NONE, Counts
from tandem.judge.evidence import Evidence, MetricEvidence
from tandem.judge.gates import Array, absolute_pass_increment, finite_exp, log_mean, pass_logs
from tandem.judge.states import Passing

HOLD_AT: Final = 5.0
"""Evidence against a candidate from which on it goes no further, though it is not enough to send it back."""

RELATIVE_PART: Final = 0.4
UNCOMPARED_PART: Final = 0.1
WATCH_PART: Final = 0.5
"""How the declared probability of a false rollback is shared out: comparison with stable, judging by the objective
where stable gets no requests, and the watch window after promotion. Together they are 1."""

LARGEST_MARGIN: Final = 0.5


class VerdictKind(StrEnum):
    """What the evidence says."""

    ROLL_BACK = "RollBack"
    ADVANCE = "Advance"
    HOLD = "Hold"
    UNDECIDED = "Undecided"


@dataclass(frozen=True, slots=True)
class Settings:
    """How sure the judge must be, and of what.

    ``false_rollback``: largest probability that a version as good as stable is sent back, rollout and watch window
    together, whatever the traffic and however often one looks. ``false_advance``: the same, per step, for letting a
    version pass that is worse than the step's margin. ``budget``: extra bad responses that a rollout may cost, as a
    share of all traffic; the margin is budget / ``next_share``, the share of requests in the next step. ``objectives``:
    the duration of each latency metric as people write it, for the sentence.
    """

    false_rollback: float = 0.01
    false_advance: float = 0.05
    budget: float = 0.005
    next_share: float = 1.0
    objectives: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("false_rollback", "false_advance", "budget", "next_share"):
            value = getattr(self, name)
            if not 0.0 < value <= 1.0:
                raise ValueError(f"judge setting {name} is {value}: give a share above 0 and at most 1")

    @property
    def margin(self) -> float:
        """By how much the share of bad responses may exceed stable's for the candidate to get ``next_share``."""
        return min(self.budget / self.next_share, LARGEST_MARGIN)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the evidence says, with the numbers behind it and one sentence for a person.

    The counts are those of the whole rollout for what speaks against the candidate and of the step otherwise.
    ``e_value``: if the verdict's null hypothesis held, it would get this large with probability 1 / e_value at most.
    """

    kind: VerdictKind
    metric: str
    candidate: Counts
    stable: Counts
    e_value: float
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values, for status."""
        return {
            "verdict": self.kind.value,
            "metric": self.metric,
            "candidate": {"requests": self.candidate.total, "bad": self.candidate.bad},
            "stable": {"requests": self.stable.total, "bad": self.stable.bad},
            "eValue": float(f"{self.e_value:.4g}"),
            "sentence": self.sentence,
        }


def verdict(evidence: Evidence, settings: Settings) -> Verdict:
    """Return what the evidence says. Pure: the same evidence and settings give the same verdict."""
    if not evidence.metrics:
        return Verdict(VerdictKind.UNDECIDED, "errors", NONE, NONE, 1.0, sentences.no_traffic(NONE))
    return _against_uncompared(evidence, settings) or _against(evidence, settings) or _in_favour(evidence, settings)


def mean_log(logs: list[float]) -> float:
    """Return the log of the mean of several metrics' e-values: the mean of e-values is one, their largest is not."""
    return log_mean(np.array(logs))


def threshold(settings: Settings, part: float) -> float:
    """Return the e-value at which a version is sent back, given the part of the declared probability spent here."""
    return 1.0 / (settings.false_rollback * part)


def _against(evidence: Evidence, settings: Settings) -> Verdict | None:
    e_value = finite_exp(mean_log([metric.relative.log_e for metric in evidence.metrics.values()]))
    if e_value < HOLD_AT:
        return None
    name, metric = max(evidence.metrics.items(), key=lambda item: item[1].relative.log_e)
    needed = threshold(settings, RELATIVE_PART)
    candidate, stable = metric.rollout.candidate, metric.rollout.stable
    words = sentences.Words.of(name, settings.objectives)
    if e_value >= needed:
        text = sentences.worse(words, candidate, stable, e_value)
        return Verdict(VerdictKind.ROLL_BACK, name, candidate, stable, e_value, text)
    text = sentences.suspicious(words, candidate, stable, e_value, needed)
    return Verdict(VerdictKind.HOLD, name, candidate, stable, e_value, text)


def _against_uncompared(evidence: Evidence, settings: Settings) -> Verdict | None:
    logs = {name: metric.absolute.log_e for name, metric in evidence.metrics.items() if metric.uncompared}
    if not logs:
        return None
    e_value = finite_exp(mean_log([logs.get(name, -math.inf) for name in evidence.metrics]))
    if e_value < HOLD_AT:
        return None
    name = max(logs, key=lambda key: logs[key])
    metric = evidence.metrics[name]
    needed = threshold(settings, UNCOMPARED_PART)
    candidate, stable = metric.step.candidate, metric.step.stable
    words = sentences.Words.of(name, settings.objectives)
    kind = VerdictKind.ROLL_BACK if e_value >= needed else VerdictKind.HOLD
    text = sentences.beyond_objective(words, candidate, metric.absolute.tolerated, e_value, needed)
    return Verdict(kind, name, candidate, stable, e_value, text)


def _in_favour(evidence: Evidence, settings: Settings) -> Verdict:
    logs = {name: log_mean(_pass_logs(metric, settings)) for name, metric in evidence.metrics.items()}
    name = min(logs, key=lambda key: logs[key])
    metric, e_value = evidence.metrics[name], finite_exp(logs[name])
    candidate, stable = metric.step.candidate, metric.step.stable
    words = sentences.Words.of(name, settings.objectives)
    needed = math.log(1.0 / settings.false_advance)
    if logs[name] >= needed:
        text = sentences.good_enough(words, candidate, stable, _pass_limit(metric, settings), e_value)
        return Verdict(VerdictKind.ADVANCE, name, candidate, stable, e_value, text)
    if candidate.total == 0:
        measured = any(other.step.candidate.total for other in evidence.metrics.values())
        text = sentences.unmeasured(words) if measured else sentences.no_traffic(stable)
    elif metric.uncompared or Passing().log_e(settings.margin, candidate.total) < needed:
        text = sentences.too_little(words, candidate, stable, _still_needed(metric, settings))
    else:
        text = sentences.unclear(words, candidate, stable, settings.margin, _still_needed(metric, settings))
    return Verdict(VerdictKind.UNDECIDED, name, candidate, stable, e_value, text)


def _pass_limit(metric: MetricEvidence, settings: Settings) -> float:
    if metric.uncompared:
        return min(metric.allowed + settings.margin, 0.99)
    return settings.margin


def _pass_logs(metric: MetricEvidence, settings: Settings) -> Array:
    limit = _pass_limit(metric, settings)
    if not metric.uncompared:
        return metric.passing.logs(limit)
    seen = metric.step.candidate
    return absolute_pass_increment(seen.total, seen.bad, limit) / metric.dispersion.factor


def _still_needed(metric: MetricEvidence, settings: Settings) -> int:
    """Return after how many further good answers one bet alone would settle the step: about the number it takes."""
    limit = _pass_limit(metric, settings)
    per_answer = absolute_pass_increment(1, 0, limit) if metric.uncompared else pass_logs(1, 0, 0.0, limit)
    logs = _pass_logs(metric, settings)
    missing = math.log(len(logs) / settings.false_advance) - logs
    return max(math.ceil(float(np.min(missing / per_answer)) * metric.dispersion.factor), 1)

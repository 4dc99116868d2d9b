"""From evidence to a verdict on a rollout: send it back, let it go on, hold it, or say that it is too early to tell."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from tandem.judge import sentences, states
from tandem.judge.batch import ABSOLUTE, KINDS, RELATIVE, judge_batch, pass_limit
from tandem.judge.counts import NONE, Counts
from tandem.judge.evidence import Evidence, MetricEvidence, batch_of
from tandem.judge.gates import absolute_pass_increment, log_mean, pass_logs
from tandem.judge.rules import RELATIVE_PART, RULES, UNCOMPARED_PART, Settings, VerdictKind


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
    found = judge_batch(batch_of(list(evidence.metrics.values())), settings)
    index, gate, kind = int(found.metric[0]), int(found.gate[0]), KINDS[found.kind[0]]
    name = list(evidence.metrics)[index]
    metric = evidence.metrics[name]
    words = sentences.Words.of(name, settings.objectives)
    if gate == RELATIVE:
        return _against(name, metric, kind, float(found.against[0]), settings)
    if gate == ABSOLUTE:
        return _against_uncompared(name, metric, kind, float(found.against[0]), settings)
    e_value = float(found.passing[0, index])
    candidate, stable = metric.step.candidate, metric.step.stable
    if kind is VerdictKind.ADVANCE:
        text = sentences.good_enough(words, candidate, stable, _pass_limit(metric, settings), e_value)
    else:
        measured = any(other.step.candidate.total for other in evidence.metrics.values())
        text = _undecided(words, metric, settings) if candidate.total or not measured else sentences.unmeasured(words)
    return Verdict(kind, name, candidate, stable, e_value, text)


def _against(name: str, metric: MetricEvidence, kind: VerdictKind, e_value: float, settings: Settings) -> Verdict:
    candidate, stable = metric.rollout.candidate, metric.rollout.stable
    words = sentences.Words.of(name, settings.objectives)
    if kind is VerdictKind.ROLL_BACK:
        text = sentences.worse(words, candidate, stable, e_value)
    else:
        text = sentences.suspicious(words, candidate, stable, e_value, settings.threshold(RELATIVE_PART))
    return Verdict(kind, name, candidate, stable, e_value, text)


def _against_uncompared(
    name: str, metric: MetricEvidence, kind: VerdictKind, e_value: float, settings: Settings
) -> Verdict:
    candidate, stable = metric.step.candidate, metric.step.stable
    words, needed = sentences.Words.of(name, settings.objectives), settings.threshold(UNCOMPARED_PART)
    text = sentences.beyond_objective(words, candidate, metric.tolerated, e_value, needed)
    return Verdict(kind, name, candidate, stable, e_value, text)


def _undecided(words: sentences.Words, metric: MetricEvidence, settings: Settings) -> str:
    candidate, stable = metric.step.candidate, metric.step.stable
    if candidate.total == 0:
        return sentences.no_traffic(stable)
    if metric.uncompared or _clean_log(candidate.total, settings.margin) < math.log(1.0 / settings.false_advance):
        return sentences.too_little(words, candidate, stable, _still_needed(metric, settings))
    return sentences.unclear(words, candidate, stable, settings.margin, _still_needed(metric, settings))


def _clean_log(answers: int, margin: float) -> float:
    """Return the log of the e-value for a candidate with so many good answers and no bad one anywhere."""
    return float(log_mean(pass_logs(answers, 0, np.zeros(len(states.PASSING) - 2), margin)))


def _pass_limit(metric: MetricEvidence, settings: Settings) -> float:
    return float(pass_limit(batch_of([metric]), settings)[0, 0])


def _still_needed(metric: MetricEvidence, settings: Settings) -> int:
    """Return after how many further good answers one bet alone would settle the step: about the number it takes."""
    limit, seen = _pass_limit(metric, settings), metric.step.candidate
    factor = float(states.dispersion_factor(np.array(metric.dispersion), RULES))
    if metric.uncompared:
        logs, per_answer = (
            absolute_pass_increment(seen.total, seen.bad, limit) / factor,
            absolute_pass_increment(1, 0, limit),
        )
    else:
        logs, per_answer = states.passing_logs(np.array(metric.passing), limit), pass_logs(1, 0, 0.0, limit)
    missing = math.log(len(logs) / settings.false_advance) - logs
    return max(math.ceil(float(np.min(missing / per_answer)) * factor), 1)

"""From evidence to a verdict on a rollout: send it back, let it go on, hold it, or say that it is too early to tell."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from tandem.judge import batch, sentences, states
from tandem.judge.counts import NONE, Counts, Increment
from tandem.judge.evidence import TURNED_AWAY, Evidence, MetricEvidence, batch_of
from tandem.judge.gates import BETTER, Array, absolute_pass_increment, log_mean, pass_logs
from tandem.judge.rates import Rate
from tandem.judge.rules import RELATIVE_PART, RULES, UNCOMPARED_PART, Settings, VerdictKind


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the evidence says, with the numbers behind it and one sentence for a person.

    The counts are those of the whole rollout for what speaks against the candidate and of the step otherwise.
    ``e_value``: if the verdict's null hypothesis held, it would get this large with probability 1 / e_value at most.
    ``warmed``: stable's history was known; without it, evidence for a candidate is discounted by a guess.
    """

    kind: VerdictKind
    metric: str
    candidate: Counts
    stable: Counts
    e_value: float
    sentence: str
    warmed: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values, for status."""
        return {
            "verdict": self.kind.value,
            "metric": self.metric,
            "candidate": _counted(self.candidate),
            "stable": _counted(self.stable),
            "eValue": float(f"{self.e_value:.4g}"),
            "warmed": self.warmed,
            "sentence": self.sentence,
        }


def _counted(counts: Counts) -> dict[str, Any]:
    return {"requests": counts.total, "bad": counts.bad, **Rate.of(counts).to_dict()}


@dataclass(frozen=True, slots=True)
class _Finding:
    """What was found, and the metric that caused it."""

    name: str
    metric: MetricEvidence
    kind: VerdictKind
    e_value: float
    settings: Settings

    @property
    def words(self) -> sentences.Words:
        return sentences.Words.of(self.name, self.settings.objectives)

    @property
    def limit(self) -> float:
        """By how much the candidate may be worse than stable, or how bad where stable answers nothing."""
        return float(batch.pass_limit(batch_of({self.name: self.metric}), self.settings)[0, 0])

    @property
    def stakes(self) -> Array:
        """How the stake for the candidate was split over the bets in this step."""
        stakes: Array = batch.pass_stakes(batch_of({self.name: self.metric}), self.settings)[0, 0]
        return stakes

    def says(self, counts: Increment, text: str) -> Verdict:
        return Verdict(self.kind, self.name, counts.candidate, counts.stable, self.e_value, text, self.metric.warmed)


def verdict(evidence: Evidence, settings: Settings) -> Verdict:
    """Return what the evidence says. Pure: the same evidence and settings give the same verdict."""
    if not evidence.metrics.keys() - {TURNED_AWAY}:
        return Verdict(VerdictKind.UNDECIDED, "errors", NONE, NONE, 1.0, sentences.no_traffic(NONE))
    found = batch.judge_batch(batch_of(evidence.metrics), settings)
    index, gate = int(found.metric[0]), int(found.gate[0])
    name = list(evidence.metrics)[index]
    e_value = float(found.passing[0, index] if gate == batch.PASSING else found.against[0])
    finding = _Finding(name, evidence.metrics[name], batch.KINDS[found.kind[0]], e_value, settings)
    if gate == batch.PASSING:
        measured = any(metric.step.candidate.total for metric in evidence.metrics.values())
        return _unmeasured(finding) if measured and not finding.metric.step.candidate.total else _in_favour(finding)
    return {batch.RELATIVE: _against, batch.ABSOLUTE: _against_uncompared, batch.HOLDING: _saturated}[gate](finding)


def _against(found: _Finding) -> Verdict:
    counts = found.metric.rollout
    candidate, stable = counts.candidate, counts.stable
    if found.kind is VerdictKind.ROLL_BACK:
        return found.says(counts, sentences.worse(found.words, candidate, stable, found.e_value))
    needed = found.settings.threshold(RELATIVE_PART)
    return found.says(counts, sentences.suspicious(found.words, candidate, stable, found.e_value, needed))


def _against_uncompared(found: _Finding) -> Verdict:
    step, needed = found.metric.step, found.settings.threshold(UNCOMPARED_PART)
    text = sentences.beyond_objective(found.words, step.candidate, found.metric.tolerated, found.e_value, needed)
    return found.says(step, text)


def _saturated(found: _Finding) -> Verdict:
    step = found.metric.step
    return found.says(step, sentences.saturated(found.words, step.candidate, step.stable))


def _unmeasured(found: _Finding) -> Verdict:
    return found.says(found.metric.step, sentences.unmeasured(found.words))


def _in_favour(found: _Finding) -> Verdict:
    metric, words, settings = found.metric, found.words, found.settings
    candidate, stable = metric.step.candidate, metric.step.stable
    if found.kind is VerdictKind.ADVANCE:
        text = sentences.good_enough(words, candidate, stable, found.limit, found.e_value)
        return found.says(metric.step, text if metric.warmed else f"{text}{sentences.COLD}")
    if candidate.total == 0:
        return found.says(metric.step, sentences.no_traffic(stable))
    if metric.uncompared and candidate.share >= found.limit:
        return found.says(metric.step, sentences.beyond_limit(words, candidate, found.limit, metric.tolerated))
    more = _still_needed(found)
    if metric.uncompared or _clean_log(found) < math.log(1.0 / settings.false_advance):
        return found.says(metric.step, sentences.too_little(words, candidate, stable, more))
    return found.says(metric.step, sentences.unclear(words, candidate, stable, settings.margin, more))


def _clean_log(found: _Finding) -> float:
    """Return the log of the e-value for a candidate with as many answers, all good, and no bad one anywhere."""
    answers, none = found.metric.step.candidate.total, np.zeros(len(states.PASSING) - 2)
    return float(log_mean(pass_logs(answers, 0, none, found.settings.margin), found.stakes))


def _still_needed(found: _Finding) -> int:
    """Return after how many further good answers one bet alone would settle the step: about the number it takes."""
    metric, limit, seen = found.metric, found.limit, found.metric.step.candidate
    factor = float(states.passing_factor(np.array(metric.dispersion), np.array(metric.warmed), RULES))
    if metric.uncompared:
        logs = absolute_pass_increment(seen.total, seen.bad, limit) / factor - math.log(len(BETTER))
        per_answer = absolute_pass_increment(1, 0, limit)
    else:
        logs = states.passing_logs(np.array(metric.passing), limit, factor) + np.log(found.stakes)
        per_answer = pass_logs(1, 0, 0.0, limit)
    missing = math.log(1.0 / found.settings.false_advance) - logs
    return max(math.ceil(float(np.min(missing / per_answer)) * factor), 1)

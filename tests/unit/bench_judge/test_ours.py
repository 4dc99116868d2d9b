"""The benchmark runs the operator's judge: the same traffic, one rollout at a time, comes to the same."""

import math

import numpy as np
import pytest

from bench.judge.bound import information_bound, oracle
from bench.judge.ours import ALLOWED, LONG_PLAN, SHARP, SHIPPED, judge_step, learned, roll_out
from bench.judge.traffic import METRICS, Answers, Case, Span, Traffic, Trouble
from bench.judge.trials import Alarms
from tandem.judge import Counts, History, Increment, Settings, VerdictKind, add, add_history, empty, verdict

SPAN = Span(600.0, 2.0)


def alone(answers: Answers, run: int, next_share: float) -> tuple[float, float]:
    """Seconds until the operator's judge sends one run back, and until it lets it pass."""
    evidence = empty(dict(zip(METRICS, ALLOWED, strict=True)))
    passed = math.inf
    for tick, end in enumerate(SPAN.ends):
        counts = (
            (answers.candidate[tick, run], answers.candidate_bad[tick, run]),
            (answers.stable[tick, run], answers.stable_bad[tick, run]),
        )
        came = {
            name: Increment(*(Counts(int(total), int(bad[metric])) for total, bad in counts))
            for metric, name in enumerate(METRICS)
        }
        evidence = add(evidence, came)
        kind = verdict(evidence, Settings(next_share=next_share)).kind
        if kind is VerdictKind.ROLL_BACK:
            return float(end), passed
        if kind is VerdictKind.ADVANCE:
            passed = min(passed, float(end))
    return math.inf, passed


def test_many_runs_at_once_come_to_what_each_comes_to_alone() -> None:
    case = Case(20.0, errors=0.05)
    answers = Traffic(case, SPAN, 8).answers(slice(None))
    found = judge_step(SHIPPED, answers, SPAN, 0.25)
    assert found.back.share > 0
    for run in range(8):
        assert (found.back.seconds[run], found.passed[run]) == alone(answers, run, 0.25)


def test_a_dead_version_is_sent_back_from_the_first_step_and_a_healthy_one_promoted() -> None:
    span = Span(3600.0, 2.0)
    dead = roll_out(SHIPPED, LONG_PLAN, Traffic(Case(100.0, errors=1.0), span, 20))
    assert np.isfinite(dead.back).all()
    assert np.isinf(dead.promoted).all()
    assert (dead.step == 0).all()
    assert (dead.bad[:, 0] > 0).all()
    good = roll_out(SHIPPED, LONG_PLAN, Traffic(Case(100.0), span, 20))
    assert np.isfinite(good.promoted).mean() >= 0.9
    assert good.promoted[np.isfinite(good.promoted)].min() >= LONG_PLAN.hold * len(LONG_PLAN.steps)


def test_what_is_learned_of_stable_is_what_the_operator_learns() -> None:
    case, span = Case(10.0), Span(400.0, 10.0)
    found = learned(case, span, 3, 7)
    traffic, known = Traffic(case, span, 3, 7), History()
    for tick in range(span.ticks):
        answers = traffic.answers(tick, 0.0)
        total, bad = int(answers.stable[1]), answers.stable_bad[1].tolist()
        known = add_history(known, {name: Counts(total, bad[metric]) for metric, name in enumerate(METRICS)})
    for metric, name in enumerate(METRICS):
        assert found.dispersion[1, metric].tolist() == pytest.approx(known.metrics[name].dispersion)
        assert found.blocks[1, metric] == known.metrics[name].blocks == 40


def test_a_judge_to_whom_any_difference_counts_needs_less_evidence() -> None:
    assert SHARP.settings.threshold(0.4) == pytest.approx(100.0)
    assert SHIPPED.settings.threshold(0.4) == pytest.approx(250.0)


@pytest.mark.parametrize(("candidate", "bound"), [(0.01, 27077), (0.02, 4274), (0.05, 836), (0.2, 125), (1.0, 15)])
def test_information_bound(candidate: float, bound: float) -> None:
    assert information_bound(0.005, candidate, 0.1) == pytest.approx(bound, rel=0.03)


def test_the_test_that_knows_both_shares_is_near_the_bound_and_rarely_wrong() -> None:
    span = Span(1200.0, 1.0)
    bad = Traffic(Case(10.0, errors=0.05, steady=True), span, 400).answers(slice(None))
    used = 10 * (oracle(bad, 0.05, 0) + 1)
    assert 0.8 <= np.mean(used) / information_bound(0.005, 0.05, 0.1) <= 1.4
    good = Traffic(Case(10.0, steady=True), span, 2000).answers(slice(None))
    assert np.isfinite(oracle(good, 0.05, 0)).mean() <= 0.01 + 4.5 * (0.01 / 2000) ** 0.5


def test_spells_that_stable_was_seen_to_have_send_fewer_healthy_versions_back() -> None:
    unknowing = Alarms(Case(100.0, trouble=Trouble.EPISODES), runs=60, tick=5.0)
    knowing = Alarms(unknowing.case, unknowing.runs, unknowing.tick, history=3600.0)
    assert unknowing.measure()[SHIPPED.name] > 2.0 * knowing.measure()[SHIPPED.name]

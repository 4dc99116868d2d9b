"""The simulation against facts that are known without it."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tandem.api.requirements import Latency, Requirements
from tandem.api.rollout import EvidenceSettings, Rollout, Step
from tandem.controller.history import EVERY
from tandem.controller.reader import INTERVAL
from tandem.simulate import Effort, Ended, InvalidPlan, Plan, Traffic, Version, simulate, versions
from tandem.simulate.answers import HISTORY_LOOK, LOOK, look
from tandem.simulate.outcomes import Outcome, Spread

REQUIREMENTS = Requirements(latency=Latency(p99="250ms"))
PLAN = Plan(Rollout(), REQUIREMENTS)
SMALL = Effort(runs=100, limit=3600)


def tried(traffic: Traffic, name: str, plan: Plan = PLAN) -> Version:
    return next(version for version in versions(plan, traffic) if version.name == name)


def ended(plan: Plan, traffic: Traffic, name: str, effort: Effort = SMALL) -> Ended:
    return simulate(plan, traffic, [tried(traffic, name, plan)], effort)[0]


def rollout(**evidence: str) -> Rollout:
    return Rollout(evidence=EvidenceSettings.model_validate(evidence))


def test_the_operators_own_looks_are_simulated() -> None:
    assert (LOOK, HISTORY_LOOK) == (INTERVAL, EVERY)


def test_looks_are_the_operators_at_first_and_grow_with_time() -> None:
    assert look(0.0, 0.01) == look(49.0, 0.01) == LOOK
    assert look(1000.0, 0.01) == 10.0
    assert look(1000.0, 0.0) == LOOK


def test_a_good_version_is_sent_back_no_more_often_than_declared() -> None:
    plan, runs, declared = Plan(rollout(falseRollback="10%"), REQUIREMENTS), 1000, 0.1
    found = ended(plan, Traffic(100.0), "good", Effort(runs=runs, limit=1200))
    error = math.sqrt(declared * (1 - declared) / runs)
    assert np.isfinite(found.back).mean() <= declared + 3 * error
    assert np.isfinite(found.promoted).mean() > 0.9


def test_a_dead_version_is_sent_back_after_a_few_looks() -> None:
    found = ended(PLAN, Traffic(100.0), "fails 100 %")
    assert np.isfinite(found.back).all() and not np.isfinite(found.promoted).any()
    assert found.back.max() <= 8 * LOOK
    assert 0 < np.median(found.bad) <= 100.0 * 0.1 * 8 * LOOK


def test_without_requests_nothing_is_ever_decided() -> None:
    plan = Plan(Rollout(steps=[Step(weight=10), Step(weight=100)]), REQUIREMENTS)
    for name in ("good", "fails 100 %"):
        found = ended(plan, Traffic(0.0), name)
        assert not np.isfinite(found.promoted).any() and not np.isfinite(found.back).any() and not found.bad.any()


def test_more_requests_are_never_slower_in_the_median() -> None:
    plan = Plan(rollout(budget="2%"), REQUIREMENTS)
    rates = (5.0, 20.0, 100.0)
    for name, part in (("good", "promoted"), ("fails 5 %", "back")):
        medians = [np.median(getattr(ended(plan, Traffic(rate), name), part)) for rate in rates]
        assert medians == sorted(medians, reverse=True) and math.isfinite(medians[-1])


def test_longer_looks_find_the_same_as_the_operators() -> None:
    fine, coarse = (
        ended(PLAN, Traffic(20.0), "fails 5 %", replace(SMALL, runs=400, coarseness=part)) for part in (0.0, 0.01)
    )
    assert np.isfinite(fine.back).all()
    assert np.median(coarse.back) == pytest.approx(np.median(fine.back), rel=0.15)
    assert np.median(coarse.bad) == pytest.approx(np.median(fine.bad), abs=1.5)


def test_the_same_seed_gives_the_same_and_another_one_does_not() -> None:
    first, again, other = (ended(PLAN, Traffic(50.0), "fails 20 %", Effort(runs=50, seed=seed)) for seed in (3, 3, 4))
    assert first.back.tolist() == again.back.tolist() != other.back.tolist()


def test_no_step_is_shorter_than_its_hold_time() -> None:
    plan = Plan(Rollout(steps=[Step(weight=50, hold="2m"), Step(weight=60, hold="3m")]), REQUIREMENTS)
    found = ended(plan, Traffic(1000.0), "good")
    assert found.promoted.min() >= 300.0
    assert np.median(found.promoted) < 330.0


def test_by_the_pace_of_time_a_version_passes_without_evidence() -> None:
    plan = Plan(Rollout(pace="Time", steps=[Step(weight=10, hold="1m")]), REQUIREMENTS)
    found = ended(plan, Traffic(0.1), "good")
    assert found.unproven.all()
    assert found.promoted.max() < 62.0


@pytest.mark.parametrize(
    ("when", "promoted", "given_up"), [("Hold", False, False), ("Promote", True, False), ("RollBack", False, True)]
)
def test_what_becomes_of_a_version_that_stays_undecided(when: str, promoted: bool, given_up: bool) -> None:
    plan = Plan(rollout(maxDuration="10m", whenUndecided=when), REQUIREMENTS)
    found = ended(plan, Traffic(0.1), "good", Effort(runs=20))
    assert np.isfinite(found.promoted).all() == promoted
    assert found.unproven.all() == promoted
    assert np.isfinite(found.given_up).all() == given_up
    assert not np.isfinite(found.back).any()


def test_without_steps_a_bad_version_is_promoted_at_once_and_sent_back_in_the_watch_window() -> None:
    found = ended(replace(PLAN, stepped=False), Traffic(20.0), "fails 100 %")
    assert (found.promoted == 0.0).all()
    assert np.isfinite(found.back).all() and found.back.max() < 60.0
    assert found.bad.min() > 0


def test_a_slow_version_is_sent_back_for_its_late_answers() -> None:
    found = ended(PLAN, Traffic(100.0), "late for 5 %")
    assert np.isfinite(found.back).mean() > 0.95
    assert np.median(found.bad) < 50


def test_versions_no_worse_than_stable_are_not_tried_as_bad_ones() -> None:
    names = [version.name for version in versions(Plan(Rollout(), Requirements()), Traffic(1.0, errors=0.02))]
    assert names == ["good", "fails 5 %", "fails 20 %", "fails 100 %"]


def test_metrics_of_the_users_own_are_judged_too_and_may_be_as_bad_as_stables() -> None:
    named = [{"name": "unsure", "bad": {"counter": "unsure_total"}, "total": {"counter": "answers_total"}}]
    plan = Plan(Rollout(evidence=EvidenceSettings.model_validate({"metrics": named})), REQUIREMENTS)
    traffic = Traffic(100.0, errors=0.002)
    assert list(plan.allowed) == ["errors", "latency-p99-250ms", "unsure"]
    assert tried(traffic, "late for 5 %", plan).shares == (0.002, 0.05, 0.002)
    assert np.isfinite(ended(plan, traffic, "fails 20 %").back).all()


def test_in_a_step_of_100_metrics_of_the_users_own_may_be_as_bad_as_stables() -> None:
    named = {"name": "unsure", "bad": {"counter": "unsure_total"}, "total": {"counter": "answers_total"}}
    spec = {"steps": [{"weight": 50}, {"weight": 100}], "evidence": {"budget": "2%", "metrics": [named]}}
    plan = Plan(Rollout.model_validate(spec), Requirements(availability="95%"))
    found = ended(plan, Traffic(200.0, errors=0.03), "good", Effort(runs=20, limit=1800))
    assert np.isfinite(found.promoted).mean() > 0.9


def test_weights_that_do_not_rise_are_refused() -> None:
    with pytest.raises(InvalidPlan, match="must rise"):
        Plan(Rollout(steps=[Step(weight=50), Step(weight=10)]), REQUIREMENTS)


def test_a_median_that_most_never_reach_is_none() -> None:
    assert Spread.of(np.array([1.0, np.inf, np.inf])) == Spread(None, None, 1.0)
    assert Spread.of(np.array([1.0, 2.0, 3.0])).median == 2.0


def test_an_outcome_counts_bad_answers_of_those_that_were_sent_back() -> None:
    never = np.full(4, np.inf)
    found = Ended(
        promoted=np.array([60.0, np.inf, np.inf, np.inf]),
        back=np.array([np.inf, 5.0, 6.0, 7.0]),
        given_up=never,
        unproven=np.array([True, False, False, False]),
        bad=np.array([1000, 1, 2, 3]),
    )
    outcome = Outcome.of(Version("fails", (0.5,)), found)
    assert (outcome.promoted, outcome.unproven, outcome.back) == (0.25, 0.25, 0.75)
    assert outcome.back_bad.median == 2.0 and outcome.back_bad.most is None
    assert outcome.promoted_at == (60.0,)

"""What to change where traffic is too thin: found by simulating it."""

from tandem.api.requirements import Latency, Requirements
from tandem.api.rollout import EvidenceSettings, Rollout, Step
from tandem.simulate import Effort, Plan, Traffic, changes, simulate_changes

REQUIREMENTS = Requirements(latency=Latency(p99="250ms"))


def words(plan: Plan, traffic: Traffic) -> list[str]:
    return [change.words for change in changes(plan, traffic)]


def test_higher_starts_wider_budgets_both_and_more_load_are_tried() -> None:
    load = "times the requests, by mirrored or synthetic load"
    assert words(Plan(Rollout(), REQUIREMENTS), Traffic(1.0)) == [
        "start at 25 %",
        "start at 50 %",
        "budget 1%",
        "budget 2%",
        "start at 25 % and budget 1%",
        "start at 50 % and budget 1%",
        f"5 {load}",
        f"20 {load}",
    ]


def test_only_what_would_change_something_is_tried() -> None:
    plan = Plan(Rollout(steps=[Step(weight=30)], evidence=EvidenceSettings(budget="2%")), REQUIREMENTS)
    assert words(plan, Traffic(0.0)) == ["start at 50 %"]


def test_a_higher_start_keeps_the_steps_above_it() -> None:
    plan = Plan(Rollout(steps=[Step(weight=5), Step(weight=20), Step(weight=60, hold="5m")]), REQUIREMENTS)
    first = changes(plan, Traffic(1.0))[0].plan.rollout.steps
    assert [(step.weight, step.hold) for step in first] == [(25, "30s"), (60, "5m")]


def test_the_best_change_promotes_good_versions_in_time_and_lets_few_bad_ones_pass() -> None:
    told: list[float] = []
    found = simulate_changes(Plan(Rollout(), REQUIREMENTS), Traffic(1.0), Effort(runs=40, limit=7200), told.append)
    enough = [changed.enough for changed in found]
    assert enough == sorted(enough, reverse=True) and enough[0] and not enough[-1]
    assert found[0].bad[0].promoted <= 0.1
    assert told[-1] == 1.0 and told == sorted(told)


def test_where_stable_fails_most_requests_a_clearly_bad_version_fails_all() -> None:
    found = simulate_changes(Plan(Rollout(), REQUIREMENTS), Traffic(0.1, errors=0.4), Effort(runs=2, limit=60))
    assert {bad.version.name for changed in found for bad in changed.bad} >= {"fails 100 %"}

"""What the caller and the watches saw becomes figures: bad spells, losses, shares on the route, and the lag."""

import pytest

from bench.canary.foretold import LOOK
from bench.canary.measured import healthy, trial, weights_since
from bench.canary.plan import ERRORS, LATENESS, Bad, slow_version
from bench.canary.replay import decided, lag, looks
from dev.kube.history import WeightChange
from dev.traffic.outcomes import Outcome

DEAD = Bad(20.0, 1.0, ERRORS, 1)
BEGUN = 1000.0


def traffic(seconds: float, every: int = 10) -> list[Outcome]:
    """20 requests a second, each so many of them answered by a dead candidate."""
    return [
        Outcome(BEGUN + number / 20, 0.01, "server_error", "tallying", 500)
        if number % every == 0
        else Outcome(BEGUN + number / 20, 0.01, "ok", "better", 200)
        for number in range(int(seconds * 20))
    ]


def test_the_judge_decides_on_what_the_caller_saw_and_the_lag_runs_from_there() -> None:
    outcomes = traffic(10)
    moment = decided(DEAD, outcomes, [(BEGUN, 0.1)])
    assert moment is not None
    assert BEGUN < moment < BEGUN + 5.0
    assert (moment - BEGUN) % LOOK == pytest.approx(0.0)
    assert lag(DEAD, outcomes, [(BEGUN, 0.1), (moment + 0.3, 0.0)]) == pytest.approx(0.3)


def test_good_answers_decide_nothing() -> None:
    outcomes = [Outcome(BEGUN + number / 20, 0.01, "ok", "tallying", 200) for number in range(100)]
    weights = [(BEGUN, 0.1), (BEGUN + 3, 0.0)]
    assert decided(DEAD, outcomes, weights) is None
    assert lag(DEAD, outcomes, weights) is None


def test_no_answers_or_no_weight_decide_nothing() -> None:
    assert decided(DEAD, [], [(BEGUN, 0.1)]) is None
    assert decided(DEAD, traffic(5), []) is None
    assert decided(DEAD, [Outcome(BEGUN, 9.0, "timeout")], [(BEGUN, 0.1)]) is None


def test_a_route_that_was_not_taken_back_has_no_lag() -> None:
    assert lag(DEAD, traffic(10), [(BEGUN, 0.1)]) is None


def test_each_answer_enters_one_look_and_what_came_before_none() -> None:
    outcomes = [
        *traffic(3),
        Outcome(BEGUN - 5, 0.1, "ok", "better", 200),
        Outcome(BEGUN, 0.1, "server_error", "?", 503),
    ]
    found = looks(DEAD, outcomes, BEGUN)
    assert found[:, ERRORS].sum(axis=0).tolist() == [6, 6, 54, 0]
    assert found[:, LATENESS].sum(axis=0).tolist() == [6, 0, 54, 0]
    assert found[0, ERRORS].tolist() == [1, 1, 9, 0]


def test_a_late_answer_counts_as_late_once_it_is_overdue_and_as_answered_when_it_is_there() -> None:
    found = looks(slow_version(20.0), [Outcome(BEGUN, 1.2, "ok", "slow", 200)], BEGUN)
    assert [found[look, LATENESS].tolist() for look in range(3)] == [[0, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]]
    assert [found[look, ERRORS].tolist() for look in range(3)] == [[0, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0]]


def test_a_further_step_begins_evidence_in_favour_afresh_and_keeps_what_speaks_against() -> None:
    weights = [(BEGUN, 0.1), (BEGUN + 1.0, 0.5)]
    assert decided(DEAD, traffic(10), weights) == decided(DEAD, traffic(10), weights[:1])


def test_a_trial_is_its_bad_spell_and_what_was_lost_beside_it() -> None:
    outcomes = [*traffic(2), Outcome(BEGUN, 0.1, "server_error", "?", 503)]
    found = trial(DEAD, "sent back", outcomes, [(BEGUN, 0.1), (BEGUN + 2, 0.0)])
    assert (found.bad, found.answers, found.lost) == (4, 4, 1)
    assert found.seconds == pytest.approx(1.5)
    assert "4 bad of 4 responses in 1.5 s" in found.sentence()
    assert trial(DEAD, "undecided", outcomes, [(BEGUN, 0.1), (BEGUN + 2, 0.0)]).lag is None


def test_what_stable_did_badly_in_the_same_way_is_counted_apart() -> None:
    slow = slow_version(20.0)
    late, failed = Outcome(BEGUN, 1.2, "ok", "better", 200), Outcome(BEGUN, 0.1, "server_error", "better", 500)
    good, theirs = Outcome(BEGUN, 0.1, "ok", "better", 200), Outcome(BEGUN, 1.2, "ok", "slow", 200)
    weights = [(BEGUN, 0.1)]
    assert trial(slow, "undecided", [late, failed, good, theirs], weights).stable_bad == 1
    assert trial(DEAD, "undecided", [late, failed, good, theirs], weights).stable_bad == 1
    assert trial(slow, "undecided", [theirs], weights).stable_bad == 0


CHANGES = [
    WeightChange(1.0, {"r1": 100}),
    WeightChange(5.0, {"r1": 90, "r2": 10}),
    WeightChange(6.0, {"r1": 50, "r2": 50}),
    WeightChange(7.0, {"r2": 100}),
    WeightChange(9.0, {"r1": 100}),
]


def test_shares_on_the_route_are_those_since_the_version_was_applied() -> None:
    assert weights_since(CHANGES, 2.0, "r1") == [(5.0, pytest.approx(0.1)), (6.0, 0.5), (7.0, 1.0), (9.0, 0.0)]
    assert weights_since(CHANGES, 8.0, "r1") == []
    assert weights_since([WeightChange(5.0, {})], 2.0, "r1") == []


def test_a_healthy_rollout_is_told_by_when_it_got_what() -> None:
    weights = [(5.0, 0.1), (6.0, 0.5), (17.0, 1.0)]
    outcomes = [Outcome(1.0, 0.1, "ok", "better", 200), Outcome(2.0, 0.1, "connection")]
    found = healthy(3, "promoted", (2.0, 50.0), weights, outcomes, "")
    assert (found.started, found.promoted, found.watched) == (3.0, 12.0, 33.0)
    assert (found.requests, found.lost) == (2, 1)
    assert "1 of 2 requests lost" in found.sentence()
    unsettled = healthy(4, "undecided", (2.0, 50.0), weights[:1], outcomes[:1], "")
    assert (unsettled.started, unsettled.promoted, unsettled.watched) == (3.0, None, None)

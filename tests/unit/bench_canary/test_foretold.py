"""What is foretold follows from the judge: deterministic, in order, and right where it can be counted by hand."""

import math

import numpy as np
import pytest

from bench.canary.foretold import LOOK, SETTINGS, SHORTEST_LIMIT, SPAN, Case, foretell, quantile, time_limit
from bench.canary.plan import ALLOWED, ERRORS, LATENESS, declared
from tandem.api.values import percent_share
from tandem.controller.reader import INTERVAL
from tandem.rollout.terms import LATENCY_SHARES


def test_a_dead_version_is_sent_back_within_seconds_and_its_bad_requests_are_counted() -> None:
    found = foretell(Case(100.0, 1.0, ERRORS), runs=50)
    assert np.isfinite(found.sent_back).all()
    assert np.isinf(found.promoted).all()
    assert quantile(found.sent_back, 1.0) < 10.0
    assert (found.bad >= 3).all()
    assert (found.first <= found.last).all()
    assert (found.last < found.sent_back).all()


def test_both_metrics_are_treated_alike() -> None:
    errors, late = (foretell(Case(20.0, 0.5, metric), runs=20) for metric in (ERRORS, LATENESS))
    assert (errors.sent_back == late.sent_back).all()


def test_the_same_case_foretells_the_same() -> None:
    once, again = (foretell(Case(20.0, 0.2, ERRORS), runs=20) for _ in range(2))
    assert (once.sent_back == again.sent_back).all()
    assert (once.bad == again.bad).all()


def test_more_failures_are_found_sooner() -> None:
    few, many = (foretell(Case(20.0, share, ERRORS), runs=100) for share in (0.1, 0.5))
    assert quantile(many.sent_back, 0.5) < quantile(few.sent_back, 0.5)


def test_a_healthy_version_is_promoted_with_enough_traffic_and_never_without() -> None:
    plenty = foretell(Case(400.0, 0.0, ERRORS), runs=5)
    assert np.isfinite(plenty.promoted).all()
    assert (plenty.promoted >= 40.0).all(), "the steps' hold times are served"
    assert (plenty.step == 1).all()
    assert plenty.bad.sum() == 0
    thin = foretell(Case(2.0, 0.0, ERRORS), runs=5, span=60.0)
    assert np.isinf(thin.promoted).all() and np.isinf(thin.sent_back).all()


def test_a_lag_lets_requests_go_on_that_long() -> None:
    found = foretell(Case(100.0, 1.0, ERRORS), runs=200)
    at_once, one_second = found.after(0.0), found.after(1.0)
    assert (at_once[1] == found.bad).all()
    assert at_once[0] == pytest.approx(found.last - found.first)
    assert np.mean(one_second[1] - at_once[1]) == pytest.approx(10.0, abs=1.0)
    assert (one_second[0] >= at_once[0]).all()
    assert (one_second[0] <= at_once[0] + 1.5).all()


def test_a_lag_shorter_than_a_request_changes_nothing() -> None:
    found = foretell(Case(20.0, 1.0, ERRORS), runs=10)
    assert (found.after(0.01)[1] == found.bad).all()


def test_the_limit_is_three_times_what_nearly_all_take_and_never_endless() -> None:
    assert time_limit(np.full(100, 50.0)) == 150.0
    assert time_limit(np.full(100, 1.0)) == SHORTEST_LIMIT
    assert time_limit(np.full(100, math.inf)) == 3 * SPAN


def test_quantiles_are_values_that_were_there() -> None:
    assert quantile([3.0, 1.0, math.inf], 0.5) == 3.0
    assert quantile([1.0, math.inf], 1.0) == math.inf
    assert math.isnan(quantile([], 0.5))


def test_what_is_simulated_is_what_is_declared_and_what_the_operator_does() -> None:
    sections = declared()
    evidence, requirements = sections["rollout"]["evidence"], sections["requirements"]
    assert LOOK == INTERVAL
    assert percent_share(evidence["falseRollback"]) == SETTINGS.false_rollback
    assert percent_share(evidence["budget"]) == SETTINGS.budget
    assert ALLOWED[ERRORS] == pytest.approx(1.0 - percent_share(requirements["availability"]))
    assert [ALLOWED[LATENESS]] == [LATENCY_SHARES[name] for name in requirements["latency"]]

"""The judge against others' implementations: exact distributions of scipy, and the package ville."""

import math

import numpy as np
import pytest
import ville
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tandem.judge import Counts, Rate, states
from tandem.judge.gates import (
    BETS,
    RATIO_WEIGHTS,
    RATIOS,
    WORSE,
    absolute_increment,
    pass_logs,
    pass_stable_increment,
    relative_increment,
)
from tandem.judge.rules import RULES


@pytest.mark.parametrize("counts", [(5, 45, 2, 1), (100, 900, 3, 0), (1, 9, 0, 4), (50, 50, 20, 25)])
@pytest.mark.parametrize("tolerated", [1.0, 1.25])
def test_relative_gate_is_the_splits_likelihood_ratio(counts: tuple[int, int, int, int], tolerated: float) -> None:
    n_c, n_s, x_c, x_s = counts

    def log_chance(ratio: float) -> float:
        share = n_c * ratio / (n_c * ratio + n_s)
        return float(stats.binom.logpmf(x_c, x_c + x_s, share))

    expected = np.array([log_chance(tolerated * ratio) - log_chance(tolerated) for ratio in RATIOS])
    np.testing.assert_allclose(relative_increment(*counts, tolerated), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("n_c", "n_s"), [(5, 45), (30, 30), (1, 9), (9, 1)])
@pytest.mark.parametrize("tolerated", [1.0, 1.25])
def test_its_mean_is_at_most_one_for_every_number_of_bad_ones(n_c: int, n_s: int, tolerated: float) -> None:
    """Exactly: given all bad ones, the candidate's follow Fisher's noncentral hypergeometric distribution."""
    for bad in range(n_c + n_s + 1):
        split = stats.nchypergeom_fisher(n_c + n_s, n_c, bad, tolerated)
        x_c = np.arange(max(0, bad - n_s), min(n_c, bad) + 1)
        e_values = np.exp(relative_increment(n_c, n_s, x_c, bad - x_c, tolerated)) @ RATIO_WEIGHTS
        assert split.pmf(x_c) @ e_values <= 1.0 + 1e-9


@pytest.mark.parametrize("stable_share", [0.0, 0.005, 0.1, 0.5])
@pytest.mark.parametrize("margin", [0.005, 0.05, 0.3])
def test_the_pass_gates_mean_is_at_most_one_at_the_margin(stable_share: float, margin: float) -> None:
    n_c, n_s = 8, 30
    x_c, x_s = np.arange(n_c + 1)[:, None], np.arange(n_s + 1)[None, :]
    logs = pass_logs(n_c - x_c, x_c, pass_stable_increment(n_c, n_s, x_s), margin)
    chance = stats.binom.pmf(x_c, n_c, stable_share + margin) * stats.binom.pmf(x_s, n_s, stable_share)
    means = (chance[..., None] * np.exp(logs)).sum(axis=(0, 1))
    assert means.shape == BETS.shape
    assert np.all(means <= 1.0 + 1e-9)


def test_absolute_gate_is_the_likelihood_ratio_of_its_shares() -> None:
    shares = 0.02 + 0.98 * WORSE
    expected = stats.binom.logpmf(7, 60, shares) - stats.binom.logpmf(7, 60, 0.02)
    np.testing.assert_allclose(absolute_increment(60, 7, 0.02), expected, rtol=1e-9)


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 400).flatmap(lambda total: st.tuples(st.just(total), st.integers(0, total))))
def test_the_rates_interval_is_villes_confidence_sequence(counts: tuple[int, int]) -> None:
    total, bad = counts
    rate = Rate.of(Counts(total, bad))
    sequence = ville.BernoulliCS(alpha=0.05, prior=(0.5, 0.5), intersect=False)
    _, lower, upper = sequence._process(np.repeat([1.0, 0.0], [bad, total - bad]))
    assert (rate.low, rate.high) == pytest.approx((lower[-1], upper[-1]), abs=1e-6)


@pytest.mark.parametrize(("total", "bad"), [(240, 12), (2160, 3), (10, 0), (10, 10), (1, 1)])
def test_it_holds_the_exact_interval_for_a_single_look(total: int, bad: int) -> None:
    rate = Rate.of(Counts(total, bad))
    exact = stats.binomtest(bad, total).proportion_ci(0.95, "exact")
    assert rate.low <= exact.low + 1e-9
    assert rate.high >= exact.high - 1e-9
    assert rate.low <= rate.value <= rate.high


def requests_until(logs: np.ndarray, bound: float) -> float:
    reached = np.flatnonzero(logs >= bound)
    return float(reached[0] + 1) if reached.size else math.inf


def test_the_absolute_gate_finds_what_villes_tests_find_and_as_soon() -> None:
    """The share tolerated is 2 %, the truth is 20 %. Ville's tests know no onset; ours keeps half its stake for one."""
    rng = np.random.default_rng(51)
    ours, mixture, betting = [], [], []
    for _ in range(60):
        requests = (rng.random(300) < 0.2).astype(float)
        state, logs = states.absolute_begin(0.02), []
        for bad in requests:
            state = states.absolute_after(state, np.array([1, int(bad)]), np.array(1.0), RULES.cap)
            logs.append(float(states.absolute_log(state)))
        ours.append(requests_until(np.array(logs), math.log(100)))
        mixture.append(requests_until(ville.BernoulliTest(0.02, alpha=0.01)._process(requests), math.log(100)))
        betting.append(
            requests_until(ville.BettingTest(0.02, alternative="greater", alpha=0.01)._process(requests), math.log(100))
        )
    assert max(ours) < math.inf
    assert np.median(ours) <= 2.0 * np.median(mixture)
    assert np.median(ours) <= np.median(betting)

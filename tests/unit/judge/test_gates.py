"""The statistics against hand-computed vectors, and against the one property that all rests on: mean at most 1."""

import numpy as np
import pytest

from tandem.judge.gates import (
    BETS,
    RATIO_WEIGHTS,
    Array,
    absolute_increment,
    absolute_pass_increment,
    bet_stakes,
    finite_exp,
    log_mean,
    pass_logs,
    pass_stable_increment,
    relative_increment,
)
from tandem.judge.rules import RULES

CAP = RULES.cap
Block = tuple[int, int, int, int]


def relative_e(blocks: list[Block], tolerated: float = 1.0, cap: float = np.inf) -> float:
    increments = [np.minimum(relative_increment(*block, tolerated), cap) for block in blocks]
    return float(np.exp(log_mean(np.sum(increments, axis=0), RATIO_WEIGHTS)))


@pytest.mark.parametrize(
    ("blocks", "tolerated", "cap", "expected"),
    [
        ([(100, 900, 1, 0)], 1.0, np.inf, 5.1687),
        ([(100, 900, 1, 0)] * 3, 1.0, np.inf, 294.97),
        ([(100, 900, 3, 0)], 1.0, np.inf, 294.97),
        ([(100, 900, 3, 0)], 1.0, CAP, 8.9545),
        ([(100, 900, 3, 0)] * 3, 1.0, CAP, 828.04),
        ([(1, 9, 1, 0)], 1.0, np.inf, 5.1687),
        ([(50, 50, 5, 5)], 1.0, np.inf, 0.17595),
        ([(500, 500, 10, 2)], 1.0, np.inf, 8.6020),
        ([(500, 500, 10, 2)], 1.25, np.inf, 3.9851),
    ],
)
def test_relative_gate_vectors(blocks: list[Block], tolerated: float, cap: float, expected: float) -> None:
    assert relative_e(blocks, tolerated, cap) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("bad", "stable_bad", "expected"), [(0, 4, 36.4185), (1, 4, 7.54290), (6, 4, 0.440650)])
def test_pass_gate_vectors(bad: int, stable_bad: int, expected: float) -> None:
    stable = pass_stable_increment(100, 900, stable_bad)
    assert np.exp(log_mean(pass_logs(100 - bad, bad, stable, 0.05))) == pytest.approx(expected, rel=1e-4)


def test_absolute_gate_vector() -> None:
    assert np.exp(log_mean(absolute_increment(2, 2, 0.02))) == pytest.approx(548.17, rel=1e-4)


def test_gates_are_vectorised_over_rollouts() -> None:
    blocks = np.array([[100, 900, 1, 0], [50, 50, 5, 5]])
    together = relative_increment(blocks[:, 0], blocks[:, 1], blocks[:, 2], blocks[:, 3], 1.25)
    assert together.shape == (2, 7)
    np.testing.assert_allclose(together[1], relative_increment(50, 50, 5, 5, 1.25))


def test_no_finite_log_becomes_an_infinite_number() -> None:
    assert np.isfinite(finite_exp(1e9))
    assert finite_exp(-1e9) == 0.0


def standard_errors_above_one(e_values: Array) -> float:
    """How many standard errors the mean of simulated e-values lies above 1."""
    return float((e_values.mean() - 1.0) / (e_values.std(ddof=1) / np.sqrt(len(e_values))))


RUNS = 200_000
"""Runs of a simulation; seeds are fixed, so nothing here fails by chance."""


@pytest.mark.parametrize(("base", "share"), [(0.005, 0.1), (0.1, 0.1), (0.4, 0.5)])
@pytest.mark.parametrize("ratio", [1.0, 1.25])
def test_relative_e_value_has_mean_at_most_one_under_its_null(base: float, share: float, ratio: float) -> None:
    rng = np.random.default_rng(31)
    n_c, n_s = round(60 * share), round(60 * (1 - share))
    logs = np.zeros((RUNS, 7))
    for level in (0.5, 1.0, 2.0):  # both versions drift together from block to block
        x_c = rng.binomial(n_c, min(base * level * ratio, 1.0), RUNS)
        x_s = rng.binomial(n_s, base * level, RUNS)
        logs += relative_increment(n_c, n_s, x_c, x_s, 1.25)
    e_values = np.exp(logs) @ RATIO_WEIGHTS
    assert standard_errors_above_one(e_values) < 3.0


@pytest.mark.parametrize("share", [0.005, 0.05, 0.5])
def test_absolute_e_values_have_mean_at_most_one_at_the_tolerated_share(share: float) -> None:
    rng = np.random.default_rng(32)
    bad = rng.binomial(20, share, RUNS)
    for increment in (absolute_increment, absolute_pass_increment):
        e_values = np.exp(increment(20, bad, share)).mean(axis=1)
        assert standard_errors_above_one(e_values) < 3.0


@pytest.mark.parametrize(("stable_share", "margin"), [(0.005, 0.05), (0.02, 0.01), (0.2, 0.1)])
def test_pass_e_value_has_mean_at_most_one_when_the_candidate_is_worse_by_the_margin(
    stable_share: float, margin: float
) -> None:
    rng = np.random.default_rng(33)
    good, bad, stable = np.zeros(RUNS), np.zeros(RUNS), np.zeros((RUNS, len(BETS)))
    for n_c, n_s in ((5, 45), (20, 30), (1, 60)):
        x_c = rng.binomial(n_c, stable_share + margin, RUNS)
        good, bad = good + n_c - x_c, bad + x_c
        stable = stable + pass_stable_increment(n_c, n_s, rng.binomial(n_s, stable_share, RUNS))
    e_values = np.exp(pass_logs(good, bad, stable, margin))
    assert standard_errors_above_one(e_values.mean(axis=1)) < 3.0
    for wrong in (0.1, 1.0, 10.0):  # a stake that knows stable's share, and ones that are mistaken about it
        stakes = bet_stakes(stable_share * wrong, margin, 0.2, 0.75)
        assert standard_errors_above_one(e_values @ stakes) < 3.0


class TestBetStakes:
    @pytest.mark.parametrize("favoured", [0.0, 0.5, 0.75])
    def test_they_are_one_stake_of_which_every_bet_gets_some(self, favoured: float) -> None:
        shares, margins = np.meshgrid([1e-6, 0.005, 0.3, 0.99], [1e-4, 0.01, 0.5])
        stakes = bet_stakes(shares, margins, 1.0, favoured)
        np.testing.assert_allclose(stakes.sum(axis=-1), 1.0)
        assert stakes.min() == pytest.approx((1.0 - favoured) / len(BETS))

    @pytest.mark.parametrize(("share", "margin", "best"), [(1e-6, 0.01, 0.95), (0.01, 0.005, 0.2), (0.3, 0.001, 0.05)])
    def test_the_rarer_bad_answers_are_the_bolder_it_is(self, share: float, margin: float, best: float) -> None:
        assert BETS[bet_stakes(share, margin, 1.0, 0.75).argmax()] == best

    def test_what_it_favours_grows_fastest_where_both_are_as_good_as_foreseen(self) -> None:
        rng = np.random.default_rng(34)
        bad, stable_bad = rng.binomial(10**7, 0.01), rng.binomial(10**7, 0.01)
        logs = pass_logs(10**7 - bad, bad, pass_stable_increment(10**7, 10**7, stable_bad), 0.005)
        assert logs.argmax() == bet_stakes(0.01, 0.005, 1.0, 0.75).argmax()

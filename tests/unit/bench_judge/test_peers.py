"""The rules of others, on sequences made by hand."""

from statistics import NormalDist

import numpy as np
import pytest

from bench.judge.peers import ArgoRollouts, Flagger, Kayenta, Tuned, tuned
from bench.judge.traffic import Answers, Case, Floats, Span, Traffic
from bench.judge.windows import Decisions, Windows, first_window, served_bad

GOOD, BAD, SLOW, EMPTY = (100, 0, 0), (100, 2, 0), (100, 0, 6), (0, 0, 0)
"""Requests, errors and slow answers of a window: within 99 % and 95 %, or not."""

NEVER = float("inf")


def windows(rows: list[tuple[int, int, int]], seconds: float = 60.0) -> Windows:
    counts = np.array(rows)[:, None, :]
    return Windows(seconds, Answers(counts[..., 0], counts[..., 1:], counts[..., 0], 0 * counts[..., 1:]))


@pytest.mark.parametrize(
    ("rows", "seconds", "promoted"),
    [
        pytest.param([BAD] * 20, 300.0, False, id="five failed checks"),
        pytest.param([GOOD, BAD] * 10, 600.0, False, id="failed checks are never reset"),
        pytest.param([BAD] * 4 + [GOOD] * 16, NEVER, True, id="four are not enough"),
        pytest.param([GOOD] * 11 + [BAD] * 9, NEVER, True, id="promoted after eleven"),
        pytest.param([GOOD] * 10 + [BAD] * 9, 900.0, False, id="not promoted before"),
        pytest.param([SLOW, SLOW, BAD, SLOW, BAD] + [GOOD] * 15, 300.0, False, id="either metric fails a check"),
        pytest.param([EMPTY] * 20, 300.0, False, id="no requests: failed"),
    ],
)
def test_flagger(rows: list[tuple[int, int, int]], seconds: float, promoted: bool) -> None:
    decided = Flagger("it", 60.0).decide(windows(rows))
    assert (decided.seconds[0], decided.promoted[0]) == (seconds, promoted)


@pytest.mark.parametrize(
    ("rows", "limit", "seconds", "promoted"),
    [
        pytest.param([GOOD] * 3 + [SLOW] * 7, 0, 240.0, False, id="the first failure"),
        pytest.param([GOOD] * 10 + [SLOW] * 10, 0, NEVER, True, id="not after its count"),
        pytest.param([BAD] * 20, 0, NEVER, True, id="two errors in a hundred are within 95 %"),
        pytest.param([GOOD, EMPTY] * 10, 0, 120.0, False, id="NaN fails"),
        pytest.param([SLOW] * 10, 3, 240.0, False, id="one more than the limit"),
        pytest.param([SLOW, (100, 6, 0)] * 3 + [GOOD] * 4, 3, NEVER, True, id="metrics count apart"),
    ],
)
def test_argo_rollouts(rows: list[tuple[int, int, int]], limit: int, seconds: float, promoted: bool) -> None:
    decided = ArgoRollouts("it", 60.0, limit=limit).decide(windows(rows))
    assert (decided.seconds[0], decided.promoted[0]) == (seconds, promoted)


def test_longer_intervals_sum_the_windows() -> None:
    tens = windows([(1, 0, 0)] * 5 + [(1, 1, 0)] + [(10, 0, 0)] * 6, seconds=10.0)
    assert ArgoRollouts("it", 60.0).decide(tens).seconds[0] == 60.0
    assert ArgoRollouts("it", 10.0, count=5).decide(tens).seconds[0] == NEVER


def column(values: list[float]) -> Floats:
    return np.array(values)[:, None, None]


@pytest.mark.parametrize(
    ("candidate", "stable", "high"),
    [
        pytest.param([0.05 + i / 1000 for i in range(10)], [i / 10000 for i in range(10)], True, id="clearly worse"),
        pytest.param([i / 10000 for i in range(10)], [0.05 + i / 1000 for i in range(10)], False, id="better"),
        pytest.param([0.0] * 10, [0.0] * 10, False, id="nothing but zeros"),
        pytest.param([1.0] * 5 + [float("nan")] * 5, [0.0] * 10, True, id="empty minutes are left out"),
        pytest.param([1.0] + [float("nan")] * 9, [0.0] * 10, False, id="one minute is too few"),
        pytest.param([float("nan")] * 10, [0.0] * 10, False, id="no minute at all"),
    ],
)
def test_kayenta(candidate: list[float], stable: list[float], high: bool) -> None:
    assert Kayenta("it").high(column(candidate), column(stable)).tolist() == [[high]]


def test_kayenta_without_tolerance_is_the_mann_whitney_test() -> None:
    random = np.random.default_rng(7)
    candidate, stable = random.normal(0.8, 1, (12, 300, 1)), random.normal(0, 1, (10, 300, 1))
    found = Kayenta("it", tolerance=0.0).high(candidate, stable)[:, 0]
    wins = (candidate[:, None, :, 0] > stable[None, :, :, 0]).sum(axis=(0, 1))
    normal = NormalDist(12 * 10 / 2 + 0.5, (12 * 10 * (12 + 10 + 1) / 12) ** 0.5)
    assert 50 < found.sum() < 250
    assert found.tolist() == [normal.cdf(float(won)) > 0.99 for won in wins]


def test_tuned_rules_alarm_in_at_most_the_share_asked_for() -> None:
    span = Span(1800.0, 10.0)
    healthy = Windows.of(Traffic(Case(10.0), span, 300).answers(slice(None)), span)
    rules = tuned(healthy, 0.01)
    assert len(rules) == 4
    for rule in rules:
        assert rule.decide(healthy).share <= 0.01
        one_less = Tuned(rule.name, rule.interval, rule.success, rule.threshold - 1)
        assert one_less.decide(healthy).share > 0.01


def test_tuned_rules_ignore_empty_windows() -> None:
    rows = [EMPTY, BAD, EMPTY, BAD] + [GOOD] * 4
    assert Tuned("it", 60.0, 0.99, 2).decide(windows(rows)).seconds[0] == 240.0


def test_bad_responses_are_counted_up_to_the_look_that_decides() -> None:
    span = Span(10.0, 2.0)
    bad = np.array([[[1, 0]], [[2, 0]], [[4, 0]], [[8, 0]], [[16, 5]]])
    answers = Answers(np.full((5, 1), 20), bad, np.full((5, 1), 20), bad)
    no = np.zeros(1, dtype=bool)
    for seconds, served in ((2.0, 1), (6.0, 7), (NEVER, 31)):
        assert served_bad(answers, span, Decisions(np.array([seconds]), no), 0)[0] == served
    assert served_bad(answers, span, Decisions(np.array([NEVER]), no), 1)[0] == 5


def test_windows_must_divide_the_span() -> None:
    with pytest.raises(ValueError, match="choose a length that divides them"):
        windows([GOOD] * 5).every(120.0)


def test_the_first_window_that_is_flagged_ends_when_it_ends() -> None:
    flags = np.array([[False, False], [True, False], [True, False]])
    assert first_window(flags, 10.0).tolist() == [20.0, NEVER]

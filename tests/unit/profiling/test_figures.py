"""Percentiles, and how many callers are tried next."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.api.profile import LoadPoint
from tandem.profiling.figures import Load, broken, load_point, next_callers, quantile


def point(callers: int, latency: float = 0.1, rate: float = 100.0, errors: int = 0) -> LoadPoint:
    return load_point(Load(callers, [latency] * (100 - errors), errors, rate), gave_up=9.0)


@pytest.mark.parametrize(
    ("values", "share", "found"),
    [
        ([1.0], 0.99, 1.0),
        ([1.0, 2.0], 0.5, 1.0),
        ([1.0, 2.0, 3.0, 4.0], 0.5, 2.0),
        ([float(n) for n in range(1, 101)], 0.99, 99.0),
        ([float(n) for n in range(1, 101)], 0.95, 95.0),
        ([1.0, 2.0, 3.0], 0.0, 1.0),
    ],
)
def test_a_quantile_is_one_of_the_values(values: list[float], share: float, found: float) -> None:
    assert quantile(values, share) == found


@given(st.lists(st.floats(0, 10), min_size=1), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_at_least_that_share_does_not_exceed_a_quantile(values: list[float], share: float) -> None:
    found = quantile(sorted(values), share)
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9


def test_of_no_values_there_is_no_quantile() -> None:
    with pytest.raises(ValueError, match="no quantiles"):
        quantile([], 0.5)


def test_a_point_has_three_digits_and_counts_failures_apart() -> None:
    found = load_point(Load(2, [0.123456, 0.2], 1, 12.3456, 0.98765), gave_up=9.0)
    assert (found.requests, found.errors, found.requests_per_second, found.cpu) == (3, 1, 12.3, 0.988)
    assert (found.p50, found.p99) == (0.123, 0.2)


def test_where_nothing_did_well_the_latency_is_when_it_was_given_up() -> None:
    found = load_point(Load(4, [], 8, 0.0), gave_up=9.0)
    assert (found.p50, found.requests, found.errors) == (9.0, 8, 8)


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (point(1, 0.1), None),
        (point(1, 0.15), None),
        (point(1, 0.2), "p99 was 200 ms, 150 ms is the objective"),
        (point(1, 0.1, errors=1), None),
        (point(1, 0.1, errors=2), "2 of 100 requests failed"),
    ],
)
def test_what_breaks(found: LoadPoint, why: str | None) -> None:
    assert broken(found, {"p99": 0.15}) == why


def tried(breaks_at: int, most: int = 64) -> list[int]:
    """Return the numbers of callers that are tried of a bento that is too slow from so many on."""
    points: list[LoadPoint] = []
    while (callers := next_callers(points, {"p99": 0.15}, most)) is not None:
        points.append(point(callers, 0.2 if callers >= breaks_at else 0.1, rate=10.0 * callers))
    return [each.concurrency for each in points]


@pytest.mark.parametrize(
    ("breaks_at", "callers"),
    [
        (1, [1]),
        (2, [1, 2]),
        (3, [1, 2, 4, 3]),
        (4, [1, 2, 4, 3]),
        (6, [1, 2, 4, 8, 6, 5]),
        (7, [1, 2, 4, 8, 6, 7]),
        (8, [1, 2, 4, 8, 6, 7]),
        (20, [1, 2, 4, 8, 16, 32, 24, 20]),
        (1000, [1, 2, 4, 8, 16, 32, 64]),
    ],
)
def test_callers_double_until_it_breaks_and_then_close_in(breaks_at: int, callers: list[int]) -> None:
    assert tried(breaks_at) == callers


@given(st.integers(1, 600), st.integers(1, 512))
def test_it_always_ends_and_never_tries_a_number_twice(breaks_at: int, most: int) -> None:
    callers = tried(breaks_at, most)
    assert len(callers) == len(set(callers)) <= 12
    assert all(number <= max(most, 1) for number in callers)


def test_without_an_objective_it_goes_on_while_throughput_rises() -> None:
    rates = {1: 100.0, 2: 190.0, 4: 300.0, 8: 302.0, 16: 301.0, 32: 300.0}
    points: list[LoadPoint] = []
    while (callers := next_callers(points, {}, 64)) is not None:
        points.append(point(callers, rate=rates[callers]))
    assert [each.concurrency for each in points] == [1, 2, 4, 8, 16]

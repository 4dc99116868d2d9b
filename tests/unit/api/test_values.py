"""Durations, percentages and amounts, as people write them."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.api.values import DURATION_PATTERN, duration_seconds, percent_share, quantity_amount


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("150ms", 0.15), ("30s", 30), ("5m", 300), ("1h30m", 5400), ("1d", 86400), ("1m500ms", 60.5), ("0s", 0)],
)
def test_durations(written: str, seconds: float) -> None:
    assert duration_seconds(written) == seconds


@pytest.mark.parametrize("written", ["150", "ms", "", "1.5s", "-1s", "1 s", "1y", "1s "])
def test_what_is_no_duration(written: str) -> None:
    with pytest.raises(ValueError, match="needs a number and a unit"):
        duration_seconds(written)


@given(st.lists(st.tuples(st.integers(0, 999), st.sampled_from(["ms", "s", "m", "h", "d"])), min_size=1, max_size=5))
def test_a_duration_is_the_sum_of_its_parts(parts: list[tuple[int, str]]) -> None:
    written = "".join(f"{number}{unit}" for number, unit in parts)
    assert re.fullmatch(DURATION_PATTERN, written)
    assert duration_seconds(written) == pytest.approx(sum(duration_seconds(f"{n}{unit}") for n, unit in parts))


@pytest.mark.parametrize(("written", "share"), [("99.9%", 0.999), ("100%", 1), ("0%", 0), ("0.5%", 0.005)])
def test_percentages(written: str, share: float) -> None:
    assert percent_share(written) == share


@pytest.mark.parametrize("written", ["99.9", "101%", "-1%", "100.1%", "%", "1 %"])
def test_what_is_no_percentage(written: str) -> None:
    with pytest.raises(ValueError, match="between 0% and 100%"):
        percent_share(written)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", 1),
        ("500m", "0.5"),
        ("1Gi", "1024Mi"),
        ("1G", "1000M"),
        ("1e3", "1k"),
        ("1E3", 1000),
        ("1000u", "1m"),
        (0.5, "500m"),
    ],
)
def test_equal_amounts_compare_equal(one: str | float, other: str | float) -> None:
    assert quantity_amount(one) == quantity_amount(other)


@pytest.mark.parametrize(
    ("written", "amount"), [("1E", 10**18), ("1Ei", 2**60), ("100n", Decimal("1e-7")), (".5", 0.5)]
)
def test_amounts(written: str, amount: Decimal | float) -> None:
    assert quantity_amount(written) == Decimal(str(amount))


@pytest.mark.parametrize("written", ["1GB", "-1", "", "Gi", "1 Gi", "1.2.3"])
def test_what_is_no_amount(written: str) -> None:
    with pytest.raises(ValueError, match="a number with an optional suffix"):
        quantity_amount(written)

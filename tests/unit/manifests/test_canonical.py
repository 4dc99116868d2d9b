import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.api.values import quantity_amount
from tandem.manifests.canonical import identity, quantity, seconds, unordered
from tandem.manifests.text import from_yaml, to_yaml


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("500m", "500m"),
        ("0.5", "500m"),
        (".5", "500m"),
        ("1000m", "1"),
        (2, "2"),
        ("2.0", "2"),
        ("1Gi", "1Gi"),
        ("1024Mi", "1Gi"),
        ("1073741824", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("512M", "512M"),
        ("1e3", "1k"),
        ("0", "0"),
        ("0.1m", "1m"),
        ("0.0001", "1m"),
    ],
)
def test_quantities_have_one_notation(written: str | int, canonical: str) -> None:
    assert quantity(written) == canonical


@given(st.decimals(min_value="0.001", max_value=10**15, places=3))
def test_the_notation_keeps_the_amount(amount: object) -> None:
    written = f"{amount:f}"
    assert quantity_amount(quantity(written)) == quantity_amount(written)
    assert quantity(quantity(written)) == quantity(written)


@pytest.mark.parametrize(
    ("written", "value"), [("60s", 60), ("1m", 60), ("150ms", 0.15), ("1h30m", 5400), ("1d", 86400)]
)
def test_durations_are_seconds(written: str, value: float) -> None:
    assert seconds(written) == value
    assert type(seconds(written)) is type(value)


def test_true_is_not_one_but_one_is_one_point_zero() -> None:
    assert identity({"a": True}) != identity({"a": 1})
    assert identity({"a": 1.0, "b": 2}) == identity({"b": 2, "a": 1})
    assert identity("1") != identity(1)


def test_the_order_of_unordered_lists_is_their_own() -> None:
    assert unordered([{"key": "b"}, {"key": "a"}]) == unordered([{"key": "a"}, {"key": "b"}])


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(_VALUES)
def test_whatever_people_declare_comes_back_from_yaml_as_it_was(value: object) -> None:
    assert identity(from_yaml(to_yaml(value))) == identity(value)

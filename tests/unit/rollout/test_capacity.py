"""Weight and pods: no pod of the candidate has more to do than a pod of stable has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.rollout.capacity import carried_weight, pods_for


@pytest.mark.parametrize(
    ("weight", "size", "pods"),
    [(0, 4, 0), (1, 4, 1), (10, 4, 1), (20, 4, 1), (21, 4, 2), (50, 4, 4), (90, 4, 4), (100, 4, 4), (50, 1, 1)],
)  # fmt: skip
def test_pods_for_a_weight(weight: int, size: int, pods: int) -> None:
    assert pods_for(weight, size) == pods


@pytest.mark.parametrize(
    ("ready", "size", "weight"), [(0, 4, 0), (-1, 4, 0), (1, 4, 20), (2, 4, 33), (3, 4, 42), (4, 4, 100), (9, 4, 100)]
)
def test_weight_of_ready_pods(ready: int, size: int, weight: int) -> None:
    assert carried_weight(ready, size) == weight


@given(weight=st.integers(1, 100), size=st.integers(1, 1000))
def test_the_pods_for_a_weight_carry_it_and_one_less_does_not(weight: int, size: int) -> None:
    needed = pods_for(weight, size)
    assert 1 <= needed <= size
    assert carried_weight(needed, size) >= weight
    assert carried_weight(needed - 1, size) < weight


@given(ready=st.integers(1, 999), size=st.integers(1, 1000))
def test_no_pod_of_the_candidate_has_more_to_do_than_one_of_stable(ready: int, size: int) -> None:
    weight = carried_weight(ready, size)
    if weight < 100:
        assert weight / ready <= (100 - weight) / size

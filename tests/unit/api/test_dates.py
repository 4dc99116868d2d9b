"""Time spans as people declare them, and moments that are reckoned from them."""

from datetime import UTC, datetime, timedelta

import pytest

from tandem.api.dates import time_span
from tandem.api.values import duration_seconds


@pytest.mark.parametrize(
    ("declared", "days"),
    [("30m", 1 / 48), ("365d", 365), ("3650d", 3650), ("99999999h", 3650), ("9999999999999999999999999999999d", 3650)],
)
def test_a_time_span_of_any_length_can_be_added_to_a_moment(declared: str, days: float) -> None:
    span = time_span(duration_seconds(declared))
    assert span == timedelta(days=days)
    assert datetime(2026, 3, 1, tzinfo=UTC) + span > datetime(2026, 3, 1, tzinfo=UTC)

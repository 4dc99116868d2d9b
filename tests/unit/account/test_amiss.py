"""What is told of as wrong, from conditions."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tandem.account.amiss import _conditions
from tandem.api.status import Condition


@pytest.mark.parametrize(("status", "expected"), [("True", []), ("False", ["not OperationallyReady"])])
def test_that_production_is_provided_for_is_nothing_wrong(status: Any, expected: list[str]) -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    condition = Condition(
        type="OperationallyReady",
        status=status,
        reason="Checks",
        message="0 errors",
        last_transition_time=now,
        observed_generation=1,
    )
    assert [each.type for each in _conditions([condition])] == expected

"""A status is written at once where it matters, a little later where it does not, and never for nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from tandem.api.revision import ModelRevisionStatus
from tandem.api.status import Condition, ModelDeploymentStatus
from tandem.controller.writing import DETAILS_EVERY, deployment_due, revision_due

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
JUST_NOW = NOW - timedelta(seconds=2)


def status(phase: str = "Serving", message: str = "r1 serves") -> ModelDeploymentStatus:
    condition = Condition(
        type="Ready",
        status="True",
        reason="Serving",
        message=message,
        last_transition_time=NOW,
        observed_generation=1,
    )
    return ModelDeploymentStatus(phase=phase, conditions=[condition])


def record(phase: str = "Serving", ready: int = 1) -> ModelRevisionStatus:
    return ModelRevisionStatus.model_validate({"phase": phase, "readyReplicas": ready})


def test_what_was_said_before_is_not_written() -> None:
    assert deployment_due(status(), status(), None, NOW) is None
    assert revision_due(record(), record(), None, NOW) is None


def test_what_matters_is_written_at_once() -> None:
    assert deployment_due(status("Starting"), status(), JUST_NOW, NOW) == 0
    assert revision_due(record("Candidate"), record(), JUST_NOW, NOW) == 0


def test_details_wait_until_some_seconds_after_the_last_write_and_are_not_forgotten() -> None:
    assert deployment_due(status(message="r1 is about to serve"), status(), JUST_NOW, NOW) == 3
    assert revision_due(record(ready=0), record(), JUST_NOW, NOW) == 3


@pytest.mark.parametrize("written", [None, NOW - DETAILS_EVERY, NOW - timedelta(hours=1)])
def test_details_are_written_when_the_last_write_is_long_ago(written: datetime | None) -> None:
    assert deployment_due(status(message="r1 is about to serve"), status(), written, NOW) == 0
    assert revision_due(record(ready=0), record(), written, NOW) == 0

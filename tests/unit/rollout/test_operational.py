"""OperationallyReady: told of what the checks find, and never a reason to do anything else."""

from typing import Any

import pytest

from tandem.api.status import ReadinessFinding
from tests.unit.rollout.situations import canary, decided, sent_back, serving, watching
from tests.unit.rollout.world import World


def finding(check: str = "TDM008", severity: str = "Error", **more: Any) -> ReadinessFinding:
    told = {
        "outcome": "Fail",
        "side": "Both",
        "message": "no availability objective is declared",
        "fix": "Agree on one.",
    }
    return ReadinessFinding.model_validate({"check": check, "severity": severity, **told, **more})


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        pytest.param((), ("True", "ChecksPass", "0 errors, 0 warnings, 0 waived"), id="all-pass"),
        pytest.param(
            (finding(),), ("False", "ChecksFail", "1 errors, 0 warnings, 0 waived: TDM008: no avail"), id="error"
        ),
        pytest.param((finding(outcome="Unknown"),), ("False", "ChecksFail", "1 errors"), id="unknown-is-no-pass"),
        pytest.param((finding(severity="Warning"),), ("True", "ChecksPass", "0 errors, 1 warnings"), id="warning"),
        pytest.param(
            (finding(waivedUntil="2027-01-01"),), ("True", "ChecksPass", "0 errors, 0 warnings, 1"), id="waived"
        ),
        pytest.param(
            tuple(finding(f"TDM{n:03}") for n in range(7)),
            ("False", "ChecksFail", "and 2 more, see status.r"),
            id="many",
        ),
    ],
)
def test_the_condition_counts_errors_that_no_waiver_covers(
    findings: tuple[ReadinessFinding, ...], expected: tuple[str, str, str]
) -> None:
    world = serving()
    world.readiness = findings
    status = decided(world).decision.status
    (condition,) = [each for each in status.conditions or [] if each.type == "OperationallyReady"]
    assert (condition.status, condition.reason) == expected[:2] and expected[2] in condition.message
    assert status.readiness == list(findings)


def test_before_anybody_has_looked_there_is_no_condition() -> None:
    status = decided(serving()).decision.status
    assert status.readiness is None
    assert not [each for each in status.conditions or [] if each.type == "OperationallyReady"]


@pytest.mark.parametrize("situation", [serving, canary, watching, sent_back])
def test_what_the_checks_find_changes_nothing_else(situation: Any) -> None:
    def outcome(readiness: tuple[ReadinessFinding, ...] | None) -> tuple[Any, ...]:
        world: World = situation()
        world.readiness = readiness
        made = decided(world).decision
        status = made.status.with_changes(
            readiness=None,
            conditions=[each for each in made.status.conditions or [] if each.type != "OperationallyReady"],
        )
        return status, made.desired, made.happenings, made.wake_after, dict(made.revisions)

    assert outcome((finding(),)) == outcome(None) == outcome(())

"""The versions that are tried fail on what they are said to fail on, and answers are told apart."""

import json

import pytest

from bench.canary.plan import ERRORS, LATENESS, Bad, declared, failing_share, failing_version, slots_for, slow_version
from bentos.digits import data
from bentos.digits.tallying.tally import VARIABLE, InkTally
from dev.traffic.outcomes import Outcome
from dev.traffic.rows import Row
from tandem.api.spec import ModelDeploymentSpec


def row(ink: int) -> Row:
    return Row("/predict", json.dumps({"pixels": [ink - 1.0, 1.0]}).encode(), {})


ROWS = [row(ink) for ink in range(1, 101)]


@pytest.mark.parametrize("percent", [0, 2, 5, 20, 100])
def test_a_table_of_the_right_size_fails_on_the_share_asked_for(percent: int) -> None:
    bad = failing_version(20.0, percent / 100, ROWS)
    assert bad.share == percent / 100
    assert bad.slots is not None
    assert bad.model == {"env": [{"name": VARIABLE, "value": str(bad.slots)}]}
    assert bad.version == "tallying"


def test_where_ink_does_not_allow_the_share_the_nearest_is_taken_and_said() -> None:
    rows = [row(5)] * 10 + [row(9)] * 3
    bad = failing_version(20.0, 0.05, rows)
    assert bad.share == 0.0
    assert failing_version(20.0, 0.2, rows).share == pytest.approx(3 / 13)


def test_the_version_fails_on_the_held_out_scans_that_were_counted_on() -> None:
    _, held_out = data.load()
    rows = [Row("/predict", json.dumps({"pixels": pixels.tolist()}).encode(), {}) for pixels in held_out.pixels]
    for share in (0.02, 0.05, 0.2, 1.0):
        slots = slots_for(rows, share)
        failed = 0
        for pixels in held_out.pixels:
            try:
                InkTally(slots).add(pixels)
            except IndexError:
                failed += 1
        assert failed / len(rows) == failing_share(rows, slots) == pytest.approx(share, abs=0.005)


FAILING = Bad(20.0, 0.2, ERRORS, 345)
SLOW = slow_version(20.0)


@pytest.mark.parametrize(
    ("bad", "outcome", "is_bad", "is_lost"),
    [
        pytest.param(FAILING, Outcome(0, 0.1, "ok", "tallying", 200), False, False, id="a good answer"),
        pytest.param(FAILING, Outcome(0, 0.1, "server_error", "tallying", 500), True, False, id="its own failure"),
        pytest.param(FAILING, Outcome(0, 0.1, "wrong", "tallying", 200), False, True, id="a wrong answer of its"),
        pytest.param(FAILING, Outcome(0, 0.1, "server_error", "better", 500), False, True, id="stable's failure"),
        pytest.param(FAILING, Outcome(0, 0.1, "server_error", "?", 503), False, True, id="the gateway's failure"),
        pytest.param(FAILING, Outcome(0, 9.9, "timeout"), False, True, id="no answer"),
        pytest.param(SLOW, Outcome(0, 1.2, "ok", "slow", 200), True, False, id="late"),
        pytest.param(SLOW, Outcome(0, 0.2, "ok", "slow", 200), False, False, id="in time"),
        pytest.param(SLOW, Outcome(0, 1.2, "ok", "better", 200), False, False, id="stable's late answer"),
        pytest.param(SLOW, Outcome(0, 0.2, "server_error", "slow", 500), False, True, id="the slow one fails"),
    ],
)
def test_a_bad_answer_is_the_versions_own_and_everything_else_is_lost(
    bad: Bad, outcome: Outcome, is_bad: bool, is_lost: bool
) -> None:
    assert (bad.is_bad(outcome), bad.is_lost(outcome)) == (is_bad, is_lost)


def test_the_slow_version_is_bad_by_lateness_and_leaves_no_variable_behind() -> None:
    assert (SLOW.version, SLOW.metric, SLOW.model) == ("slow", LATENESS, {"env": None})


def test_the_declaration_is_one_that_the_api_takes() -> None:
    gateway = {"gateway": {"parentRefs": [{"name": "public"}], "path": "/digits"}}
    owners = {"engineering": {"team": "forms", "contact": "forms@example.com"}}
    spec = ModelDeploymentSpec.model_validate(
        {"owners": owners, "model": {"image": "digits:1", "service": "Digits"}, "traffic": gateway, **declared()}
    )
    assert [(step.weight, step.hold) for step in spec.rollout.steps] == [(10, "30s"), (50, "10s")]
    assert (spec.rollout.evidence.false_rollback, spec.rollout.evidence.budget) == ("1%", "0.5%")
    assert spec.requirements.latency is not None
    assert spec.requirements.latency.p99 == "750ms"

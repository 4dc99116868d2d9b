"""A candidate with all the weight is judged by itself, whatever stable answered in that step, or still answers."""

from dataclasses import replace
from typing import Any

import pytest

from tandem.api.objects import ModelDeployment, parse_deployment
from tandem.controller.exhibits import Exhibit, Subject, begin, settings_of, subject_of
from tandem.controller.restored import restore
from tandem.judge import Counts, VerdictKind
from tandem.signals import Ledger

SINCE = "2026-03-01T12:00:00Z"
R1, R2 = "fraud-r1", "fraud-r2"


def rolling(step: int, weight: int, since: str | None = SINCE) -> ModelDeployment:
    spec: dict[str, Any] = {
        "owners": {"engineering": {"team": "payments", "contact": "payments@example.com"}},
        "model": {"image": "fraud:2"},
        "rollout": {"steps": [{"weight": 10}, {"weight": 100}]},
    }
    candidate: dict[str, Any] = {
        "revision": R2,
        "attempt": 1,
        "since": SINCE,
        "size": 1,
        "step": step,
        "weight": weight,
    }
    if since is not None:
        candidate["weightSince"] = since
    status = {"stable": {"revision": R1, "since": SINCE}, "candidate": candidate}
    return parse_deployment({"metadata": {"name": "fraud"}, "spec": spec, "status": status})


def subject(step: int, weight: int, since: str | None = SINCE) -> Subject:
    found = subject_of(rolling(step, weight, since))
    assert found is not None
    return found


def answered(exhibit: Exhibit, looks: int, candidate: Counts, stable: Counts) -> Exhibit:
    for _ in range(looks):
        exhibit = exhibit.after({R2: {"errors": candidate}, R1: {"errors": stable}})
    return exhibit


def at_everything() -> Exhibit:
    """The second step has begun at the weight of the first; then the gateway has accepted its own."""
    exhibit = begin(subject(0, 10), rolling(0, 10))
    exhibit = answered(exhibit, 60, Counts(5, 0), Counts(45, 0))
    exhibit = answered(exhibit.at(subject(1, 10)), 3, Counts(5, 0), Counts(45, 0))
    return exhibit.at(subject(1, 100))


@pytest.mark.parametrize(
    ("bad", "looks", "kind"),
    [(0, 40, VerdictKind.ADVANCE), (3, 40, VerdictKind.ROLL_BACK), (25, 8, VerdictKind.ROLL_BACK)],
)
def test_it_is_judged_though_stable_has_answered(bad: int, looks: int, kind: VerdictKind) -> None:
    exhibit = answered(at_everything(), 1, Counts(50, 0), Counts(2, 0))  # two were on their way
    exhibit = answered(exhibit, looks, Counts(50, bad), Counts(0, 0))
    found = exhibit.verdict(settings_of(rolling(1, 100), subject(1, 100)))
    assert found.kind is kind
    assert found.stable.total == 0


@pytest.mark.parametrize(
    ("step", "weight", "since", "alone"),
    [(0, 10, SINCE, False), (1, 10, SINCE, False), (1, 100, None, False), (1, 100, SINCE, True)],
)
def test_it_is_alone_once_the_gateway_has_accepted_that(step: int, weight: int, since: str | None, alone: bool) -> None:
    assert subject(step, weight, since).alone is alone


def test_it_is_compared_again_when_lost_pods_lower_its_weight() -> None:
    exhibit = answered(at_everything(), 10, Counts(50, 0), Counts(0, 0)).at(subject(1, 33))
    exhibit = answered(exhibit, 20, Counts(17, 9), Counts(33, 0))
    found = exhibit.verdict(settings_of(rolling(1, 33), subject(1, 33)))
    assert found.kind is VerdictKind.ROLL_BACK
    assert found.stable.total > 0


def test_a_restart_of_the_operator_begins_nothing_anew() -> None:
    exhibit = answered(at_everything(), 10, Counts(50, 0), Counts(0, 0))
    found = restore(exhibit.to_dict(Ledger()), subject(1, 100), rolling(1, 100), 1).exhibit
    assert found is not None
    assert found.at(subject(1, 100)) == exhibit


def test_evidence_of_an_older_tandem_is_that_of_a_comparison() -> None:
    exhibit = answered(begin(subject(0, 10), rolling(0, 10)), 10, Counts(5, 0), Counts(45, 0))
    stored = {name: value for name, value in exhibit.to_dict(Ledger()).items() if name != "alone"}
    assert restore(stored, subject(0, 10), rolling(0, 10), 1).exhibit == replace(exhibit, subject=subject(0, 10))

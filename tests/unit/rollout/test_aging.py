"""Stale and ReviewDue: on the day, not before, and without any other effect."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tandem.api.dates import day
from tandem.api.objects import ModelDeployment, parse_deployment
from tandem.readiness import Facts, ProfileRead, examine
from tandem.rollout.aging import aged, seconds_until_older
from tandem.rollout.decide import decide
from tests.unit.rollout.situations import canary, sent_back, serving, watching

BOTH = {
    "dataScience": {"team": "risk-models", "contact": "risk-models@example.com"},
    "engineering": {"team": "payments-platform", "contact": "#payments"},
}
MODEL = {"model": {"image": "fraud:2", "trained": "2026-01-15"}, "requirements": {"maxAge": "180d"}}
"""May be used until the end of 14 July 2026."""
REVIEW = {"model": {"image": "fraud:2"}, "reviewBy": "2026-07-14"}


def deployment(**spec: Any) -> ModelDeployment:
    meta = {"name": "fraud", "namespace": "payments"}
    return parse_deployment({"metadata": meta, "spec": {"owners": BOTH, "model": {"image": "fraud:2"}, **spec}})


def waived(check: str, until: str) -> dict[str, Any]:
    return {"waivers": [{"check": check, "reason": "no new labels before autumn", "until": until}]}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("spec", "now", "types", "seconds"),
    [
        pytest.param({}, "2026-07-15", set(), None, id="nothing-declared"),
        pytest.param(MODEL, "2026-07-14 23:59:59", set(), 1.0, id="last-second"),
        pytest.param(MODEL, "2026-07-15 00:00:00", {"Stale"}, None, id="first-second"),
        pytest.param(MODEL, "2026-07-13 12:00:00", set(), 36 * 3600.0, id="the-day-before"),
        pytest.param({"model": MODEL["model"]}, "2030-01-01", set(), None, id="no-largest-age"),
        pytest.param({"requirements": {"maxAge": "1d"}}, "2030-01-01", set(), None, id="not-said-when-trained"),
        pytest.param(
            {**MODEL, "requirements": {"maxAge": "36h"}}, "2026-01-17", {"Stale"}, None, id="age-in-hours-two-days-on"
        ),
        pytest.param({**MODEL, "requirements": {"maxAge": "36h"}}, "2026-01-16", set(), 86400.0, id="age-in-hours"),
        pytest.param({**MODEL, "requirements": {"maxAge": "9999999d"}}, "2030-01-01", set(), None, id="for-ever"),
        pytest.param(REVIEW, "2026-07-14 23:59:59", set(), 1.0, id="review-last-second"),
        pytest.param(REVIEW, "2026-07-15", {"ReviewDue"}, None, id="review-due"),
        pytest.param({"reviewBy": "9999-12-31"}, "2026-07-15", set(), None, id="review-never"),
        pytest.param({**MODEL, "reviewBy": "2026-07-14"}, "2026-07-15", {"Stale", "ReviewDue"}, None, id="both"),
        pytest.param({**MODEL, "reviewBy": "2026-07-15"}, "2026-07-15", {"Stale"}, 86400.0, id="one-to-come"),
        pytest.param({**MODEL, **waived("TDM031", "2026-07-31")}, "2026-07-31", set(), 86400.0, id="waived"),
        pytest.param({**MODEL, **waived("TDM031", "2026-07-31")}, "2026-08-01", {"Stale"}, None, id="waiver-over"),
        pytest.param({**MODEL, **waived("TDM031", "2026-02-01")}, "2026-07-15", {"Stale"}, None, id="waiver-of-old"),
        pytest.param({**MODEL, **waived("TDM030", "2026-07-31")}, "2026-07-15", {"Stale"}, None, id="other-waiver"),
        pytest.param({**REVIEW, **waived("TDM030", "2026-07-31")}, "2026-07-15", set(), 17 * 86400.0, id="put-off"),
    ],
)
def test_the_day(spec: dict[str, Any], now: str, types: set[str], seconds: float | None) -> None:
    found = deployment(**spec).spec
    assert aged(found, at(now)).keys() == types
    assert seconds_until_older(found, at(now)) == seconds


@pytest.mark.parametrize("now", ["2026-07-14", "2026-07-15", "2026-07-31", "2026-08-01"])
@pytest.mark.parametrize("spec", [MODEL, REVIEW, {**MODEL, **waived("TDM031", "2026-07-31")}])
def test_they_agree_with_the_readiness_checks(spec: dict[str, Any], now: str) -> None:
    found = deployment(**spec)
    failing = {
        each.check.id
        for each in examine(Facts(found, day(now), ProfileRead()))
        if each.answer.outcome == "Fail" and each.waiver is None
    } & {"TDM030", "TDM031"}
    assert {"Stale": "TDM031", "ReviewDue": "TDM030"}.keys() >= aged(found.spec, at(now)).keys()
    assert {{"Stale": "TDM031", "ReviewDue": "TDM030"}[type_] for type_ in aged(found.spec, at(now))} == failing


@pytest.mark.parametrize(
    ("owners", "who"),
    [
        pytest.param(BOTH, "It is for data science (risk-models) to act: train it anew", id="the-side"),
        pytest.param(
            {"engineering": BOTH["engineering"]},
            "It is for data science (nobody is declared; payments-platform is the only owner) to act",
            id="nobody-declared",
        ),
    ],
)
def test_the_message_says_whose_side_acts(owners: dict[str, Any], who: str) -> None:
    status, reason, message = aged(deployment(**MODEL, owners=owners).spec, at("2026-07-15"))["Stale"]
    assert (status, reason) == ("True", "ModelTooOld")
    assert message.startswith("the model was trained on 2026-01-15 and may be at most 180d old. " + who)
    assert "@" not in message


@pytest.mark.parametrize("situation", [serving, canary, watching, sent_back])
def test_growing_old_changes_nothing_else(situation: Any) -> None:
    world = situation()
    seen, young = world.observe(), world.deployment()
    spec = young.spec.with_changes(review_by="2020-01-01", requirements=young.spec.requirements)
    old = ModelDeployment(metadata=young.metadata, spec=spec, status=young.status)
    before, after = decide(young, seen, world.now), decide(old, seen, world.now)
    due = [each for each in after.status.conditions or [] if each.type == "ReviewDue"]
    assert [(each.status, each.reason) for each in due] == [("True", "ReviewOverdue")]
    rest = [each for each in after.status.conditions or [] if each not in due]
    assert after.status.with_changes(conditions=rest) == before.status
    assert (after.desired, after.happenings, after.revisions, after.wake_after) == (
        before.desired,
        before.happenings,
        before.revisions,
        before.wake_after,
    )


def test_the_decision_is_due_again_on_the_day() -> None:
    world = serving()
    world.round()
    seen, young = world.observe(), world.deployment()
    coming = (world.now.date()).isoformat()
    spec = young.spec.with_changes(review_by=coming)
    decision = decide(ModelDeployment(metadata=young.metadata, spec=spec, status=young.status), seen, world.now)
    assert decision.wake_after is not None and 0 < decision.wake_after <= 86400

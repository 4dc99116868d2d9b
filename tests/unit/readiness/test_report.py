"""What becomes of answers: severity by tier, waivers, one finding per cause; profiles that others wrote."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tandem.api.objects import parse_deployment
from tandem.api.requirements import Requirements
from tandem.api.rollout import Rollout
from tandem.judge import Counts, Increment, VerdictKind, add, empty, verdict
from tandem.readiness import CHECKS, Facts, ProfileRead, Severity, examine, read_profile, recorded, told
from tandem.readiness.book import book
from tandem.readiness.ml_test_score import TESTS
from tandem.readiness.release import fewest_answers
from tandem.rollout.terms import settings_at
from tests.unit.readiness.objects import PROFILE, REMOVED, TODAY, facts


def ids(known: Facts) -> list[str]:
    return [each.check.id for each in told(examine(known))]


def waiver(until: str, check: str = "TDM001") -> list[dict[str, str]]:
    return [{"check": check, "reason": "no time", "until": until}]


def test_the_complete_object_is_ready() -> None:
    assert ids(facts()) == []


def test_an_image_and_an_owner_suffice_for_an_experiment() -> None:
    owner = {"dataScience": {"team": "risk", "contact": "risk@example.com"}}
    spec = {"owners": owner, "model": {"image": "fraud"}}
    least = parse_deployment({"metadata": {"name": "fraud"}, "spec": spec})
    for first in (True, False, None):
        assert ids(Facts(least, TODAY, first=first)) == []


def test_the_tier_weighs() -> None:
    weighed = [
        next(each.severity for each in examine(facts(tier=tier, purpose=REMOVED)) if each.check.id == "TDM001")
        for tier in ("Standard", "Critical")
    ]
    assert weighed == [Severity.WARNING, Severity.ERROR]


def test_one_cause_is_one_finding() -> None:
    assert ids(facts(ProfileRead(unread="not read"))) == ["TDM010"]


def test_a_waiver_holds_to_its_last_day_and_is_then_a_finding_of_its_own() -> None:
    held = told(examine(facts(purpose=REMOVED, waivers=waiver("2026-11-24"))))
    assert [(each.check.id, each.counts) for each in held] == [("TDM001", False)]
    assert ids(facts(purpose=REMOVED, waivers=waiver("2026-11-23"))) == ["TDM001", "TDM032"]
    assert ids(facts(waivers=[*waiver("2026-11-23"), *waiver("2027-11-23", "TDM032")])) == ["TDM032"]


def test_no_step_is_called_hopeless_that_the_judge_could_pass() -> None:
    """With one answer fewer than the fewest, the judge never lets a version go on, whatever stable shows."""
    for budget in ("0.5%", "2%"):
        rollout = Rollout.model_validate({"evidence": {"budget": budget}})
        for step in (0, 1):
            settings = settings_at(rollout, Requirements(), step)
            few = fewest_answers(rollout, step) - 1
            for blocks in (1, 5):
                evidence = empty({"errors": 0.01})
                for _ in range(blocks):
                    evidence = add(evidence, {"errors": Increment(Counts(few // blocks), Counts(100 * few // blocks))})
                assert verdict(evidence, settings).kind is not VerdictKind.ADVANCE


def test_the_page_of_the_checks_is_up_to_date_and_claims_no_check_that_there_is_not() -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "readiness.md"
    assert page.read_text(encoding="utf-8") == book()
    tests = [test for part in TESTS.values() for test in part]
    assert len(tests) == 28 and {len(part) for part in TESTS.values()} == {7}
    assert set(re.findall(r"TDM[0-9]{3}", book())) <= {check.id for check in CHECKS}


def test_what_goes_into_status_is_bounded() -> None:
    made = recorded(examine(facts(model={"image": "x" * 500})))
    assert made and all(len(each.message) <= 400 and len(each.fix) <= 400 for each in made)


def config_map(text: Any) -> dict[str, Any]:
    return {"data": {"profile.yaml": text}}


def test_a_profile_is_read_from_its_config_map() -> None:
    read = read_profile(config_map(yaml.safe_dump(PROFILE)))
    assert read.profile is not None and read.profile.threads == 4


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param({}, "has no key profile.yaml", id="empty"),
        pytest.param({"data": {"profile.yaml": 1}}, "has no key", id="no-text"),
        pytest.param(config_map("[1, 2]"), "is no profile", id="another-thing"),
        pytest.param(config_map("{load: 3}"), "is no profile", id="incomplete"),
        pytest.param(config_map("a: [b"), "is not YAML", id="broken"),
        pytest.param(config_map("[" * 5000), "nested too deeply", id="deep"),
        pytest.param(config_map("a: &a [1]\nb: [*a, *a]"), "has aliases", id="aliases"),
        pytest.param(config_map("x" * 300_000), "characters", id="long"),
    ],
)
def test_a_profile_that_is_none_is_told_of(given: dict[str, Any], said: str) -> None:
    read = read_profile(given)
    assert read.profile is None and read.wrong is not None and said in read.wrong

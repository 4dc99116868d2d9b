"""Rules for a model: who is called for what, how soon, and how it is asked. What they fire on is tested by promtool."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client.utils import floatToGoString

from tandem.account.remedies import reasons_of, side_of
from tandem.alerting.burn import BURNS
from tandem.alerting.counted import objectives_of
from tandem.alerting.rules import groups
from tests.unit.alerting.models import BOTH, model

as_bentos_write: Callable[[float], str] = floatToGoString


def alerts(**spec: Any) -> list[dict[str, Any]]:
    return [rule for group in groups(model(**spec)) for rule in group["rules"] if "alert" in rule]


def called(rules: list[dict[str, Any]], *keys: str) -> set[tuple[str, ...]]:
    return {(rule["alert"], *(rule["labels"][key] for key in keys)) for rule in rules}


def test_every_alert_says_who_is_called_how_soon_and_where_to_read() -> None:
    for rule in alerts(runbook="https://wiki.example.com/fraud"):
        labels = rule["labels"]
        assert (labels["namespace"], labels["model"], labels["origin"]) == ("payments", "fraud", "tandem")
        owner = BOTH[labels["side"]]
        assert (labels["team"], rule["annotations"]["contact"]) == (owner["team"], owner["contact"])
        assert rule["annotations"]["runbook_url"] == "https://wiki.example.com/fraud"
        assert "payments/fraud" in rule["annotations"]["summary"] and rule["annotations"]["description"]
    assert all("runbook_url" not in rule["annotations"] for rule in alerts())


@pytest.mark.parametrize(
    ("tier", "failing", "stale"),
    [
        ("Experiment", {"info"}, "info"),
        ("Standard", {"critical", "warning"}, "info"),
        ("Critical", {"critical", "warning"}, "warning"),
    ],
)
def test_how_soon_depends_on_the_tier(tier: str, failing: set[str], stale: str) -> None:
    found = called(alerts(tier=tier), "severity")
    assert {severity for name, severity in found if name == "ModelFailing"} == failing
    assert ("ModelStale", stale) in found
    if tier == "Experiment":
        assert {severity for _, severity in found} == {"info"}, "nobody is called for an experiment"


def test_each_alert_is_for_the_side_that_can_act() -> None:
    found = called(alerts(), "side")
    assert found == {
        ("ModelFailing", "engineering"),
        ("ModelSlow", "engineering"),
        ("ModelUnavailable", "engineering"),
        ("ModelStalled", "dataScience"),
        ("ModelStalled", "engineering"),
        ("ModelObjectiveMissed", "engineering"),
        ("ModelStale", "dataScience"),
        ("ModelReviewDue", "dataScience"),
        ("ModelReviewDue", "engineering"),
        ("ModelNotWatched", "engineering"),
    }
    assert all(side_of(reason) == "dataScience" for reason in reasons_of("dataScience"))


def test_one_owner_is_called_for_both_sides_and_once_for_one_thing() -> None:
    rules = alerts(owners={"dataScience": BOTH["dataScience"]})
    assert {rule["labels"]["team"] for rule in rules} == {"risk-models"}
    assert [rule["alert"] for rule in rules].count("ModelReviewDue") == 1


def test_what_is_not_promised_calls_nobody() -> None:
    assert not called(alerts(requirements={})) & {("ModelFailing",), ("ModelSlow",)}
    assert [group["name"] for group in groups(model(requirements={}))] == ["tandem-payments-fraud-conditions"]


@pytest.mark.parametrize("share", [1e-6, 0.001, 0.01, 0.05, 0.1, 0.5, 1.0])
def test_a_threshold_can_be_reached_and_is_no_less_than_what_is_granted(share: float) -> None:
    for burn in BURNS:
        assert share <= burn.threshold(share) <= 1.0
        assert burn.threshold(share) < 1.0 or share == 1.0


@pytest.mark.parametrize("text", ["1ms", "2500ms", "150ms", "250ms", "1s", "10s", "1m", "1h"])
def test_an_edge_is_found_as_the_bento_writes_it_and_as_others_do(text: str) -> None:
    (objective,) = objectives_of(model(requirements={"latency": {"p99": text}}))
    found = re.search(r'le=~"([^"]*)"', objective.counted("bad", "5m"))
    assert found is not None
    seconds = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
    number = re.fullmatch(r"([0-9]+)(ms|s|m|h)", text)
    assert number is not None
    edge = round(int(number[1]) * seconds[number[2]], 9)
    assert re.fullmatch(found[1], as_bentos_write(edge))
    assert re.fullmatch(found[1], f"{edge:g}")
    assert not re.fullmatch(found[1], as_bentos_write(edge * 10))


def test_series_are_told_by_the_labels_that_the_spec_names() -> None:
    source = {"address": "http://prometheus:9090", "podLabel": "kube_pod", "namespaceLabel": "kube_namespace"}
    objective, _ = objectives_of(model(rollout={"evidence": {"source": {"prometheus": source}}}))
    asked = objective.counted("all_", "5m")
    assert 'kube_namespace="payments",kube_pod=~"fraud-r[0-9]+-.+"' in asked


def test_a_persons_words_are_no_template() -> None:
    owners = {"engineering": {"team": "a {{ $value }} team", "contact": "x"}}
    for rule in alerts(owners=owners):
        assert rule["labels"]["team"] == 'a {{ "{{" }} $value }} team'

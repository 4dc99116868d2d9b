"""Routes and receivers: by the owners' contacts, each once."""

from tandem.alerting.routing import NOBODY, routing
from tests.unit.alerting.models import BOTH, model

HOOK = {"engineering": {"team": "search", "contact": "https://pager.example.com/hook"}}
PAGER = {"engineering": {"team": "payments-platform", "contact": "pager 4711"}}


def test_each_side_of_each_model_has_a_route_to_its_owner() -> None:
    found = routing([model(), model("ranking", owners=HOOK)])
    to = {
        (route["matchers"][2], route["matchers"][3]): route["receiver"]
        for route in found.routes
        if len(route["matchers"]) == 4
    }
    assert to == {
        ('model="fraud"', 'side="dataScience"'): "risk-models",
        ('model="fraud"', 'side="engineering"'): "payments-platform",
        ('model="ranking"', 'side="dataScience"'): "search",
        ('model="ranking"', 'side="engineering"'): "search",
    }
    assert found.receivers == [
        {"name": NOBODY},
        {"name": "risk-models", "email_configs": [{"to": "risk-models@example.com", "send_resolved": True}]},
        {"name": "payments-platform", "slack_configs": [{"channel": "#payments-oncall", "send_resolved": True}]},
        {"name": "search", "webhook_configs": [{"url": "https://pager.example.com/hook", "send_resolved": True}]},
    ]
    assert found.unknown == {}


def test_what_is_only_shown_is_sent_to_nobody_and_comes_first() -> None:
    first, *_ = routing([model()]).routes
    assert first == {"matchers": ['origin="tandem"', 'severity="info"'], "receiver": NOBODY}


def test_a_team_that_is_reached_in_two_ways_has_two_receivers_and_what_is_no_address_is_said() -> None:
    found = routing([model(), model("ranking", owners=PAGER), model("third", owners=BOTH)])
    names = [receiver["name"] for receiver in found.receivers]
    assert names == [NOBODY, "risk-models", "payments-platform by #payments-oncall", "payments-platform by pager 4711"]
    assert found.unknown == {"payments-platform by pager 4711": "pager 4711"}

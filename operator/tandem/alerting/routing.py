"""Whom Alertmanager is to call: a route for each owner of each model, and a receiver for each way to reach one."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from tandem.account.remedies import Side
from tandem.alerting.rules import ORIGIN, owner_of
from tandem.api.objects import ModelDeployment
from tandem.api.spec import Owner

NOBODY: Final = "tandem-shown-only"
GROUP_BY: Final = ("namespace", "model", "alertname")
_SIDES: Final[tuple[Side, ...]] = ("dataScience", "engineering")
_MAIL: Final = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
_CHANNEL: Final = re.compile(r"^#\S+$")
_ADDRESS: Final = re.compile(r"^https?://\S+$")


@dataclass(frozen=True, slots=True)
class Routing:
    """Part of Alertmanager's configuration. ``unknown``: receivers whose contact it has no words for."""

    routes: list[dict[str, Any]]
    receivers: list[dict[str, Any]]
    unknown: dict[str, str]


def routing(deployments: Iterable[ModelDeployment]) -> Routing:
    """Return the routes and receivers for the alerts of these models."""
    found = [(each, side, owner_of(each.spec.owners, side)) for each in deployments for side in _SIDES]
    named = _names([owner for _, _, owner in found])
    (origin, ours), *_ = ORIGIN.items()
    shown = [f'{origin}="{ours}"', 'severity="info"']
    routes: list[dict[str, Any]] = [{"matchers": shown, "receiver": NOBODY}]
    for deployment, side, owner in found:
        meta = deployment.metadata
        matchers = [f'{origin}="{ours}"', f'namespace="{meta.namespace}"', f'model="{meta.name}"', f'side="{side}"']
        routes.append({"matchers": matchers, "receiver": named[owner.team, owner.contact], "group_by": list(GROUP_BY)})
    receivers: list[dict[str, Any]] = [{"name": NOBODY}]
    receivers += [{"name": name, **_reached(contact)} for (_, contact), name in named.items()]
    unknown = {name: contact for (_, contact), name in named.items() if not _reached(contact)}
    return Routing(routes, receivers, unknown)


def _names(owners: list[Owner]) -> dict[tuple[str, str], str]:
    """Name a receiver after its team; where a team is reached in several ways, with the way."""
    ways = dict.fromkeys((owner.team, owner.contact) for owner in owners)
    teams = [team for team, _ in ways]
    return {(team, way): team if teams.count(team) == 1 else f"{team} by {way}" for team, way in ways}


def _reached(contact: str) -> dict[str, Any]:
    if _MAIL.match(contact):
        return {"email_configs": [{"to": contact, "send_resolved": True}]}
    if _CHANNEL.match(contact):
        return {"slack_configs": [{"channel": contact, "send_resolved": True}]}
    if _ADDRESS.match(contact):
        return {"webhook_configs": [{"url": contact, "send_resolved": True}]}
    return {}

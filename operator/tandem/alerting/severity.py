"""How soon somebody has to act, and what that means at each tier, as the label `severity`."""

from enum import Enum
from typing import Final

from tandem.api.spec import Tier


class Urgency(Enum):
    """How soon somebody has to act."""

    NOW = "now"
    BY_DAY = "by day"
    SOME_DAY = "some day"


_SEVERITIES: Final[dict[Tier, dict[Urgency, str]]] = {
    "Experiment": dict.fromkeys(Urgency, "info"),
    "Standard": {Urgency.NOW: "critical", Urgency.BY_DAY: "warning", Urgency.SOME_DAY: "info"},
    "Critical": {Urgency.NOW: "critical", Urgency.BY_DAY: "warning", Urgency.SOME_DAY: "warning"},
}


def severity(tier: Tier, urgency: Urgency) -> str:
    """Return critical (somebody is woken), warning (in working hours) or info (it is shown, and sent to nobody)."""
    return _SEVERITIES[tier][urgency]

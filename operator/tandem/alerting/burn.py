"""How fast a budget of bad requests may burn before somebody is called: several windows and rates, for one objective.

A budget is for 30 days. Each alert needs a long window, so that it is no blip, and a short one, so that it ends soon
after the trouble does (the SRE Workbook's "multiwindow, multi-burn-rate alerts").
"""

from dataclasses import dataclass
from typing import Final

from tandem.alerting.severity import Urgency

FEWEST_BAD: Final = 5
"""Bad requests in the long window below which nobody is called: at a request a minute one alone would burn a budget."""


@dataclass(frozen=True, slots=True)
class Burn:
    """Windows, in Prometheus' words; how many times faster than allowed; and how soon somebody has to act."""

    long: str
    short: str
    factor: float
    urgency: Urgency

    def threshold(self, share: float) -> float:
        """Return the share of bad requests above which it burns too fast, where ``share`` is granted.

        Never more than half way to all of them: of an objective that grants half, fourteen times as much cannot be.
        """
        return min(self.factor * share, (1.0 + share) / 2)


BURNS: Final = (
    Burn("1h", "5m", 14.4, Urgency.NOW),  # 2 % of the budget in an hour
    Burn("6h", "30m", 6.0, Urgency.NOW),  # 5 % in six hours
    Burn("1d", "2h", 3.0, Urgency.BY_DAY),  # 10 % in a day
    Burn("3d", "6h", 1.0, Urgency.BY_DAY),  # 10 % in three days: all of it, if it goes on
)

OFTEN: Final = ("5m", "30m", "1h", "2h")
SELDOM: Final = ("6h", "1d", "3d")
"""Windows that are evaluated every 30 s, and those for which every 5 min suffices."""

"""What a rollout will take: simulated traffic before the judge that decides in the cluster. Pure; no clock, no I/O."""

from tandem.simulate.changes import Change, Changed, changes, simulate_changes
from tandem.simulate.outcomes import Forecast, Outcome, forecast
from tandem.simulate.plan import InvalidPlan, Plan, Traffic, Version, versions
from tandem.simulate.rollouts import Effort, Ended, simulate

__all__ = [
    "Change",
    "Changed",
    "Effort",
    "Ended",
    "Forecast",
    "InvalidPlan",
    "Outcome",
    "Plan",
    "Traffic",
    "Version",
    "changes",
    "forecast",
    "simulate",
    "simulate_changes",
    "versions",
]

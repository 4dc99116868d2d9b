"""What to change where traffic is too thin for the rollout: changes are simulated like the rollout itself."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from tandem.api.rollout import Step
from tandem.api.values import percent_share
from tandem.simulate.outcomes import Outcome
from tandem.simulate.plan import Plan, Traffic, versions
from tandem.simulate.rollouts import Effort, simulate

ENOUGH: Final = 0.9
"""Share of good versions that are to be promoted in time; below it the traffic is too thin."""

SLIGHTLY: Final = 2.0
"""How much oftener than the budget grants a slightly bad version fails, of which changes should let few pass."""

CLEARLY: Final = 0.05
"""Share of requests that a clearly bad version fails: how soon it is found is what a change may cost."""

STARTS: Final = (25, 50)
BUDGETS: Final = ("1%", "2%")
LOADS: Final = (5.0, 20.0)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the rollout or of its traffic, and in words what one would do."""

    words: str
    plan: Plan
    traffic: Traffic


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change makes of a good version, and of bad ones: a slightly and a clearly bad one."""

    change: Change
    good: Outcome
    bad: tuple[Outcome, ...]

    @property
    def enough(self) -> bool:
        """Whether good versions are promoted in time."""
        return self.good.promoted >= ENOUGH


def changes(plan: Plan, traffic: Traffic) -> list[Change]:
    """Return what one could change: start with more weight, allow more bad answers, both, or send more requests."""
    starts = {f"start at {weight} %": _starting(plan, weight) for weight in STARTS if _rises(plan, weight)}
    budgets = {f"budget {budget}": _granting(plan, budget) for budget in BUDGETS if _wider(plan, budget)}
    both = {f"{words} and budget 1%": _granting(found, "1%") for words, found in starts.items() if _wider(plan, "1%")}
    declared = [Change(words, found, traffic) for words, found in (starts | budgets | both).items()]
    loads = [replace(traffic, rate=traffic.rate * times) for times in LOADS if traffic.rate]
    words = "times the requests, by mirrored or synthetic load"
    return declared + [Change(f"{each.rate / traffic.rate:g} {words}", plan, each) for each in loads]


def simulate_changes(
    plan: Plan, traffic: Traffic, effort: Effort, told: Callable[[float], None] = lambda _: None
) -> list[Changed]:
    """Simulate each change for as long as the rollout itself may take; the best first.

    The best promotes good versions in time; of those that do, it lets the fewest slightly bad versions pass (to 5 %),
    and then promotes the soonest. Where none does, it is the one by which most are promoted. ``told``: the share of the
    work that is done.
    """
    found, tried = [], changes(plan, traffic)
    small = replace(effort, limit=effort.seconds(plan), runs=max(effort.runs // 2, 1), progress=lambda _: None)
    shares = (_slightly_bad(plan, traffic), min(max(CLEARLY, 4 * traffic.errors), 1.0))
    for number, change in enumerate(tried):
        versions_tried = versions(change.plan, change.traffic, shares)[:3]
        ended = simulate(change.plan, change.traffic, versions_tried, small)
        good, *bad = (Outcome.of(version, each) for version, each in zip(versions_tried, ended, strict=True))
        found.append(Changed(change, good, tuple(bad)))
        told((number + 1) / len(tried))
    return sorted(found, key=_rank)


def _slightly_bad(plan: Plan, traffic: Traffic) -> float:
    return min(traffic.errors + SLIGHTLY * percent_share(plan.rollout.evidence.budget), 1.0)


def _rises(plan: Plan, weight: int) -> bool:
    return plan.stepped and bool(plan.rollout.steps) and plan.rollout.steps[0].weight < weight


def _starting(plan: Plan, weight: int) -> Plan:
    steps = [Step(weight=weight), *(step for step in plan.rollout.steps if step.weight > weight)]
    return replace(plan, rollout=plan.rollout.with_changes(steps=steps))


def _wider(plan: Plan, budget: str) -> bool:
    return plan.stepped and percent_share(budget) > percent_share(plan.rollout.evidence.budget)


def _granting(plan: Plan, budget: str) -> Plan:
    evidence = plan.rollout.evidence.with_changes(budget=budget)
    return replace(plan, rollout=plan.rollout.with_changes(evidence=evidence))


def _rank(changed: Changed) -> tuple[bool, float, float]:
    """Order by what `simulate_changes` says."""
    if not changed.enough:
        return (True, -changed.good.promoted, 0.0)
    return (False, round(20 * changed.bad[0].promoted), changed.good.promoted_seconds.median or 0.0)

"""Checks of how a new version is tried, and of the way back."""

import math
from typing import Final

from tandem.api.requirements import Requirements
from tandem.api.rollout import Rollout
from tandem.api.values import duration_seconds
from tandem.judge.gates import BETS
from tandem.readiness.answers import Answer, Severity, Side, fails, not_applicable, passes
from tandem.readiness.checks import Levels, Question
from tandem.readiness.facts import Facts
from tandem.readiness.numbers import duration
from tandem.rollout.terms import settings_at

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

LONGEST: Final = 86400.0
"""Seconds that a rollout may take where it has no maxDuration: nobody waits for more than a day."""


@Question(
    id="TDM023",
    title="There is something to go back to",
    side=Side.ENGINEERING,
    levels=Levels(None, WARNING, ERROR),
    why="Most bad versions show within minutes of getting all requests. By then the old pods must not be gone.",
    fix="Give spec.rollout.watch some minutes, and keep revisions.",
    accept="spec.rollout.watch is longer than 0s, and a version that served before is kept.",
    snippet="rollout:\n  watch: 10m",
)
def way_back(facts: Facts) -> Answer:
    """Ask that the version before stays for a while. The first one has none, and is not blamed for it."""
    if facts.first:
        return not_applicable("the first version has none before it")
    watch = facts.spec.rollout.watch
    if duration_seconds(watch) == 0:
        return fails("rollout.watch is 0: the version before is stopped as soon as it is replaced",
                     "spec", "rollout", "watch")  # fmt: skip
    if facts.kept == 0:
        return fails("no earlier version that served is kept: nothing can be gone back to",
                     "spec", "rollback", "keepRevisions",
                     fix="Go on: the next version that is promoted leaves this one behind to go back to.")  # fmt: skip
    return passes(f"the version before stays for {watch}")


@Question(
    id="TDM024",
    title="A bad version is sent back by itself",
    side=Side.BOTH,
    levels=Levels(None, WARNING, ERROR),
    why="Until somebody is awake and has understood, each minute costs failed requests.",
    fix="Leave spec.rollback.automatic at true; what is uncertain is held for a person anyway.",
    accept="spec.rollback.automatic is true.",
    snippet="rollback:\n  automatic: true",
)
def automatic(facts: Facts) -> Answer:
    """Ask for automatic rollback."""
    if facts.spec.rollback.automatic:
        return passes("it is")
    return fails("rollback.automatic is false: a bad version keeps its requests until a person decides",
                 "spec", "rollback", "automatic")  # fmt: skip


@Question(
    id="TDM025",
    title="The traffic suffices to judge each step in time",
    side=Side.BOTH,
    levels=Levels(INFO, WARNING, ERROR),
    why="With too few requests there is no evidence: the rollout hangs at its first step, until somebody promotes it "
    "unseen.",
    fix="Raise the first weights, evidence.budget or evidence.maxDuration; `tandem simulate` shows what each does.",
    accept="At the peak, the fewest requests that can pass all steps come within evidence.maxDuration.",
    snippet="rollout:\n  steps: [{weight: 25}, {weight: 50}]\n  evidence: {budget: 1%, maxDuration: 6h}",
)
def judged_in_time(facts: Facts) -> Answer:
    """Ask whether a version without any bad answer could pass the steps in time. That it could not is certain."""
    rollout, traffic = facts.spec.rollout, facts.spec.requirements.throughput
    if facts.spec.traffic.gateway is None or rollout.pace == "Time" or not rollout.steps:
        return not_applicable("no step waits for evidence")
    if traffic is None or traffic.peak is None:
        return not_applicable("no peak is declared")
    longest = duration_seconds(rollout.evidence.max_duration) if rollout.evidence.max_duration else LONGEST
    by_day = fewest_seconds(rollout, traffic.peak)
    limit = f"evidence.maxDuration is {rollout.evidence.max_duration}" if rollout.evidence.max_duration else "a day"
    if by_day > longest:
        told = f"at the peak of {traffic.peak:g} requests/s even a perfect version needs {duration(by_day)} to pass"
        return fails(f"{told}: more than {limit}", "spec", "rollout", "steps")
    by_night = fewest_seconds(rollout, traffic.night) if traffic.night is not None else 0.0
    if by_night > longest:
        need = "never passes" if math.isinf(by_night) else f"needs {duration(by_night)}"
        told = f"by night, at {traffic.night:g} requests/s, even a perfect version {need}: more than {limit}"
        return fails(told, "spec", "rollout", "steps", severity=INFO, fix="Push new versions by day.")
    return passes(f"a perfect version needs at least {duration(by_day)} at the peak")


def fewest_seconds(rollout: Rollout, rate: float) -> float:
    """Return the shortest time in which a version without a bad answer passes all steps, at a rate of requests."""
    total = 0.0
    for index, step in enumerate(rollout.steps):
        answered = rate * step.weight / 100
        needed = fewest_answers(rollout, index)
        total += max(needed / answered if answered > 0 else math.inf, duration_seconds(step.hold))
    return total


def fewest_answers(rollout: Rollout, step: int) -> int:
    """Return how many answers, none of them bad, a step needs at the very least.

    That is with all at stake on the boldest of the judge's bets (`judge.gates.pass_logs`): no weighting of the bets and
    no history of stable lets a version pass with fewer.
    """
    settings = settings_at(rollout, Requirements(), step)
    each = math.log1p(float(BETS.max()) * settings.margin)
    return math.ceil(math.log(1.0 / settings.false_advance) / each)

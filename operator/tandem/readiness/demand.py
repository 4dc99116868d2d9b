"""Checks of what production needs: latency, availability, throughput."""

from tandem.api.values import duration_seconds
from tandem.readiness.answers import Answer, Severity, Side, fails, not_applicable, passes
from tandem.readiness.checks import Levels, Question
from tandem.readiness.facts import Facts
from tandem.readiness.measured import of_profile, where_measured
from tandem.readiness.numbers import duration
from tandem.rollout.terms import objectives

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO


@Question(
    id="TDM007",
    title="How soon answers must come is said",
    side=Side.BOTH,
    levels=Levels(ERROR, WARNING, ERROR),
    why="Without an objective no version is sent back for being slow, and the number of pods is a guess.",
    fix="Agree with the consumers on a latency, and name the bento's service, whose histogram counts it.",
    accept="spec.requirements.latency has an objective that the consumers agreed to, and spec.model.service is set.",
    snippet="requirements:\n  latency: {p99: 150ms}",
)
def latency(facts: Facts) -> Answer:
    """Ask for a latency objective, and that it can be counted."""
    granted = objectives(facts.spec.requirements)
    if granted and facts.spec.model.service is None:
        return fails(
            "requirements.latency needs model.service: the API server refuses it",
            *("spec", "model", "service"),
            fix="Name the bento's service (its class) in spec.model.service.",
            severity=ERROR,
        )
    if granted:
        return passes(", ".join(f"{name} {value}" for name, value in granted.items()))
    if facts.tier == "Experiment":
        return not_applicable("not asked at tier Experiment")
    return fails("no latency objective is declared", "spec", "requirements", "latency")


@Question(
    id="TDM008",
    title="How many requests may fail is said",
    side=Side.BOTH,
    levels=Levels(None, WARNING, ERROR),
    why="Without it a new version is only compared with the old one: each may be a little worse than the last.",
    fix="Agree with the consumers on a share of requests that must not fail.",
    accept="spec.requirements.availability is set, and the consumers agreed to it.",
    snippet="requirements:\n  availability: 99.9%",
)
def availability(facts: Facts) -> Answer:
    """Ask for an availability objective."""
    declared = facts.spec.requirements.availability
    if declared is None:
        return fails("no availability objective is declared", "spec", "requirements", "availability")
    return passes(declared)


@Question(
    id="TDM009",
    title="The traffic by day and by night is said",
    side=Side.BOTH,
    levels=Levels(None, WARNING, ERROR),
    why="The peak decides how many pods there must be, the quiet hours how long a rollout takes to be judged.",
    fix="Ask the consumers, or measure: requests a second at the busiest and at the quietest time of a usual day.",
    accept="spec.requirements.throughput has peak and night, from the consumers or from measurements.",
    snippet="requirements:\n  throughput: {peak: 200, night: 2}",
)
def throughput(facts: Facts) -> Answer:
    """Ask for both ends of the traffic."""
    declared = facts.spec.requirements.throughput
    given = {"peak": declared and declared.peak, "night": declared and declared.night}
    missing = [name for name, rate in given.items() if rate is None]
    if missing:
        return fails(
            f"throughput.{' and throughput.'.join(missing)} not declared", "spec", "requirements", "throughput"
        )
    return passes(f"{given['peak']:g} requests/s at the peak, {given['night']:g} by night")


@Question(
    id="TDM011",
    title="The latency objective can be met at all",
    side=Side.BOTH,
    levels=Levels(WARNING, ERROR, ERROR),
    why="An objective that one caller at a time does not get is met with no number of pods: every version is sent back "
    "or, judged leniently, none.",
    fix="Make the model faster, give its pods more CPU, or agree on another objective.",
    accept="A profile of the image meets every latency objective with one caller.",
)
def reachable(facts: Facts) -> Answer:
    """Compare the objectives with what was measured with the least load."""
    granted = objectives(facts.spec.requirements)
    if not granted:
        return not_applicable("no latency objective is declared")
    profile = of_profile(facts)
    if isinstance(profile, Answer):
        return profile
    least = profile.load[0]
    for name, objective in granted.items():
        took = float(getattr(least, name))
        if took > duration_seconds(objective):
            callers = "one caller" if least.concurrency == 1 else f"{least.concurrency} callers"
            return fails(
                f"{name} was {duration(took)} with {callers} ({where_measured(profile)}); the objective is {objective}",
                *("spec", "requirements", "latency", name),
            )
    return passes("met with the least load that was measured")

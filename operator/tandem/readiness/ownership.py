"""Checks of who is there: what the model is for, who answers for it, who calls it, who helps at night."""

import re
from typing import Final

from tandem.api.values import duration_seconds
from tandem.manifests.fields import TIMEOUT_SECONDS
from tandem.readiness.answers import Answer, Severity, Side, fails, not_applicable, passes
from tandem.readiness.checks import Levels, Question
from tandem.readiness.facts import Facts
from tandem.rollout.terms import objectives

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

DUMMY: Final = re.compile(
    r"^[\s?.\-_]*$|^(todo|tbd|n/?a|none|nobody|unknown|change-?me|fixme|xxx+|dummy|test|foo|bar)\b"
    r"|[@.]example(\.(com|org|net))?$|@.*\.(invalid|test)$",
    re.IGNORECASE,
)
"""What is written where something has to stand: nobody reads mail at a domain that is reserved for examples."""

WORTH_WAITING: Final = 10
"""A bento may work this many times as long as its most patient caller waits: more is work for nobody."""


@Question(
    id="TDM001",
    title="The purpose is said",
    side=Side.DATA_SCIENCE,
    levels=Levels(None, WARNING, ERROR),
    why="Who is called at night, and who decides about a change, must know what the model is for and what it is not.",
    fix="Say in one sentence what decision the answers serve.",
    accept="spec.purpose says in one sentence which decision the model's answers serve.",
    snippet="purpose: Score card payments before authorisation",
)
def purpose(facts: Facts) -> Answer:
    """Ask what the model is for."""
    said = (facts.spec.purpose or "").strip()
    if not said:
        return fails("nothing says what the model is for", "spec", "purpose")
    if DUMMY.search(said):
        return fails(f"{said!r} is no purpose", "spec", "purpose")
    return passes("the purpose is said")


@Question(
    id="TDM002",
    title="Data science and engineering both own it",
    side=Side.BOTH,
    levels=Levels(ERROR, WARNING, ERROR),
    why="With one owner only, either nobody answers for what the model says, or nobody is called when it is down.",
    fix="Name both: the team that answers for the answers, and the team that is called when there are none. "
    "One team may be both.",
    accept="spec.owners names a team and a contact for dataScience and for engineering, and both teams agree.",
    snippet="owners:\n  dataScience: {team: risk-models, contact: '#risk-models'}\n"
    "  engineering: {team: payments-platform, contact: '#payments-oncall'}",
)
def owners(facts: Facts) -> Answer:
    """Ask for both owners; an experiment needs one."""
    both = facts.spec.owners
    missing = [
        name for name, owner in (("dataScience", both.data_science), ("engineering", both.engineering)) if owner is None
    ]
    if len(missing) == 2:
        return fails("it has no owner: the API server refuses it", "spec", "owners", severity=ERROR)
    if missing and facts.tier != "Experiment":
        return fails(f"owners.{missing[0]} is missing", "spec", "owners", fix=f"Name owners.{missing[0]} too.")
    return passes("it has an owner" if missing else "both sides own it")


@Question(
    id="TDM003",
    title="The owners can be reached",
    side=Side.BOTH,
    levels=Levels(None, WARNING, ERROR),
    why="An alert that goes to a placeholder wakes nobody.",
    fix="Give an address, channel or pager that somebody reads at the hours at which the model serves.",
    accept="A test message to each contact in spec.owners was answered.",
)
def contacts(facts: Facts) -> Answer:
    """Ask for contacts that are no placeholders."""
    for name, owner in (
        ("dataScience", facts.spec.owners.data_science),
        ("engineering", facts.spec.owners.engineering),
    ):
        for field, value in (("team", owner.team), ("contact", owner.contact)) if owner else ():
            if DUMMY.search(value.strip()):
                return fails(f"owners.{name}.{field} is {value!r}: a placeholder", "spec", "owners", name, field)
    return passes("no contact is a placeholder")


@Question(
    id="TDM004",
    title="Those who call it are named",
    side=Side.BOTH,
    levels=Levels(None, WARNING, ERROR),
    why="Whoever is not named is not asked before the interface changes, and finds out in production.",
    fix="Name the teams whose software calls the model, and how long it waits for an answer.",
    accept="spec.consumers names each team whose software calls the model, with the timeout that its software has.",
    snippet="consumers:\n- {team: checkout, contact: '#checkout', timeout: 300ms}",
)
def consumers(facts: Facts) -> Answer:
    """Ask who calls it."""
    named = facts.spec.consumers or []
    if not named:
        return fails("nobody is named who calls the model", "spec", "consumers")
    return passes(f"{len(named)} named")


@Question(
    id="TDM005",
    title="Answers that keep to the objective come in time for every consumer",
    side=Side.BOTH,
    levels=Levels(INFO, WARNING, ERROR),
    why="An answer within the objective but after the caller has given up is a failure that no metric here shows.",
    fix="Tighten the objective, or agree on a longer timeout with that team.",
    accept="Every timeout in spec.consumers is longer than the largest latency objective.",
)
def consumers_wait_long_enough(facts: Facts) -> Answer:
    """Compare the callers' timeouts with the latency objectives."""
    granted = objectives(facts.spec.requirements)
    named = [(index, each) for index, each in enumerate(facts.spec.consumers or []) if each.timeout is not None]
    if not named or not granted:
        return not_applicable("no consumer with a timeout, or no latency objective")
    name, slowest = max(granted.items(), key=lambda item: duration_seconds(item[1]))
    for index, consumer in named:
        assert consumer.timeout is not None
        if duration_seconds(consumer.timeout) <= duration_seconds(slowest):
            return fails(
                f"{consumer.team} waits {consumer.timeout}, and the objective latency.{name} grants {slowest}",
                *("spec", "consumers", index, "timeout"),
            )
    return passes(f"all wait longer than {slowest}")


@Question(
    id="TDM006",
    title="The bento does not work on long after everybody has given up",
    side=Side.ENGINEERING,
    levels=Levels(None, INFO, WARNING),
    why="When a model is slow, requests that nobody waits for any more take the time of those that somebody does: "
    "slow becomes down.",
    fix="Set serving.timeout near the longest time that a consumer waits.",
    accept=f"serving.timeout is at most {WORTH_WAITING} times the longest timeout in spec.consumers.",
    snippet="serving:\n  timeout: 1s",
)
def gives_up_in_time(facts: Facts) -> Answer:
    """Compare the bento's own timeout with the callers'."""
    named = facts.spec.consumers or []
    waits = [each.timeout for each in named if each.timeout is not None]
    if not waits or len(waits) < len(named):
        return not_applicable("not every consumer's timeout is known")
    longest = max(waits, key=duration_seconds)
    declared = facts.spec.serving.timeout
    own = duration_seconds(declared) if declared is not None else float(TIMEOUT_SECONDS)
    said = declared or f"{TIMEOUT_SECONDS}s (BentoML's default)"
    if own > WORTH_WAITING * max(duration_seconds(longest), 0.1):
        return fails(f"the bento works up to {said} on a request, and nobody waits longer than {longest}",
                     "spec", "serving", "timeout")  # fmt: skip
    return passes(f"it gives up after {said}, its callers after {longest}")


@Question(
    id="TDM028",
    title="What callers do without the model is said",
    side=Side.BOTH,
    levels=Levels(None, None, ERROR),
    why="One day it does not answer. What happens then is decided beforehand by both sides, or by chance.",
    fix="Say what callers do meanwhile: a rule, the last answer, a person, a refusal.",
    accept="spec.fallback says what callers do while the model does not answer, and it was tried.",
    snippet="fallback: Checkout applies the static rules of 2024 and flags the payment for review",
)
def fallback(facts: Facts) -> Answer:
    """Ask for a fallback."""
    said = (facts.spec.fallback or "").strip()
    if not said or DUMMY.search(said):
        return fails("nothing says what callers do while the model does not answer", "spec", "fallback")
    return passes("the fallback is said")


@Question(
    id="TDM029",
    title="There is a runbook",
    side=Side.ENGINEERING,
    levels=Levels(None, None, ERROR),
    why="Whoever is called at three in the morning may never have seen this model.",
    fix="Link a page that says how to see what is wrong, how to go back, and whom to ask.",
    accept="spec.runbook links a page that somebody outside the team has followed once.",
    snippet="runbook: https://wiki.corp/fraud/runbook",
)
def runbook(facts: Facts) -> Answer:
    """Ask for a runbook."""
    link = facts.spec.runbook
    if not link:
        return fails("no runbook is linked", "spec", "runbook")
    if re.match(r"https?://([^/]*\.)?example(\.(com|org|net))?([:/]|$)", link):
        return fails(f"{link} is a placeholder", "spec", "runbook")
    return passes("a runbook is linked")

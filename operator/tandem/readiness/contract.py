"""Checks of what others rely on: the interface, and the promises of the version before."""

from tandem.contract import contract_of, weakenings
from tandem.readiness.answers import Answer, Severity, Side, fails, not_applicable, passes, unknown
from tandem.readiness.checks import Levels, Question
from tandem.readiness.facts import Facts
from tandem.readiness.measured import of_profile

ERROR, WARNING = Severity.ERROR, Severity.WARNING

AGAINST = "--against"
"""What tells what ran before, where nobody has looked: an option of `tandem lint`."""


@Question(
    id="TDM018",
    title="The interface is declared",
    side=Side.DATA_SCIENCE,
    levels=Levels(None, WARNING, ERROR),
    why="What callers may send and get is otherwise written in the model's code only, and changes with it unnoticed.",
    fix="Declare each route that others call with the JSON Schemas of request and answer; `tandem init` takes them "
    "from the bento.",
    accept="spec.model.interface has each route that others call, with request and response.",
    snippet="model:\n  interface:\n  - path: /predict\n    request: {type: object, required: [amount], "
    "properties: {amount: {type: number}}}\n    response: {type: object, properties: {score: {type: number}}}",
)
def interface(facts: Facts) -> Answer:
    """Ask for routes with their schemas."""
    routes = facts.spec.model.interface or []
    if not routes:
        return fails("no route is declared", "spec", "model", "interface")
    for index, route in enumerate(routes):
        missing = [name for name in ("request", "response") if getattr(route, name) is None]
        if missing and not (route.method == "GET" and missing == ["request"]):
            told = f"{route.method} {route.path} has no {' and no '.join(missing)}"
            return fails(told, "spec", "model", "interface", index)
    return passes(f"{len(routes)} declared")


@Question(
    id="TDM014",
    title="What is declared is served",
    side=Side.DATA_SCIENCE,
    levels=Levels(None, WARNING, ERROR),
    why="A path that the bento does not have answers 404 to everybody who calls it, and no rollout sees that: a 404 is "
    "no error of the server's.",
    fix="Declare the path as the bento has it, or give the bento that route. A route of a mounted application is none "
    "that a bento names: waive this then.",
    accept="Each path of spec.model.interface is one that the bento named when it was profiled.",
    snippet="model:\n  interface:\n  - path: /predict",
)
def served(facts: Facts) -> Answer:
    """Compare the declared routes with those that the bento named when it was measured."""
    declared = [route for route in facts.spec.model.interface or [] if route.method == "POST"]
    if not declared:
        return not_applicable("no route is declared that a bento would name")
    profile = of_profile(facts)
    if isinstance(profile, Answer):
        return profile
    if profile.routes is None:
        return not_applicable("the profile does not say which routes the bento has")
    missing = [route.path for route in declared if route.path not in profile.routes]
    if missing:
        had = ", ".join(profile.routes[:5]) or "none"
        told = f"the bento named no {' and no '.join(missing[:5])} when it was measured; it has {had}"
        return fails(told, "spec", "model", "interface")
    return passes(f"{len(declared)} of the bento's own")


@Question(
    id="TDM034",
    title="No promise is weakened together with a new version",
    side=Side.BOTH,
    levels=Levels(None, WARNING, ERROR),
    why="A worse version passes if the objective that it misses is relaxed in the same change, and callers break if "
    "what they send or rely on goes. Tandem holds it to the old promise all the same, and the rollout may stop there.",
    fix="Weaken a promise in a change of its own, while the old version serves, so that everybody sees it; or name its "
    "hash in spec.rollout.acceptWeakening.",
    accept="The change that brings the new image promises no less, or names each difference in acceptWeakening.",
)
def weakening(facts: Facts) -> Answer:
    """Compare the objectives with those of the version before, where the image is another one."""
    if facts.first:
        return not_applicable("nothing ran before")
    if facts.before is None:
        return unknown("what ran before is not known", because=AGAINST)
    if facts.before.image == facts.spec.model.image:
        return not_applicable("the image is the same: relaxing an objective is a change of its own")
    accepted = facts.spec.rollout.accept_weakening or []
    weaker = weakenings(contract_of(facts.spec), facts.before.contract)
    found = [f"{each.words} ({each.hash})" for each in weaker if each.hash not in accepted]
    if found:
        return fails(f"together with a new image: {'; '.join(found)}", "spec", "requirements")
    return passes("nothing was weakened")

"""Checks of what ages and what leaks: dates, waivers, tags that move, secrets in plain sight."""

import re
from typing import Final

from tandem.api.dates import day, last_day_within
from tandem.api.values import duration_seconds
from tandem.readiness.answers import Answer, Severity, Side, fails, not_applicable, passes, unknown
from tandem.readiness.checks import Levels, Question
from tandem.readiness.facts import Facts

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

SECRET_NAME: Final = re.compile(
    r"(^|_)(PASSWORD|PASSWD|PWD|SECRET|TOKEN|APIKEY|API_KEY|ACCESS_KEY|PRIVATE_KEY|SECRET_KEY|CREDENTIALS?)(_|$)",
    re.IGNORECASE,
)
"""Whole words: TOKENIZERS_PARALLELISM is no secret."""

NOT_THE_SECRET: Final = re.compile(r"_(FILE|PATH|DIR|NAME|URL|ENDPOINT|LIMIT|TTL|HEADER)$", re.IGNORECASE)
SECRET_VALUE: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30,}|\bxox[abpr]-[A-Za-z0-9-]{10,}"
    r"|\bsk-[A-Za-z0-9_-]{20,}|\beyJ[A-Za-z0-9_-]{10,}\.eyJ|^[a-z][a-z0-9+.-]*://[^/\s:@]+:[^/\s@]+@"
)
PLAIN_VALUE: Final = re.compile(r"^(|true|false|yes|no|on|off|none|null|[0-9]{1,6}|/.*)$", re.IGNORECASE)

MOVING_TAGS: Final = frozenset({"latest", "main", "master", "dev", "develop", "edge", "nightly", "stable", "prod"})


@Question(
    id="TDM026",
    title="No secret stands in plain sight",
    side=Side.ENGINEERING,
    levels=Levels(WARNING, ERROR, ERROR),
    why="Environment values are in Git, in every revision, and shown to everybody who may look at the object.",
    fix="Put it into a Secret, name that in spec.model.secrets, and change the secret: it has been seen.",
    accept="The value is in a Secret, was changed, and is no longer in spec.model.env.",
    snippet="model:\n  secrets: [{secret: fraud-db, env: true}]",
)
def secrets(facts: Facts) -> Answer:
    """Look for secrets among the environment values. The message never holds the value."""
    for index, each in enumerate(facts.spec.model.env or []):
        named = SECRET_NAME.search(each.name) and not NOT_THE_SECRET.search(each.name)
        if SECRET_VALUE.search(each.value) or (named and not PLAIN_VALUE.match(each.value)):
            return fails(f"the value of {each.name} looks like a secret", "spec", "model", "env", index)
    return passes("none was found") if facts.spec.model.env else not_applicable("there are no environment values")


@Question(
    id="TDM030",
    title="The day of review has not passed",
    side=Side.BOTH,
    levels=Levels(INFO, WARNING, ERROR),
    why="Needs change and owners leave. What nobody has looked at for a year describes another service.",
    fix="Look at the declaration together, change what is no longer true, and set the next day.",
    accept="Both teams looked at the declaration, and spec.reviewBy is the next day on which they do.",
    snippet="reviewBy: 2027-06-30",
)
def review(facts: Facts) -> Answer:
    """Ask for a day of review that is to come; only what is critical must name one."""
    declared = facts.spec.review_by
    if declared is None:
        if facts.tier == "Critical":
            return fails("no day of review is declared", "spec", "reviewBy")
        return not_applicable("no day of review is declared")
    late = (facts.today - day(declared)).days
    if late > 0:
        return fails(f"the review was due on {declared}, {_days(late)} ago", "spec", "reviewBy")
    return passes(f"due on {declared}")


@Question(
    id="TDM031",
    title="The model is not older than it may be",
    side=Side.DATA_SCIENCE,
    levels=Levels(INFO, WARNING, ERROR),
    why="The world that it was trained on passes; its answers get worse without any error.",
    fix="Train it anew, or find out that it is still good and raise requirements.maxAge.",
    accept="spec.model.trained is less than spec.requirements.maxAge ago.",
    snippet="model:\n  trained: 2027-01-15",
)
def age(facts: Facts) -> Answer:
    """Compare the day of training with the largest age."""
    longest, trained = facts.spec.requirements.max_age, facts.spec.model.trained
    if longest is None:
        return not_applicable("no largest age is declared")
    if trained is None:
        told = f"it may be at most {longest} old, and model.trained is not declared"
        return unknown(told, "spec", "model", "trained", fix="Declare the day of training in spec.model.trained.")
    since = day(trained)
    told = f"it was trained on {trained}, {_days((facts.today - since).days)} ago, and may be at most {longest} old"
    last = last_day_within(since, duration_seconds(longest))
    if last is not None and facts.today > last:
        return fails(told, "spec", "model", "trained")
    return passes(told)


@Question(
    id="TDM032",
    title="No waiver has expired",
    side=Side.BOTH,
    levels=Levels(WARNING, WARNING, ERROR),
    why="A waiver is a promise with a date. One that nobody renews was a way of not looking.",
    fix="Do what was put off and remove the waiver; or agree on a new day.",
    accept="Each entry of spec.waivers lies in the future and names a check that there is.",
    waivable=False,
)
def waivers(facts: Facts) -> Answer:
    """Look for waivers that have expired, or that waive what does not exist."""
    for index, waiver in enumerate(facts.spec.waivers or []):
        late = (facts.today - day(waiver.until)).days
        if late > 0:
            told = f"the waiver of {waiver.check} ended on {waiver.until}, {_days(late)} ago"
            return fails(told, "spec", "waivers", index, "until")
    return passes("none has") if facts.spec.waivers else not_applicable("there are no waivers")


@Question(
    id="TDM033",
    title="The image's tag stands for one image",
    side=Side.ENGINEERING,
    levels=Levels(None, WARNING, ERROR),
    why="When a tag moves, pods of one version run different models, no rollout takes place, and there is no way back.",
    fix="Use a tag that is pushed once, such as the bento's version, or a digest.",
    accept="spec.model.image has a tag that is pushed once, or a digest.",
    snippet="model:\n  image: registry.corp/fraud:2.1.0",
)
def tag(facts: Facts) -> Answer:
    """Ask for an image that stays what it is."""
    image = facts.spec.model.image
    if "@" in image:
        return passes("a digest")
    given = image.rpartition("/")[2].partition(":")[2]
    if not given or given.lower() in MOVING_TAGS:
        return fails(f"tag {given or 'latest (none is given)'} is pushed again and again", "spec", "model", "image")
    return passes(f"tag {given}")


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"

"""The full record of one revision as Markdown, to be pasted into an incident or a pull request."""

from collections.abc import Iterator
from datetime import datetime

from tandem.account.past import order_told, version_told
from tandem.account.seen import Seen
from tandem.account.shares import percent
from tandem.account.tell import verdict_told
from tandem.account.times import clock
from tandem.api.objects import ModelRevision
from tandem.manifests.changes import MAX_CHANGE, changes
from tandem.manifests.declared import declared_values, stored_contents, stored_declaration
from tandem.manifests.fields import CONFIG_FIELD, ENV_FIELD
from tandem.manifests.text import to_yaml

PRIVATE = frozenset({ENV_FIELD, "serving.startup.warmup"})
"""Fields whose content may be credentials or rows of people: what there is of them is counted, never shown."""


def record_of(seen: Seen, revision: ModelRevision, now: datetime) -> str:
    """Return the record. Content that may be private is counted and named, never shown."""
    return "\n".join(_lines(seen, revision, now)).rstrip() + "\n"


def _lines(seen: Seen, revision: ModelRevision, now: datetime) -> Iterator[str]:
    yield f"# {seen.namespace}/{revision.metadata.name}"
    yield ""
    yield f"A version of the model `{seen.name}`, as recorded at {clock(now)}."
    yield ""
    yield from _facts(seen, revision)
    yield from _section("What it changes", list(_changes(seen, revision)))
    yield from _section("Evidence", list(_evidence(revision)))
    yield from _section("Orders of people", list(_orders(seen, revision)))
    yield from _section("Events that are still kept", list(_events(seen, revision)))
    yield from _section("Declaration", list(_declaration(revision)))


def _section(title: str, lines: list[str]) -> Iterator[str]:
    yield ""
    yield f"## {title}"
    yield ""
    yield from lines or ["None is recorded."]


def _facts(seen: Seen, revision: ModelRevision) -> Iterator[str]:
    told = version_told(seen, revision)
    requirements = seen.deployment.status.stable.contract if seen.deployment.status.stable else None
    facts = {
        "image": f"`{told.image}`",
        "images that its pods ran": ", ".join(f"`{each}`" for each in told.images_run) or "none yet",
        "made": clock(told.made) if told.made else "unknown",
        "phase": f"{told.phase or 'unknown'}" + (f" since {clock(told.since)}" if told.since else ""),
        "why": _cell(": ".join(filter(None, (told.reason, told.message))) or "unknown"),
        "attempts": str(told.attempts),
        "served before": "yes" if told.served else "no",
        "renderer": revision.spec.renderer,
        "stable is held to": f"`{requirements.to_dict()}`" if requirements and requirements.to_dict() else "nothing",
    }
    yield "| | |"
    yield "|---|---|"
    yield from (f"| {name} | {value} |" for name, value in facts.items())


def _changes(seen: Seen, revision: ModelRevision) -> Iterator[str]:
    """Compare with the newest version before it that is kept."""
    older = [state for state in seen.states.values() if state.revision.spec.number < revision.spec.number]
    if not older:
        yield "No version before it is kept to compare with."
        return
    before = max(older, key=lambda state: state.revision.spec.number).revision
    yield f"Against `{before.metadata.name}` (`{before.spec.image}`):"
    yield ""
    lines = changes(stored_declaration(revision.spec), before.spec)
    for line in lines or ["nothing that decides behaviour"]:
        yield f"- {line if len(line) <= MAX_CHANGE else f'{line[: MAX_CHANGE - 1]}…'}"


def _evidence(revision: ModelRevision) -> Iterator[str]:
    told = verdict_told(revision.status.verdict, revision.metadata.name, "what it was compared with")
    if told is None:
        return
    yield f"{told.verdict}, by {told.metric}: {told.sentence}"
    yield ""
    yield "| | requests | bad | rate | between |"
    yield "|---|---:|---:|---:|---|"
    for each in told.counted:
        between = f"{percent(each.low)} and {percent(each.high)}"
        yield f"| {each.revision} | {each.requests:,} | {each.bad:,} | {percent(each.rate)} | {between} |"


def _orders(seen: Seen, revision: ModelRevision) -> Iterator[str]:
    order = order_told(seen, revision)
    if order is not None:
        yield f"- {clock(order.at)} {order.verb} (id `{order.id}`): {order.result}"


def _events(seen: Seen, revision: ModelRevision) -> Iterator[str]:
    name = revision.metadata.name
    for event in seen.events:
        # Tandem tells the story of a version on the model, and names the version in it.
        if event.about == name or name in event.message.replace(",", " ").replace(":", " ").split():
            yield f"- {clock(event.at)} {event.reason}: {event.message}"


def _declaration(revision: ModelRevision) -> Iterator[str]:
    values = declared_values(revision.spec)
    shown = {name: value for name, value in values.items() if name not in PRIVATE | {CONFIG_FIELD}}
    yield "```yaml"
    yield to_yaml(shown).rstrip()
    yield "```"
    for name in sorted(PRIVATE & values.keys()):
        yield f"- `{name}`: {len(values[name] or ())} entries, not shown"
    for path, content in stored_contents(revision.spec).items():
        yield f"- ConfigMap at `{path}`: {', '.join(f'`{key}`' for key in sorted(content.keys()))}, not shown"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")

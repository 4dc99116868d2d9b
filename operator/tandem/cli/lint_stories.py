"""What ``tandem lint`` found, as items for the backlog: Markdown with the owner's side and an acceptance criterion."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tandem.api.spec import Owner, Owners
from tandem.readiness import Finding, Side, told

if TYPE_CHECKING:
    from tandem.cli.linted import Linted


def stories(found: "Sequence[Linted]") -> str:
    """Return an item for each finding that no waiver puts off, what weighs most first."""
    items = ["\n".join(_story(model, each)) for model in found for each in told(model.findings) if each.counts]
    broken = [f"{problem}: correct it first" for model in found for problem in model.problems]
    return "\n\n".join([*broken, *items]) or "Nothing is missing."


def _story(model: "Linted", found: Finding) -> Iterator[str]:
    question = found.check.question
    assert model.deployment is not None
    yield f"## {model.name}: {question.title} ({question.id})"
    yield ""
    yield f"- Side: {_side(question.side, model.deployment.spec.owners)}"
    yield f"- Severity: {found.severity} (tier {model.deployment.spec.tier})"
    yield f"- Where: `{model.document.path}`, line {model.document.line(found.answer.where)}"
    yield ""
    yield f"Now: {found.answer.message}. {question.why}"
    yield ""
    yield f"To do: {found.fix}"
    if question.snippet:
        yield f"\n```yaml\n{question.snippet}\n```"
    yield ""
    yield f"Done when: {question.accept}"


def _side(side: Side, owners: Owners) -> str:
    sides = {
        Side.DATA_SCIENCE: ("data science", owners.data_science),
        Side.ENGINEERING: ("engineering", owners.engineering),
    }
    asked = [side] if side is not Side.BOTH else [Side.DATA_SCIENCE, Side.ENGINEERING]
    return " and ".join(_owner(*sides[each]) for each in asked)


def _owner(word: str, owner: Owner | None) -> str:
    return f"{word} ({owner.team}, {owner.contact})" if owner is not None else f"{word} (no owner declared)"

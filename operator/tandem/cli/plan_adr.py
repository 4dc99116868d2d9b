"""A plan as an architecture decision record: Markdown that is committed, and says on what it was decided."""

from collections.abc import Sequence

from tandem.planning import Finding, Number


def record(
    title: str, context: Sequence[str], numbers: Sequence[Number], found: Sequence[Finding], objects: Sequence[str]
) -> str:
    """Return the record: context, decision, consequences, and every number with its source."""
    unmet = [finding for finding in found if finding.unmet]
    status = "Rejected: a requirement cannot be met" if unmet else "Proposed"
    lines = [f"# {title}", "", f"Status: {status}", "", "## Context", "", *(f"- {line}" for line in context)]
    lines += ["", "## Decision", "", f"{title}. Tandem makes of it: {', '.join(objects)}.", "", "## Consequences", ""]
    lines += [f"- {'Cannot be met' if each.unmet else 'To do'}: `{each.field}` {each.what}" for each in found]
    lines += [] if found else ["- The requirements are met with what is declared."]
    lines += ["", "## Numbers", "", "| what | value | where it comes from |", "|---|---|---|"]
    lines += [f"| {each.name} | {each.value} | {each.source.replace('|', '/')} |" for each in numbers]
    return "\n".join(lines)

"""``tandem history``: the versions of a model over time, orders of people, and events that are still kept."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tandem.cli.access import Access, Context, Kubeconfig, Namespace
from tandem.cli.get import Model, OutputOption, read_one
from tandem.cli.values import Output

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tandem.account.past import Past


def command(
    model: Model,
    output: OutputOption = Output.TABLE,
    namespace: Namespace = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> None:
    """Show what became of each version that is kept, and why; who ordered what; and the last hour's events.

    Versions that were served before are kept as far as spec.rollback.keepRevisions goes.

    Example: tandem history fraud -n payments
    """
    from tandem.account.past import past_of
    from tandem.cli.screen import console
    from tandem.cli.writing import write_data

    past = past_of(read_one(Access(namespace, context, kubeconfig), model, events=True))
    if output is not Output.TABLE:
        write_data({"format": 1, **past.to_dict()}, output)
        return
    shown = console()
    for part in parts(past, datetime.now(UTC)):
        shown.print(part)


def parts(past: "Past", now: datetime) -> "list[RenderableType]":
    """Return the past as tables."""
    from rich.text import Text

    found: list[RenderableType] = [Text(f"{past.namespace}/{past.model}", style="bold"), _versions(past, now)]
    orders = sorted((each.order for each in past.versions if each.order), key=lambda order: order.at)
    if orders:
        found += [Text(), Text("Orders of people", style="bold")]
        found += [
            Text(f"  {each.at:%Y-%m-%d %H:%M:%SZ}  {each.verb} of {each.revision} (id {each.id}): {each.result}")
            for each in orders
        ]
    found += [Text(), Text("Events that are still kept", style="bold")]
    found += [
        Text(
            f"  {event.at:%Y-%m-%d %H:%M:%SZ}  {event.reason}: {event.message}", style="yellow" if event.warning else ""
        )
        for event in past.events
    ] or [Text("  none: most API servers forget them after an hour", style="dim")]
    return found


def _versions(past: "Past", now: datetime) -> "RenderableType":
    from rich.table import Table
    from rich.text import Text

    from tandem.account.rows import tag
    from tandem.account.times import lasted

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("NO", "VERSION", "MADE", "PHASE", "FOR", "TRIED", "SERVED", "WHY"):
        table.add_column(heading, no_wrap=heading != "WHY", overflow="fold")
    for each in past.versions:
        table.add_row(
            str(each.number),
            tag(each.image),
            f"{each.made:%Y-%m-%d %H:%MZ}" if each.made else "?",
            Text(each.phase or "?"),
            lasted(each.since, now) if each.since else "",
            f"{each.attempts}x",
            "yes" if each.served else "no",
            ": ".join(filter(None, (each.reason, each.message))),
        )
    return table

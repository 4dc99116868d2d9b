"""``tandem get``: the models of a namespace, or one model with everything that matters at 3 a.m."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from tandem.cli.access import NOT_COME_ABOUT, Access, Context, Kubeconfig, Namespace, end, run
from tandem.cli.completion import complete_model
from tandem.cli.values import Output

if TYPE_CHECKING:
    from tandem.account.rows import Row
    from tandem.account.seen import Seen
    from tandem.cluster.client import Cluster

Model = Annotated[str, typer.Argument(help="Name of the ModelDeployment.", autocompletion=complete_model)]
AllNamespaces = Annotated[bool, typer.Option("--all-namespaces", "-A", help="The models of all namespaces.")]
OutputOption = Annotated[Output, typer.Option("--output", "-o", help="How to write it.")]


def command(
    model: Annotated[
        str | None, typer.Argument(help="One model; without it, all.", autocompletion=complete_model)
    ] = None,
    all_namespaces: AllNamespaces = False,
    output: OutputOption = Output.TABLE,
    namespace: Namespace = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> None:
    """Show all models in a table, or one with everything that matters at 3 a.m.

    Of one model: what serves, what is tried, what is wrong, the evidence, what changed, what is safe to do next, and
    whom to call. With your own rights; what they do not let you read is told of at the end.

    Examples: tandem get; tandem get -A -o json; tandem get fraud -n payments
    """
    access = Access(namespace, context, kubeconfig)
    if model is None:
        _show_all(access, all_namespaces, output)
    else:
        _show_one(access, model, output)


def _show_one(access: Access, name: str, output: Output) -> None:
    from tandem.account.tell import account_of
    from tandem.cli.screen import console, screen
    from tandem.cli.writing import write_data

    now = datetime.now(UTC)
    account = account_of(read_one(access, name), now)
    if output is Output.TABLE:
        console().print(screen(account, now), crop=False)
    else:
        write_data(account.document(), output)


def read_one(access: Access, name: str, *, events: bool = False) -> "Seen":
    """Return a model as it is now, or end the command with why it cannot be read."""
    from tandem.api.objects import InvalidObject
    from tandem.cli.reading import Bodies, read_bodies, seen_of

    async def read(cluster: "Cluster", namespace: str) -> Bodies:
        return await read_bodies(cluster, namespace, name, events=events)

    bodies = run(access, read)
    try:
        return seen_of(bodies, access.flags)
    except InvalidObject as error:
        end(NOT_COME_ABOUT, f"this tandem cannot read it: {error}; is it older than the operator?")


def _show_all(access: Access, everywhere: bool, output: Output) -> None:
    from tandem.cli.writing import write_data

    found = _read_all(access, everywhere)
    if output is not Output.TABLE:
        write_data({"format": 1, "models": [row.to_dict() for row in found]}, output)
    elif not found:
        typer.echo("there is no ModelDeployment " + ("in any namespace" if everywhere else "here; -A looks everywhere"))
    else:
        _print(found, everywhere)


def _read_all(access: Access, everywhere: bool) -> "list[Row]":
    from tandem.account.rows import rows
    from tandem.api.objects import parse_deployment, parse_revision
    from tandem.cli.reading import list_all, readable

    async def read(cluster: "Cluster", namespace: str) -> "list[Row]":
        deployments, revisions = await list_all(cluster, None if everywhere else namespace)
        return rows(readable(parse_deployment, deployments), readable(parse_revision, revisions))

    return run(access, read)


def _print(found: "list[Row]", everywhere: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    from tandem.account.rows import HEADINGS, cells
    from tandem.cli.screen import console, phase_style

    now = datetime.now(UTC)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("NAMESPACE", *HEADINGS) if everywhere else HEADINGS:
        table.add_column(heading, no_wrap=heading != HEADINGS[-1], overflow="fold")
    for row in found:
        name, phase, *others = cells(row, now)
        texts = [Text(name, style="bold"), Text(phase, style=phase_style(phase)), *map(Text, others)]
        table.add_row(*([Text(row.namespace)] if everywhere else []), *texts)
    console().print(table)

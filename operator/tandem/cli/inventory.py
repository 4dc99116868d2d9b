"""``tandem inventory``: the whole fleet as a table, CSV, JSON or YAML."""

import sys
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from tandem.cli.access import Access, Context, Kubeconfig, Namespace, run
from tandem.cli.values import Output

if TYPE_CHECKING:
    from tandem.account.fleet import Entry
    from tandem.cluster.client import Cluster


class Format(StrEnum):
    """How the inventory is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    YAML = "yaml"


def command(
    output: Annotated[Format, typer.Option("--output", "-o", help="How to write it.")] = Format.TABLE,
    namespace: Namespace = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> None:
    """List every model: owner, tier, what serves and for how long, open findings, waivers that expire within 30 days.

    All namespaces, unless one is named.

    Example: tandem inventory -o csv > models.csv
    """
    from tandem.cli.writing import write_data

    now = datetime.now(UTC)
    entries = _read(Access(namespace, context, kubeconfig), now)
    if output is Format.TABLE:
        _print(entries, now)
    elif output is Format.CSV:
        _write_csv(entries)
    else:
        write_data({"format": 1, "models": [entry.to_dict() for entry in entries]}, Output(output.value))


def _read(access: Access, now: datetime) -> "list[Entry]":
    from tandem.account.fleet import fleet
    from tandem.api.objects import parse_deployment, parse_revision
    from tandem.cli.reading import list_all, readable

    async def read(cluster: "Cluster", _: str) -> "list[Entry]":
        deployments, revisions = await list_all(cluster, access.namespace)
        found = readable(lambda body: (parse_deployment(body), body), deployments)
        return fleet(found, readable(parse_revision, revisions), now)

    return run(access, read)


def _print(entries: "list[Entry]", now: datetime) -> None:
    from rich.table import Table
    from rich.text import Text

    from tandem.account.fleet import HEADINGS, cells
    from tandem.cli.screen import console, phase_style

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("NAMESPACE", *HEADINGS):
        table.add_column(heading, overflow="fold")
    for entry in entries:
        texts = [Text(text) for text in cells(entry, now)]
        texts[HEADINGS.index("PHASE")].stylize(phase_style(entry.phase))
        texts[HEADINGS.index("EXPIRING")].stylize("yellow")
        table.add_row(Text(entry.namespace), *texts)
    console().print(table)


def _write_csv(entries: "list[Entry]") -> None:
    import csv

    from tandem.account.fleet import COLUMNS, flat

    writer = csv.DictWriter(sys.stdout, [*COLUMNS, "expiring"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat(entry) for entry in entries)

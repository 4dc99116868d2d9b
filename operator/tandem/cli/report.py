"""``tandem report``: the full record of one revision as Markdown."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from tandem.cli.access import NOT_FOUND, Access, Context, Kubeconfig, Namespace, end
from tandem.cli.get import read_one
from tandem.cli.values import refuse


def command(
    revision: Annotated[str, typer.Argument(help="Name of a ModelRevision, such as fraud-r7.")],
    namespace: Namespace = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> None:
    """Write one version's full record as Markdown, for an incident or a pull request.

    Declaration, what it changes against its predecessor, evidence, orders, events, images. Environment values, warm-up
    requests and the content of ConfigMaps are named and never shown.

    Example: tandem report fraud-r7 -n payments > incident.md
    """
    from tandem.account.record import record_of

    model, separator, number = revision.rpartition("-r")
    if not separator or not number.isdigit():
        refuse(f"{revision!r} is no name of a revision: those are called MODEL-rNUMBER, such as fraud-r7")
    seen = read_one(Access(namespace, context, kubeconfig), model, events=True)
    found = seen.revision(revision)
    if found is None:
        there = ", ".join(sorted(seen.states)) or "none"
        end(NOT_FOUND, f"{model} keeps no revision {revision}; there are: {there}")
    typer.echo(record_of(seen, found, datetime.now(UTC)), nl=False)

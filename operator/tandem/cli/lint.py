"""``tandem lint``: every readiness check, without a cluster."""

from enum import StrEnum
from typing import Annotated

import typer

from tandem.cli.values import refuse


class Output(StrEnum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    STORIES = "stories"


class Tier(StrEnum):
    """A tier, for --tier."""

    EXPERIMENT = "Experiment"
    STANDARD = "Standard"
    CRITICAL = "Critical"


class FailOn(StrEnum):
    """From which severity on the exit code is 1."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


def command(
    files: Annotated[
        list[str],
        typer.Argument(help="Files or folders with ModelDeployments and their ConfigMaps; - for standard input."),
    ],
    output: Annotated[Output, typer.Option("--output", "-o", help="How to write the findings.")] = Output.TEXT,
    against: Annotated[
        str | None,
        typer.Option(
            help="What ran before: a Git revision, in which the same paths are read, or a file.", metavar="REV|FILE"
        ),
    ] = None,
    tier: Annotated[Tier | None, typer.Option(help="Check as if the models were of this tier.")] = None,
    fail_on: Annotated[FailOn, typer.Option(help="Least severity that makes the exit code 1.")] = FailOn.ERROR,
) -> None:
    """Check whether models are ready for production: what is missing, why it matters, and how to fix it.

    Nothing is asked of a cluster. docs/readiness.md lists the checks.

    Exit codes: 0 nothing of the severity of --fail-on; 1 something, or it could not be found out; 2 wrong usage, or a
    file that is not in order.

    Examples: tandem lint model.yaml; tandem lint model.yaml --against main; kustomize build . | tandem lint -o sarif -
    """
    from datetime import UTC, datetime

    from tandem.cli import linted
    from tandem.cli.documents import InvalidFile

    try:
        files = linted.files_of(files)
        before = linted.before(files, against) if against is not None else None
        found = linted.lint(files, before, tier.value if tier else None, datetime.now(UTC).date())
    except InvalidFile as error:
        refuse(str(error))
    if not found:
        refuse(f"{', '.join(files)}: no ModelDeployment of tandem.dev/v1alpha1")
    typer.echo(linted.write(found, output.value))
    raise typer.Exit(linted.exit_code(found, fail_on.value))

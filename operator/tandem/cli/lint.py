"""``tandem lint``: every readiness check, without a cluster."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tandem.cli.access import Access, Context, Kubeconfig, Namespace, run
from tandem.cli.values import refuse

if TYPE_CHECKING:
    from tandem.cli.linted import Name
    from tandem.readiness import Before


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
            help="What ran before: a Git revision, in which the same paths are read; a file; `cluster`: what serves.",
            metavar="REV|FILE|cluster",
        ),
    ] = None,
    tier: Annotated[Tier | None, typer.Option(help="Check as if the models were of this tier.")] = None,
    fail_on: Annotated[FailOn, typer.Option(help="Least severity that makes the exit code 1.")] = FailOn.ERROR,
    namespace: Namespace = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> None:
    """Check whether models are ready for production: what is missing, why it matters, and how to fix it.

    Nothing is asked of a cluster but by --against cluster. docs/readiness.md lists the checks.

    Exit codes: 0 nothing of the severity of --fail-on; 1 something, or it could not be found out; 2 wrong usage, or a
    file that is not in order; with --against cluster also 3 no cluster answers, 4 a right is missing.

    Examples: tandem lint model.yaml; tandem lint model.yaml --against main; tandem lint model.yaml --against cluster;
    kustomize build . | tandem lint -o sarif -
    """
    from datetime import UTC, datetime

    from tandem.cli import linted
    from tandem.cli.documents import InvalidFile

    try:
        files = linted.files_of(files)
        before = _before(files, against, Access(namespace, context, kubeconfig)) if against is not None else None
        found = linted.lint(files, before, tier.value if tier else None, datetime.now(UTC).date())
    except InvalidFile as error:
        refuse(str(error))
    if not found:
        refuse(f"{', '.join(files)}: no ModelDeployment of tandem.dev/v1alpha1")
    typer.echo(linted.write(found, output.value))
    raise typer.Exit(linted.exit_code(found, fail_on.value))


def _before(files: list[str], against: str, access: Access) -> "dict[Name, Before]":
    """Return what ran before, from where ``against`` says. Raises `InvalidFile`."""
    from tandem.cli import linted
    from tandem.cli.documents import STDIN

    if against != "cluster" or Path(against).is_file():
        return linted.before(files, against)
    if STDIN in files:
        refuse("--against cluster: standard input is read once only; give a file")
    from tandem.cli.lint_live import serving

    return run(access, lambda cluster, namespace: serving(cluster, files, namespace))

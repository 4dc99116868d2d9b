"""``tandem plan``: what production of a model takes, from its requirements and its profile."""

from enum import StrEnum
from typing import Annotated

import typer

from tandem.cli.access import CLUSTER_PANEL, Access, Context, Kubeconfig
from tandem.cli.values import read_option


class PlanOutput(StrEnum):
    """How a plan is written."""

    TEXT = "text"
    JSON = "json"
    YAML = "yaml"
    ADR = "adr"


def command(
    file: Annotated[str, typer.Argument(help="File with the ModelDeployment.", metavar="FILE")],
    profile: Annotated[
        str | None,
        typer.Option(help="What `tandem profile` wrote; else NAME-profile.yaml beside the file.", metavar="FILE"),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Which one, where the file holds several.")] = None,
    margin: Annotated[str, typer.Option(help="For pods that get more than their share of the requests.")] = "10%",
    runs: Annotated[int, typer.Option(help="Rollouts that are simulated; 0 for none.", min=0, max=20_000)] = 100,
    output: Annotated[PlanOutput, typer.Option("--output", "-o", help="How to write it.")] = PlanOutput.TEXT,
    diff: Annotated[
        bool, typer.Option("--diff", help="Say what applying the file would change in the cluster.")
    ] = False,
    namespace: Annotated[
        str | None,
        typer.Option(
            "--namespace",
            "-n",
            help="With --diff; else the file's own, or default.",
            rich_help_panel=CLUSTER_PANEL,
        ),
    ] = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> None:
    """Plan a model's production: pods, memory, room, rollouts, what cannot be met; and the exact objects.

    Every number says where it comes from. Needs no cluster but for --diff. Exit codes: 0 the requirements can be met;
    1 one of them cannot; 2 wrong usage, or a file that is not in order.

    Examples: tandem plan model.yaml; tandem plan model.yaml -o adr > docs/adr/fraud.md; tandem plan model.yaml --diff
    """
    from tandem.api.values import percent_share
    from tandem.cli import plan_diff, plan_inputs, plan_result

    share = read_option("--margin", margin, percent_share)
    inputs = plan_inputs.read(file, name, profile, needs_profile=not diff)
    if diff:
        plan_diff.write(plan_diff.compare(inputs, Access(namespace, context, kubeconfig)), output)
        return
    result = plan_result.make(inputs, share, runs)
    plan_result.write(result, output)
    if any(finding.unmet for finding in result.findings):
        raise typer.Exit(1)

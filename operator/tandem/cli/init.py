"""``tandem init``: a first ModelDeployment, from a bento, from a schema before there is one, or from what runs."""

from pathlib import Path
from typing import Annotated

import typer

from tandem.cli.access import Access, Context, Kubeconfig
from tandem.cli.values import refuse

WHAT = "What is known already"
DESIGN = "Before there is a model (--design)"
EXISTING = "From what runs already (--from)"
FILES = "The files"


def command(
    bento: Annotated[
        str | None, typer.Argument(help="Tag or folder of a bento, as for `bentoml serve`.", metavar="[BENTO]")
    ] = None,
    rows: Annotated[
        str | None, typer.Option("--rows", "-r", help="With BENTO: JSON lines, one request body each.", metavar="FILE")
    ] = None,
    design: Annotated[
        bool,
        typer.Option(
            "--design", help="No model yet: write the contract and a stub bento that keeps it.", rich_help_panel=DESIGN
        ),
    ] = False,
    schema: Annotated[
        Path | None,
        typer.Option(help="OpenAPI document, or JSON Schemas `request` and `response`.", rich_help_panel=DESIGN),
    ] = None,
    request: Annotated[
        str | None,
        typer.Option(help="Fields of a request: 'amount: number 0..10000, country: AT|DE'.", rich_help_panel=DESIGN),
    ] = None,
    response: Annotated[
        str | None, typer.Option(help="Fields of an answer: 'score: number 0..1'.", rich_help_panel=DESIGN)
    ] = None,
    route: Annotated[
        str | None,
        typer.Option(help="Path of the route; default: /predict, or the bento's only one.", rich_help_panel=WHAT),
    ] = None,
    source: Annotated[
        str | None, typer.Option("--from", help="What runs: deployment/NAME.", rich_help_panel=EXISTING)
    ] = None,
    namespace: Annotated[
        str | None,
        typer.Option("--namespace", "-n", help="Its namespace; else the context's own.", rich_help_panel=EXISTING),
    ] = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    latency: Annotated[
        list[str] | None, typer.Option(help="Latency objective: p99=150ms. May be repeated.", rich_help_panel=WHAT)
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the ModelDeployment.", rich_help_panel=WHAT)] = None,
    purpose: Annotated[
        str | None, typer.Option(help="What the model is for, in one sentence.", rich_help_panel=WHAT)
    ] = None,
    owner: Annotated[
        str | None,
        typer.Option(
            help="Team that made the model, and how to reach it: risk=risk@example.com.", rich_help_panel=WHAT
        ),
    ] = None,
    engineering: Annotated[
        str | None, typer.Option(help="The same of the team that runs it.", rich_help_panel=WHAT)
    ] = None,
    image: Annotated[str | None, typer.Option(help="Name of the image.", rich_help_panel=WHAT)] = None,
    service: Annotated[
        str | None, typer.Option(help="Name of the bento's service (its class).", rich_help_panel=WHAT)
    ] = None,
    gateway: Annotated[
        str | None, typer.Option(help="Gateway that serves it, as namespace/name.", rich_help_panel=WHAT)
    ] = None,
    host: Annotated[str | None, typer.Option(help="Host name at the gateway.", rich_help_panel=WHAT)] = None,
    path: Annotated[str | None, typer.Option(help="Path at the gateway; default: /NAME.", rich_help_panel=WHAT)] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the files; default: NAME.", rich_help_panel=FILES)
    ] = None,
    two_files: Annotated[
        bool,
        typer.Option("--two-files", help="One file for each team, put together by kustomize.", rich_help_panel=FILES),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.", rich_help_panel=FILES)] = False,
) -> None:
    """Write a first ModelDeployment, with comments that say why each field is there and what is still missing."""
    from tandem.cli.init_known import Known, Target

    known = Known(name, purpose, owner, engineering, image, service, tuple(latency or ()), gateway, host, path)
    if sum((design, source is not None, bento is not None)) != 1:
        refuse("say what to begin with, and only one: BENTO, --design or --from deployment/NAME")
    if bento is not None:
        from tandem.cli.init_bento import write_bento

        write_bento(known, bento, rows, route, Target(out, two_files, force))
    elif source is not None:
        no_use: dict[str, object] = {"--image": image, "--gateway": gateway, "--host": host, "--path": path}
        no_use |= {"--rows": rows, "--route": route, "--schema": schema, "--request": request, "--response": response}
        if given := [option for option, value in no_use.items() if value is not None]:
            refuse(f"{', '.join(given)}: --from reads what runs, and does not take that; change the files afterwards")
        from tandem.cli.init_existing import write_existing

        write_existing(known, source, Access(namespace, context, kubeconfig), Target(out, two_files, force))
    else:
        from tandem.cli.init_design import Wishes, write_design

        write_design(known, Wishes(schema, request, response, route or "/predict"), Target(out, two_files, force))

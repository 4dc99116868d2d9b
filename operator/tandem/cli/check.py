"""``tandem check``: the questions of spec.quality, asked of a bento on this machine or in CI."""

from pathlib import Path
from typing import Annotated

import typer

from tandem.cli.values import refuse


def command(
    file: Annotated[str, typer.Argument(help="File with the ModelDeployment; - for standard input.", metavar="FILE")],
    url: Annotated[list[str], typer.Option(help="Where the bento answers, such as http://localhost:3000; repeatable.")],
    name: Annotated[str | None, typer.Option(help="Which one, where the file holds several.")] = None,
    stable: Annotated[
        list[str] | None, typer.Option(help="Where the version that serves answers, to compare with; repeatable.")
    ] = None,
    rows: Annotated[
        list[str] | None,
        typer.Option(
            help="File with the rows of a ConfigMap, Secret or path of the declaration; repeatable. "
            "Manifests of ConfigMaps and Secrets may also be in FILE itself.",
            metavar="NAME=FILE",
        ),
    ] = None,
    output: Annotated[str, typer.Option("--output", "-o", help="text, json or markdown.")] = "text",
    details: Annotated[
        str | None,
        typer.Option(help="Write what was asked and answered where something was missed; private.", metavar="FILE"),
    ] = None,
) -> None:
    """Ask a version the questions of spec.quality, with the code that asks them in the cluster.

    Interface, edge cases, quality by group, answers against the version that serves, and whether answers stay the same.

    Exit codes: 0 it passed; 1 it is refused; 2 wrong usage, rows that are not in order, or nobody answered.

    Examples: tandem check model.yaml --url http://localhost:3000 --rows fraud-edge-cases=cases.jsonl
    """
    from tandem.cli import check_report, check_run

    if output not in check_report.WRITERS:
        refuse(f"--output is one of {', '.join(check_report.WRITERS)}")
    result = check_run.run(file, name, url, stable or [], rows or [])
    typer.echo(check_report.WRITERS[output](result.revision, result.report))
    if details is not None:
        Path(details).write_text(check_report.details_text(result.details), encoding="utf-8")
    raise typer.Exit(0 if result.report.passed else 1)

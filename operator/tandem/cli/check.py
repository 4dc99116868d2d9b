"""``tandem check``: the questions of spec.quality, asked of a bento on this machine or in CI."""

from pathlib import Path
from typing import Annotated

import typer

from tandem.cli.values import read_option, refuse


def command(
    file: Annotated[str, typer.Argument(help="File with the ModelDeployment; - for standard input.", metavar="FILE")],
    bento: Annotated[
        str | None,
        typer.Option(help="Tag or folder of the bento, as for `bentoml serve`; it is started, asked and ended."),
    ] = None,
    copies: Annotated[int, typer.Option(help="How many of it are started, as its pods would be.", min=1, max=8)] = 2,
    url: Annotated[
        list[str] | None,
        typer.Option(help="Where a bento answers that runs already, such as http://localhost:3000; repeatable."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Which one, where the file holds several.")] = None,
    stable_bento: Annotated[
        str | None, typer.Option(help="Tag or folder of the version that serves, to compare with.")
    ] = None,
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
    bentoml: Annotated[str | None, typer.Option(help="The bentoml to run; else the one on PATH.")] = None,
    startup: Annotated[str, typer.Option(help="Longest until a bento is ready.")] = "60s",
    output: Annotated[str, typer.Option("--output", "-o", help="text, json or markdown.")] = "text",
    details: Annotated[
        str | None,
        typer.Option(help="Write what was asked and answered where something was missed; private.", metavar="FILE"),
    ] = None,
) -> None:
    """Ask a version the questions of spec.quality, with the code that asks them in the cluster.

    Interface, edge cases, quality by group, answers against the version that serves, and whether answers stay the same.

    Exit codes: 0 it passed; 1 it is refused; 2 wrong usage, rows that are not in order, a bento that does not start, or
    nobody answered.

    Examples: tandem check model.yaml --bento fraud:2.1.0 --rows fraud-edge-cases=cases.jsonl;
    tandem check model.yaml --url http://localhost:3000 --output markdown
    """
    from tandem.api.values import duration_seconds
    from tandem.cli import check_report, check_run
    from tandem.cli.check_asked import Starting, version_of

    if output not in check_report.WRITERS:
        refuse(f"--output is one of {', '.join(check_report.WRITERS)}")
    candidate = version_of(url or [], bento, "url", copies)
    if not candidate.wanted:
        refuse("say who is asked: --bento with a bento's tag or folder, or --url where one answers")
    result = check_run.run(
        check_run.Questions(file, name, rows or []),
        candidate,
        version_of(stable or [], stable_bento, "stable"),
        Starting(bentoml, read_option("--startup", startup, duration_seconds)),
    )
    typer.echo(check_report.WRITERS[output](result.name, result.report))
    if details is not None:
        try:
            # Half a character of an answer is written as JSON escapes it.
            text = check_report.details_text(result.details)
            Path(details).write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            refuse(f"--details: {error}")
    raise typer.Exit(0 if result.report.passed else 1)

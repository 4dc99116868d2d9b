"""``tandem profile``: what one pod of a bento can do, measured on the bento itself."""

from typing import TYPE_CHECKING, Annotated

import typer

from tandem.cli.access import Access, Context, Kubeconfig
from tandem.cli.values import Output, read_option, refuse

if TYPE_CHECKING:
    from tandem.cli.profile_subject import Subject

SUBJECT = "What is measured"
POD = "In a cluster"
BOUNDS = "How long it may take"
RESULT = "The result"


def command(
    bento: Annotated[
        str | None, typer.Argument(help="Tag or folder of the bento, as for `bentoml serve`.", metavar="[BENTO]")
    ] = None,
    rows: Annotated[
        str, typer.Option("--rows", "-r", help="JSON lines: one request body each, or {path, body}.", metavar="FILE")
    ] = "",
    file: Annotated[
        str | None,
        typer.Option(
            "--file", "-f", help="File with the ModelDeployment: objectives, warm-up.", rich_help_panel=SUBJECT
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Which one, where the file holds several.", rich_help_panel=SUBJECT)
    ] = None,
    path: Annotated[
        str | None, typer.Option(help="Route of the rows, such as /predict.", rich_help_panel=SUBJECT)
    ] = None,
    latency: Annotated[
        list[str] | None,
        typer.Option(help="An objective (wins over the file), such as p99=150ms.", rich_help_panel=SUBJECT),
    ] = None,
    bentoml: Annotated[
        str | None, typer.Option(help="The bentoml to run; else the one on PATH.", rich_help_panel=SUBJECT)
    ] = None,
    in_cluster: Annotated[
        bool,
        typer.Option("--in-cluster", help="Measure model.image in a pod as declared: needs -f.", rich_help_panel=POD),
    ] = False,
    meter: Annotated[
        str | None,
        typer.Option(
            help="Image of the container that calls it: the operator's.", envvar="TANDEM_IMAGE", rich_help_panel=POD
        ),
    ] = None,
    namespace: Annotated[
        str | None, typer.Option("--namespace", "-n", help="Else the file's own, or default.", rich_help_panel=POD)
    ] = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    startup: Annotated[str, typer.Option(help="Longest until it is ready.", rich_help_panel=BOUNDS)] = "60s",
    load: Annotated[str, typer.Option(help="Longest under load.", rich_help_panel=BOUNDS)] = "45s",
    answer: Annotated[str, typer.Option(help="Longest for one answer.", rich_help_panel=BOUNDS)] = "15s",
    callers: Annotated[int, typer.Option(help="Most callers at a time.", min=1, max=512, rich_help_panel=BOUNDS)] = 64,
    out: Annotated[
        str | None,
        typer.Option(
            help="Where to write the ConfigMap; else NAME-profile.yaml; - for nowhere.",
            metavar="FILE",
            rich_help_panel=RESULT,
        ),
    ] = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="How to show it.", rich_help_panel=RESULT)] = (
        Output.TABLE
    ),
    plot: Annotated[
        str | None, typer.Option(help="Draw it too: FILE.png or FILE.svg.", metavar="FILE", rich_help_panel=RESULT)
    ] = None,
) -> None:
    """Measure what one pod of a bento can do, and write it down beside the model.

    Start-up until ready; memory idle and under load; latency and throughput for 1, 2, 4, 8 … callers until the latency
    objective breaks; what SIGTERM does while requests are in progress. About a minute. The bento is run by your own
    `bentoml serve` and gone afterwards. Nothing of the rows is kept. With --in-cluster it is the declared image, in
    a pod with the declared resources: the truthful one.

    Examples: tandem profile fraud:2.1.0 --rows rows.jsonl --path /predict --latency p99=150ms;
    tandem profile fraud:2.1.0 --rows rows.jsonl -f model.yaml --plot profile.svg
    """
    from tandem.cli import plots, profile_pod, profile_result, profile_subject

    if plot is not None:
        plots.check(plot)
    if not rows:
        refuse("Say with what it is measured: --rows FILE, one request body a line")
    if in_cluster == (bento is not None):
        refuse("Say what is measured: a bento's tag or folder, as for `bentoml serve`; or --in-cluster -f FILE")
    if in_cluster and (file is None or meter is None):
        refuse("--in-cluster needs the model, -f FILE, and the operator's image, --meter IMAGE (or TANDEM_IMAGE)")
    bounds = profile_subject.Bounds(
        startup=read_option("--startup", startup, _some_time),
        load=read_option("--load", load, _some_time),
        answer=read_option("--answer", answer, _some_time),
        callers=callers,
    )
    subject: Subject = profile_subject.subject_of(file, name, bento, tuple(latency or ()))
    requests = profile_subject.rows_of(rows, path, subject)
    if bento is not None:
        profile = profile_subject.profile_locally(bento, bentoml, requests, subject, bounds)
    else:
        assert meter is not None
        place = profile_pod.Place(Access(namespace, context, kubeconfig), meter)
        profile = profile_pod.profile_in_a_pod(place, requests, subject, bounds)
    profile_result.write(profile, subject, output)
    if out != "-":
        profile_result.keep(profile, subject, out)
    if plot is not None:
        profile_result.draw(profile, subject, plot)


def _some_time(text: str) -> float:
    from tandem.api.values import duration_seconds

    seconds = duration_seconds(text)
    if seconds == 0:
        raise ValueError("has to be longer than 0s")
    return seconds

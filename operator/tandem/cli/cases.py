"""``tandem cases``: what a version was asked, what was expected and what it answered, where it missed spec.quality."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from tandem.cli.access import NOT_COME_ABOUT, NOT_FOUND, Access, Context, Kubeconfig, Namespace, end, run
from tandem.cli.get import Model

if TYPE_CHECKING:
    from tandem.api.objects import ModelRevision
    from tandem.cluster.client import Cluster
    from tandem.cluster.kinds import Object


class Form(StrEnum):
    """How they are written."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


NOTHING: Final = "nothing is kept of what"


def command(
    model: Model,
    revision: Annotated[
        str | None, typer.Option(help="This ModelRevision; else the newest that missed something.", metavar="REVISION")
    ] = None,
    output: Annotated[Form, typer.Option("--output", "-o", help="How to write them.")] = Form.TEXT,
    namespace: Namespace = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> None:
    """Show what a version was asked, what was expected and what it answered, where it missed spec.quality.

    They may be personal data: they lie in a Secret beside the version, and are read with your own rights. Of a figure
    over many rows, such as the recall of a group, there are a few of those that count against it.

    Examples: tandem cases fraud -n payments; tandem cases fraud --revision fraud-r7 -o markdown
    """
    access = Access(namespace, context, kubeconfig)
    found, secret = run(access, lambda cluster, where: _read(cluster, where, model, revision))
    if secret is None:
        end(*_why_none(model, revision, found))
    from tandem.cli.cases_report import WRITERS, Unreadable, document_of

    try:
        document = document_of(secret)
    except Unreadable as error:
        end(NOT_COME_ABOUT, f"Secret {secret['metadata']['name']}: {error}")
    typer.echo(WRITERS[output.value](document))


async def _read(
    cluster: "Cluster", namespace: str, model: str, revision: str | None
) -> "tuple[ModelRevision | None, Object | None]":
    """Return the version that is meant, and its Secret if it names one."""
    from tandem.api.names import DEPLOYMENT_LABEL
    from tandem.api.objects import parse_revision
    from tandem.cli.reading import readable
    from tandem.cluster.kinds import MODEL_DEPLOYMENT, MODEL_REVISION, Kind

    await cluster.get(MODEL_DEPLOYMENT, namespace, model)
    listed = (await cluster.list(MODEL_REVISION, namespace, f"{DEPLOYMENT_LABEL}={model}")).items
    found = _meant(list(readable(parse_revision, listed)), revision)
    report = found.status.quality if found is not None else None
    if report is None or report.cases is None or report.cases.secret is None:
        return found, None
    # Not the operator's own kind, which knows of a Secret no more than its metadata: this is a person's right.
    return found, await cluster.get(Kind("v1", "secrets", "Secret"), namespace, report.cases.secret)


def _meant(revisions: "list[ModelRevision]", revision: str | None) -> "ModelRevision | None":
    newest_first = sorted(revisions, key=lambda each: each.spec.number, reverse=True)
    if revision is not None:
        return next((each for each in newest_first if each.metadata.name == revision), None)
    asked = [each for each in newest_first if each.status.quality is not None]
    missed = [each for each in asked if each.status.quality is not None and each.status.quality.cases is not None]
    return next(iter([*missed, *asked]), None)


def _why_none(model: str, revision: str | None, found: "ModelRevision | None") -> tuple[int, str]:
    if found is None:
        none = f"no version of {model} that is kept was asked the questions of spec.quality"
        missing = f"{model} keeps no revision {revision}" if revision else none
        return NOT_FOUND, f"{missing}; see `tandem history {model}`"
    name, report = found.metadata.name, found.status.quality
    if report is None:
        return NOT_COME_ABOUT, f"{name} was not asked the questions of spec.quality, or has not answered them yet"
    if report.cases is not None and report.cases.trouble is not None:
        return NOT_COME_ABOUT, f"{NOTHING} {name} missed: {report.cases.trouble}; it said: {report.message}"
    return NOT_COME_ABOUT, _no_cases(name, report.outcome, report.message)


def _no_cases(name: str, outcome: Any, message: str) -> str:
    if outcome == "Passed":
        return f"{name} missed nothing: {message}"
    why = "spec.quality.report was None, or it is about no single request"
    return f"{NOTHING} {name} missed: {why}: {message}"

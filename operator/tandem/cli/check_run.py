"""From a file and a version to a report: what `tandem check` does."""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from tandem.api.objects import ModelDeployment
from tandem.api.quality import Quality
from tandem.cli.check_asked import Starting, Version, answering, while_there
from tandem.cli.check_rows import Rows, built_folder
from tandem.cli.documents import InvalidFile
from tandem.cli.files import read_deployment
from tandem.cli.values import refuse, stopped
from tandem.examiner.details import Details
from tandem.examiner.errors import Unfinished
from tandem.examiner.examination import examine
from tandem.examiner.plan import Plan, sources_of
from tandem.profiling import ProfilingFailed, ended_by_signals
from tandem.quality.report import Report


@dataclass(frozen=True)
class Result:
    """What came of it."""

    name: str
    """The bento, where one was started; else the deployment."""
    report: Report
    details: Details


@dataclass(frozen=True, slots=True)
class Questions:
    """What is asked: the file with the ModelDeployment, which one in it, and rows as NAME=FILE."""

    file: str
    name: str | None
    rows: Sequence[str]


def run(questions: Questions, candidate: Version, stable: Version, starting: Starting) -> Result:
    """Examine ``candidate``; ends the program with a message where that cannot be done."""
    deployment, quality = _declared(questions)
    details = Details()
    with tempfile.TemporaryDirectory(prefix="tandem-check-") as folder:
        rows = Rows(questions.file, questions.rows, Path(folder), built_folder(candidate.bento))
        cases, labelled = (tuple(rows.of(each) for each in sources) for sources in sources_of(quality))

        async def examined(told: Callable[[int], None]) -> Report:
            async with ended_by_signals(), answering((candidate, stable), starting) as both:
                interface = tuple(deployment.spec.model.interface or ())
                asked, compared = (each.addresses for each in both)
                plan = Plan(deployment.metadata.name, quality, interface, asked, compared, cases, labelled)
                return await while_there(both, examine(plan, told, details))

        name = candidate.bento or deployment.metadata.name
        return Result(name, _shown(name, examined), details)


def _declared(questions: Questions) -> tuple[ModelDeployment, Quality]:
    try:
        deployment = read_deployment(questions.file, questions.name)
    except InvalidFile as error:
        refuse(str(error))
    if deployment.spec.quality is None:
        refuse(f"{questions.file}: spec.quality is not declared, so there is nothing to ask; see docs/quality.md")
    return deployment, deployment.spec.quality


def _shown(name: str, work: Callable[[Callable[[int], None]], Coroutine[Any, Any, Report]]) -> Report:
    """Do the work with progress shown on a terminal's standard error; end the command where there is no verdict."""
    console = Console(stderr=True)
    with console.status(f"{name}: starting") as status:

        def told(asked: int) -> None:
            status.update(f"{name}: {asked} requests asked")

        try:
            return asyncio.run(work(told))
        except (Unfinished, ProfilingFailed) as error:
            status.stop()
            refuse(f"no verdict: {error}")
        except (asyncio.CancelledError, KeyboardInterrupt):
            status.stop()
            stopped(name)

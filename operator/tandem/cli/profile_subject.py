"""What ``tandem profile`` measures and for what, from the file and the options; measured with progress shown."""

import asyncio
import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar

from tandem.api.objects import ModelDeployment
from tandem.api.profile import Profile
from tandem.api.requirements import Requirements
from tandem.cli.documents import InvalidFile
from tandem.cli.files import read_deployment
from tandem.cli.rollouts import Overrides
from tandem.cli.values import fail, refuse, stopped
from tandem.manifests.edges import objectives
from tandem.profiling import ProfilingFailed, Progress, Row, Terms, ended_by_signals, local_setting, measure, serve
from tandem.profiling import read_rows as rows_in
from tandem.profiling.figures import milliseconds
from tandem.profiling.rows import request


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long it may take, in seconds, and with how many callers."""

    startup: float
    load: float
    answer: float
    callers: int


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured: its name, its declaration where there is one, and its latency objectives in seconds."""

    name: str
    deployment: ModelDeployment | None = None
    objectives: Mapping[str, float] = field(default_factory=dict)

    @property
    def path(self) -> str | None:
        """The first route of its interface that takes a body."""
        routes = self.deployment.spec.model.interface if self.deployment else None
        return next((route.path for route in routes or [] if route.method == "POST"), None)

    @property
    def warmup(self) -> list[Row]:
        """The warm-up requests that belong to its start."""
        startup = self.deployment.spec.serving.startup if self.deployment else None
        return [request(each.path, each.body) for each in (startup.warmup if startup else None) or []]

    def terms(self, bounds: Bounds, told: Callable[[Progress], None]) -> Terms:
        """Return the terms on which it is measured."""
        return Terms(
            objectives=self.objectives,
            warmup=self.warmup,
            startup=bounds.startup,
            load=bounds.load,
            answer=bounds.answer,
            most_callers=bounds.callers,
            told=told,
        )


def subject_of(file: str | None, name: str | None, bento: str | None, latency: tuple[str, ...]) -> Subject:
    """Return what is measured, or end the command with what is wrong."""
    try:
        deployment = None if file is None else read_deployment(file, name)
    except InvalidFile as error:
        refuse(str(error))
    declared = deployment.spec.requirements if deployment else Requirements()
    requirements = Overrides(latency=latency).requirements(declared)
    called = deployment.metadata.name if deployment else _name(bento or "")
    return Subject(called, deployment, objectives(requirements))


def rows_of(file: str, path: str | None, subject: Subject) -> list[Row]:
    """Return the rows, or end the command with what is wrong with them."""
    try:
        return rows_in(Path(file), path or subject.path)
    except ProfilingFailed as error:
        refuse(str(error))


def profile_locally(bento: str, program: str | None, rows: Sequence[Row], subject: Subject, bounds: Bounds) -> Profile:
    """Run the bento on this machine and measure it."""

    async def run(told: Callable[[Progress], None]) -> Profile:
        async with ended_by_signals(), serve(bento, program) as running:
            return await measure(running, rows, subject.terms(bounds, told), local_setting())

    return shown(bento, run)


def shown(what: str, run: Callable[[Callable[[Progress], None]], Coroutine[Any, Any, Profile]]) -> Profile:
    """Measure with progress shown on a terminal's standard error; end the command where it fails."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[words]}"))
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=1.0, words="")

        def told(progress: Progress) -> None:
            bar.update(task, completed=progress.share, words=_words(progress))

        try:
            return asyncio.run(run(told))
        except ProfilingFailed as error:
            bar.stop()
            fail(f"{what}: {error}")
        except (asyncio.CancelledError, KeyboardInterrupt):
            bar.stop()
            stopped(what)


def _words(progress: Progress) -> str:
    point = progress.point
    if point is None:
        return progress.words
    return f"{progress.words} (before: {point.requests_per_second:g} requests/s, p99 {milliseconds(point.p99)})"


def _name(bento: str) -> str:
    """Return a name for the ConfigMap from a tag or folder: what Kubernetes takes for one."""
    base = Path(bento).resolve().name if Path(bento).exists() else bento.partition(":")[0]
    return re.sub(r"[^a-z0-9]+", "-", base.lower()).strip("-")[:40].strip("-") or "bento"

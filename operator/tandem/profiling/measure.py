"""One bento measured from its start to its end: `measure`."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import psutil

from tandem.api.profile import LoadPoint, Memory, Profile, Setting, Startup
from tandem.profiling.bento import Bento, until_ready
from tandem.profiling.errors import ProfilingFailed
from tandem.profiling.figures import Load, broken, figure, load_point, milliseconds, next_callers
from tandem.profiling.load import Answer, Client, Span, client, under_load
from tandem.profiling.processes import Usage, cpu_seconds, is_gone, usage
from tandem.profiling.recording import own_paths
from tandem.profiling.rows import Row
from tandem.profiling.shutdown import shut_down

LEVEL: Final = Span(least=2.0, most=6.0, requests=200)
"""How long a number of callers is kept up. Of 200 requests two are above the 99th percentile: few, but not chance."""

FIRST_ROWS: Final = 10
"""Rows that are sent one by one before anything counts: do they fit the route? They warm it up, too."""

SAMPLE_EVERY: Final = 0.5
"""Seconds between two looks at the processes under load."""

DRAINED: Final = 8
"""Most callers whose requests are in progress when SIGTERM comes."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: the share of the time that is gone, in words what is being measured, and the last load point."""

    share: float
    words: str
    point: LoadPoint | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What it is measured for, and how long that may take, in seconds.

    ``objectives``: latency by name, such as p99. ``warmup``: requests that belong to the start-up. ``startup``: longest
    until it is ready. ``load``: longest under load, all numbers of callers together. ``answer``: longest for one
    answer. ``shutdown``: longest for its end. ``level``: how long a number of callers is kept up. ``told``: progress.
    """

    objectives: Mapping[str, float] = field(default_factory=dict)
    warmup: Sequence[Row] = ()
    startup: float = 60.0
    load: float = 45.0
    answer: float = 15.0
    shutdown: float = 30.0
    level: Span = LEVEL
    most_callers: int = 64
    told: Callable[[Progress], None] = lambda _: None

    @property
    def longest(self) -> float:
        """Seconds after which it is over in any case."""
        first = self.answer * (FIRST_ROWS + len(self.warmup))
        return self.startup + first + self.load + 2 * self.answer + self.shutdown


async def measure(
    bento: Bento, rows: Sequence[Row], terms: Terms, setting: Setting, image: str | None = None
) -> Profile:
    """Measure a bento that was just started, and end it with SIGTERM. Raises `ProfilingFailed`.

    ``setting``: where it runs; its time is set here. ``image``: what was measured, where it is one.
    """
    terms.told(Progress(0.0, "waiting until it is ready"))
    try:
        async with asyncio.timeout(terms.longest), client(bento.url, rows, terms.answer) as asked:
            started = await _start(bento, asked, terms)
            idle, routes = usage(bento.process), await own_paths(bento)
            await _try(asked, rows, terms)
            async with _watched(bento.process) as peak:
                points = await _sweep(bento, asked, terms)
            terms.told(Progress(0.95, "SIGTERM while requests are in progress"))
            best = max(points, key=lambda point: point.requests_per_second).concurrency
            shutdown = await shut_down(bento, asked, min(best, DRAINED), terms.shutdown)
    except TimeoutError as error:
        raise ProfilingFailed(f"it was not over within {terms.longest:.0f} s: the bento hangs now and then") from error
    terms.told(Progress(1.0, "done"))
    return Profile(
        image=image,
        bento=bento.tag,
        setting=setting.with_changes(at=datetime.now(UTC).replace(microsecond=0)),
        startup=Startup(seconds=figure(started)),
        memory=Memory(idle_bytes=idle.memory, load_bytes=max(peak.memory, idle.memory)),
        routes=routes,
        threads=max(peak.threads, idle.threads),
        load=sorted(points, key=lambda point: point.concurrency),
        shutdown=shutdown,
    )


async def _start(bento: Bento, asked: Client, terms: Terms) -> float:
    """Return the seconds from its start until it was ready and warm."""
    await until_ready(bento, terms.startup)
    for number, row in enumerate(terms.warmup, start=1):
        answer = await asked.ask(row)
        if answer.problem is not None:
            raise ProfilingFailed(f"warm-up request {number} ({row.path}): {answer.problem}")
    return bento.age


async def _try(asked: Client, rows: Sequence[Row], terms: Terms) -> None:
    """Send some rows one by one: what no answer comes to now would only be measured as errors."""
    terms.told(Progress(0.05, "the first rows, one by one"))
    answers: list[Answer] = []
    for row in rows[:FIRST_ROWS]:
        answers.append(await asked.ask(row))
        if answers[-1].problem == "not answered in time":
            raise ProfilingFailed(
                f"row {len(answers)} ({row.path}) was not answered within {terms.answer:.0f} s (--answer): "
                "does the bento hang?"
            )
    if all(answer.problem for answer in answers):
        paths = ", ".join(sorted({row.path for row in rows[:FIRST_ROWS]}))
        raise ProfilingFailed(
            f"none of the first {len(answers)} rows did well: {paths} {answers[0].problem}. Are the rows what the "
            "route takes, and is the route right (--path)?"
        )


async def _sweep(bento: Bento, asked: Client, terms: Terms) -> list[LoadPoint]:
    points: list[LoadPoint] = []
    began = time.perf_counter()
    while (callers := next_callers(points, terms.objectives, terms.most_callers)) is not None:
        gone = time.perf_counter() - began
        if points and gone + terms.level.least > terms.load:
            terms.told(
                Progress(0.9, f"the time for load is over (--load), {points[-1].concurrency} callers were the last")
            )
            break
        terms.told(Progress(0.1 + 0.8 * gone / terms.load, f"{callers} callers", points[-1] if points else None))
        points.append(await _level(bento, asked, callers, min(terms.level.most, terms.load - gone), terms))
        if is_gone(bento.process):
            raise ProfilingFailed(
                f"the bento ended with {callers} callers: out of memory? Its log says more, and is not shown here: it "
                "may hold rows"
            )
    terms.told(Progress(0.9, _found(points, terms.objectives), points[-1]))
    return points


async def _level(bento: Bento, asked: Client, callers: int, most: float, terms: Terms) -> LoadPoint:
    used, began = cpu_seconds(bento.process), time.perf_counter()
    span = Span(min(terms.level.least, most), most, terms.level.requests)
    tally = await under_load(asked, callers, span)
    cpu = (cpu_seconds(bento.process) - used) / (time.perf_counter() - began)
    load = Load(callers, tally.latencies, tally.problems.total(), tally.per_second, max(cpu, 0.0))
    if not tally.latencies and callers == 1:
        raise ProfilingFailed(f"under load nothing was answered: {tally.problems.most_common(1)[0][0]}")
    return load_point(load, gave_up=terms.answer)


def _found(points: Sequence[LoadPoint], objectives: Mapping[str, float]) -> str:
    for point in sorted(points, key=lambda point: point.concurrency):
        if (why := broken(point, objectives)) is not None:
            return f"with {point.concurrency} callers {why}"
    last = points[-1]
    return f"{last.concurrency} callers: {last.requests_per_second:g} requests/s, p99 {milliseconds(last.p99)}"


@asynccontextmanager
async def _watched(process: psutil.Process) -> AsyncIterator["_Peak"]:
    """Look at the processes now and then for the length of the block; what they used at most is known afterwards."""
    peak = _Peak()

    async def look() -> None:
        while True:
            peak.add(await asyncio.to_thread(usage, process))
            await asyncio.sleep(SAMPLE_EVERY)

    looking = asyncio.create_task(look())
    try:
        yield peak
        peak.add(usage(process))
    finally:
        looking.cancel()


@dataclass(slots=True)
class _Peak:
    memory: int = 0
    threads: int = 1

    def add(self, now: Usage) -> None:
        self.memory, self.threads = max(self.memory, now.memory), max(self.threads, now.threads)

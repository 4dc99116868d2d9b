"""The examination: all gates in their order, rows asked as they are read, nothing kept but counts and names."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AsyncExitStack
from typing import Any, Final, TypeVar

import httpx

from tandem.api.quality import Limits
from tandem.api.values import duration_seconds
from tandem.examiner.asker import LOST, TURNED_AWAY, Asker, Progress
from tandem.examiner.details import Details
from tandem.examiner.errors import Unfinished
from tandem.examiner.findings import Findings
from tandem.examiner.lines import lines_of
from tandem.examiner.plan import Plan, RowFiles
from tandem.quality.answers import Answer
from tandem.quality.comparison import same_answer
from tandem.quality.errors import QualityError
from tandem.quality.outcome import INTERFACE, Finding, Outcome
from tandem.quality.report import Report
from tandem.quality.rows import Case, Row, read_cases, read_rows

AT_ONCE: Final = 4
REPLAYED: Final = 16
REPEATS: Final = 6
MOST_REMEMBERED: Final = 4 * 1024 * 1024
"""Bytes of answers that are kept to be compared with those to the same requests asked again."""

_Item = TypeVar("_Item")


async def examine(
    plan: Plan,
    told: Progress | None = None,
    details: Details | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Report:
    """Ask everything and return what came of it; ``details`` takes what is private. Raises ``Unfinished``."""
    limits = plan.quality.limits
    async with AsyncExitStack() as stack:
        candidate = await stack.enter_async_context(
            Asker(plan.revision, plan.candidate, limits, plan.revision, transport)
        )
        stable = None
        if plan.stable and plan.quality.asks_stable:
            stable = await stack.enter_async_context(Asker("stable", plan.stable, limits, plan.revision, transport))
        return await _Examination(plan, candidate, stable, told, details).run(limits)


class _Examination:
    def __init__(
        self, plan: Plan, candidate: Asker, stable: Asker | None, told: Progress | None, details: Details | None
    ) -> None:
        self._plan = plan
        self._candidate = candidate
        self._stable = stable
        self._told = told
        try:
            self._findings = Findings(plan, details, by_stable=stable is not None)
        except QualityError as error:
            raise Unfinished(str(error)) from error
        self._replay: list[tuple[str, str, Any, Any]] = []
        self._remembered = 0

    async def run(self, limits: Limits) -> Report:
        longest = duration_seconds(limits.duration)
        try:
            async with asyncio.timeout(longest):
                await self._ask_all()
        except QualityError as error:
            raise Unfinished(str(error)) from error
        except TimeoutError as error:
            self._blame_for_hanging()
            if not self._findings.report.refused_for_good:
                raise Unfinished(
                    f"not done within {limits.duration}, after {self._candidate.asked} requests: raise "
                    "quality.limits.duration or rate, or take fewer rows"
                ) from error
        return self._findings.close(self._candidate.asked)

    def _blame_for_hanging(self) -> None:
        """That time was too short is a version's own fault where it left most requests unanswered."""
        asked, unanswered = self._candidate.asked, self._candidate.unanswered
        if 2 * unanswered > asked:
            timeout = self._plan.quality.limits.timeout
            why = f"{unanswered} of {asked} requests had no complete answer within {timeout}"
            self._findings.report.take(INTERFACE, Finding("answers in time", Outcome.MISSED, why))

    async def _ask_all(self) -> None:
        for asker in (self._candidate, self._stable):
            if asker is not None:
                await asker.until_ready()
        await self._ask_interface()
        await _each(_cases(self._plan.edge_cases), self._ask_case)
        await _each(_rows(self._plan.rows), self._ask_row)
        if self._plan.quality.deterministic:
            await self._ask_again()

    async def _ask_interface(self) -> None:
        interface = self._findings.interface
        if self._plan.interface:
            document = await self._candidate.ask("GET", "/docs.json", None)
            for finding in interface.undeclared(document.body if document.usable else None):
                self._findings.report.take(INTERFACE, finding)
        for path, body in interface.bad_requests():
            answer = await self._candidate.ask("POST", path, body)
            self._findings.take_bad_request(path, body, answer)

    async def _ask_case(self, case: Case) -> None:
        path = self._findings.interface.path(case.path, case.name)
        answer, its = await self._ask(path, case.request)
        self._findings.take_case(case, path, answer, its)
        self._remember(case.name, path, case.request, answer)

    async def _ask_row(self, row: Row) -> None:
        path = self._findings.interface.path(row.path, row.name)
        answer, its = await self._ask(path, row.request)
        self._findings.take_row(row, path, answer, its)
        self._remember(row.name, path, row.request, answer)

    async def _ask(self, path: str, request: Any) -> tuple[Answer, Answer | None]:
        method = self._findings.interface.method(path)
        answer = await self._candidate.ask(method, path, request)
        its = await self._stable.ask(method, path, request) if self._stable is not None else None
        if self._told is not None:
            self._told(self._candidate.asked)
        return answer, its

    def _remember(self, name: str, path: str, request: Any, answer: Answer) -> None:
        fits = self._remembered + answer.size <= MOST_REMEMBERED or not self._replay
        if answer.usable and fits and len(self._replay) < REPLAYED:
            self._remembered += answer.size
            self._replay.append((name, path, request, answer.body))

    async def _ask_again(self) -> None:
        """Replay some requests on connections of their own, to every pod in turn."""
        for name, path, request, first in self._replay:
            method = self._findings.interface.method(path)
            differing, other = 0, None
            for turn in range(max(REPEATS, len(self._candidate.addresses))):
                address = self._candidate.addresses[turn % len(self._candidate.addresses)]
                again = await self._asked_again(method, path, request, address)
                if not (again.usable and same_answer(first, again.body)):
                    differing, other = differing + 1, other or again
            why = f"{name}: asked again, {differing} answers differ from the first"
            outcome = Outcome.MISSED if differing else Outcome.MET
            self._findings.take_again(Finding(name, outcome, why), request, first, other)

    async def _asked_again(self, method: str, path: str, request: Any, address: str) -> Answer:
        answer = await self._candidate.ask_afresh(method, path, request, address)
        if answer.flaw == LOST or answer.status == TURNED_AWAY:
            # A pod that ends for somebody else's reason, or is busy, has given no other answer: it is waited for.
            return await self._candidate.ask(method, path, request, address=address)
        return answer


async def _each(items: Iterable[_Item], work: Callable[[_Item], Awaitable[None]]) -> None:
    """Do the work on all items, some at a time; no more of them are read than are worked on."""
    waiting = iter(items)

    async def worker() -> None:
        for item in waiting:
            await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(worker())
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


def _cases(sources: Iterable[RowFiles]) -> Iterator[Case]:
    seen: set[str] = set()
    for source in sources:
        for label, lines in lines_of(source):
            for case in read_cases(lines, label):
                if case.name in seen:
                    raise Unfinished(f"{label}: two edge cases are called {case.name}: a report could not tell which")
                seen.add(case.name)
                yield case


def _rows(sources: Iterable[RowFiles]) -> Iterator[Row]:
    for source in sources:
        for label, lines in lines_of(source):
            yield from read_rows(lines, label)

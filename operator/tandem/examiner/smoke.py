"""``python -m tandem.examiner.smoke``: the pod that asks later pods of a version a few questions, one after the other.

A pod is missed for what it answers, never for being busy, slow or gone: those are told by its users' requests. Its last
word names the pods that it has asked; those that it did not reach are asked another time.
"""

import asyncio
import itertools
import json
import os
import sys
from collections.abc import Awaitable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from tandem.examiner.asker import LOST, Asker
from tandem.examiner.errors import Unfinished
from tandem.examiner.lines import lines_of
from tandem.examiner.plan import Plan, read_plan
from tandem.manifests.examination import LONGEST_WORD
from tandem.manifests.smoke import SMOKE_SECONDS
from tandem.quality.answers import Answer
from tandem.quality.comparison import same_answer
from tandem.quality.errors import QualityError
from tandem.quality.expectations import Expected
from tandem.quality.interface import Interface, bad_request_finding
from tandem.quality.json_text import in_whole_characters
from tandem.quality.outcome import Outcome
from tandem.quality.rows import read_cases, read_rows

MOST_CASES: Final = 10
REPLAYED: Final = 4
REPEATS: Final = 3
"""How often a pod is asked each of those, on connections of their own: it may have several workers."""

SECONDS_A_POD: Final = 20.0
_BUSY: Final = frozenset({429, 503})
_BEFORE: Final = "the pods before it"
_NEITHER_BEFORE: Final = "another pod, which was not asked before either: any of the two may be wrong"


@dataclass(frozen=True)
class Question:
    """A request, and what is known of the answer: by its owners, or only that it is always the same."""

    name: str
    path: str
    request: Any
    expected: Expected | None = None


@dataclass(frozen=True)
class _Right:
    """The requests that are replayed, with the answers of a pod that is taken to be right."""

    answers: list[tuple[Question, Any]]
    whose: str


@dataclass
class Smoked:
    """What came of it, by uid of the pod."""

    passed: list[str] = field(default_factory=list)
    missed: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    unreached: str = "there was no time"
    """Why the last pod that could not be asked could not be."""

    def to_message(self, longest: int) -> str:
        """Return it as JSON of at most so many bytes."""
        for most in (300, 200, 100, 40, 0):
            missed = {uid: in_whole_characters(why[:most]) for uid, why in self.missed.items()}
            text = json.dumps({"passed": self.passed, "missed": missed, "asked": self.asked}, ensure_ascii=False)
            if len(text.encode()) <= longest:
                return text
        return json.dumps({"trouble": "more pods were asked than can be told of"})


class _Silent(Exception):
    """A pod gave no answer to judge it by."""


class _Missed(Exception):
    """A pod answered wrongly; the message says what, in names and pointers."""


async def smoke(
    plan: Plan,
    pods: Mapping[str, str],
    seconds: float = SMOKE_SECONDS,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Smoked:
    """Ask the pods, addresses by uid; ``plan.stable`` is who answers rightly. Raises ``Unfinished``."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    try:
        interface = Interface(plan.interface, plan.quality.path)
        cases, replayed = _questions(plan, interface)
    except QualityError as error:
        raise Unfinished(str(error)) from error
    found = Smoked()
    answers = await _right_answers(plan, interface, replayed if plan.quality.deterministic else [], end, transport)
    right = _Right(answers, _NEITHER_BEFORE if {*plan.stable} & {*pods.values()} else _BEFORE)
    for uid, address in pods.items():
        if loop.time() >= end:
            break
        async with Asker(plan.revision, (address,), plan.quality.limits, plan.revision, transport) as asker:
            within = min(end, loop.time() + SECONDS_A_POD)
            await _ask_pod(found, uid, _Pod(asker, interface, cases, right), within)
            found.asked += asker.asked
    if not found.passed and not found.missed:
        raise Unfinished(f"none of {len(pods)} pods could be asked: {found.unreached}")
    return found


async def _ask_pod(found: Smoked, uid: str, pod: "_Pod", within: float) -> None:
    try:
        async with asyncio.timeout_at(within):
            await pod.ask_all()
    except _Missed as missed:
        found.missed[uid] = str(missed)
        return
    except (_Silent, Unfinished) as error:
        found.unreached = str(error)
        return
    except TimeoutError:
        if pod.seconds < SECONDS_A_POD / 2:
            found.unreached = "it gave no answer in time"
            return
    found.passed.append(uid)  # a slow one, too, that was asked as much as there was time for


class _Pod:
    """One pod that is asked."""

    def __init__(self, asker: Asker, interface: Interface, cases: list[Question], right: _Right) -> None:
        self._asker = asker
        self._interface = interface
        self._cases = cases
        self._right = right
        self.seconds = 0.0
        """What its answers have taken; a pod that has gone, or starts again, takes time and gives none."""

    async def ask_all(self) -> None:
        """Ask everything. Raises ``_Missed`` for what is wrong, ``_Silent`` or ``Unfinished`` for no answer."""
        for path, body in self._interface.bad_requests():
            finding = bad_request_finding(path, await self._taken(self._asker.ask("POST", path, body)))
            if finding.outcome is Outcome.MISSED:
                raise _Missed(finding.why)
        for case in self._cases:
            method = self._interface.method(case.path)
            assert case.expected is not None
            asking = self._asker.ask(method, case.path, case.request)
            self._judge(case, case.expected, await self._taken(asking, case.expected.status))
        for question, right in self._right.answers:
            for _ in range(REPEATS):
                answer = await self._taken(_afresh(self._asker, self._interface, question))
                if not (answer.usable and same_answer(right, answer.body)):
                    raise _Missed(f"{question.name}: asked again, it answers otherwise than {self._right.whose}")

    def _judge(self, case: Question, expected: Expected, answer: Answer) -> None:
        problem = expected.problem(answer)
        if problem is None and expected.status == 200:
            problem = self._interface.problem(case.path, answer)
        if problem is not None:
            raise _Missed(f"{case.name}: {problem}")

    async def _taken(self, asking: Awaitable[Answer], expected: int = 200) -> Answer:
        """Return the answer; ``expected``: its right status, by which no pod is busy. Raises ``_Silent``."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        answer = await asking
        busy = answer.status in _BUSY and answer.status != expected
        if self._asker.unanswered or answer.flaw == LOST or busy:
            raise _Silent(answer.flaw or f"it is busy, and answers with {answer.status}")
        self.seconds += loop.time() - began
        return answer


async def _afresh(asker: Asker, interface: Interface, question: Question) -> Answer:
    return await asker.ask_afresh(interface.method(question.path), question.path, question.request, asker.addresses[0])


async def _right_answers(
    plan: Plan,
    interface: Interface,
    questions: list[Question],
    end: float,
    transport: httpx.AsyncBaseTransport | None,
) -> list[tuple[Question, Any]]:
    """Return what a pod that was asked before answers: all of it that it answers well, in half of the time."""
    found: list[tuple[Question, Any]] = []
    if not questions:
        return found
    now = asyncio.get_running_loop().time()
    async with Asker("the pod to compare with", plan.stable, plan.quality.limits, plan.revision, transport) as asker:
        try:
            async with asyncio.timeout_at(now + (end - now) / 2):
                for question in questions:
                    answer = await _afresh(asker, interface, question)
                    if answer.usable:
                        found.append((question, answer.body))
        except TimeoutError:
            pass
    if not found:
        raise Unfinished("the pod to compare with gave no answer")
    return found


def _questions(plan: Plan, interface: Interface) -> tuple[list[Question], list[Question]]:
    """Return the first cases with ``must``, and what is replayed: of those, and of other cases and rows if need be."""
    must = list(itertools.islice((each for each in _cases(plan, interface, must=True)), MOST_CASES))
    others = itertools.chain(
        (each for each in must if each.expected is not None and each.expected.status == 200),
        _cases(plan, interface, must=False),
        _rows(plan, interface),
    )
    return must, list(itertools.islice(others, REPLAYED))


def _cases(plan: Plan, interface: Interface, *, must: bool) -> Iterator[Question]:
    for source in plan.edge_cases:
        for label, lines in lines_of(source):
            for case in read_cases(lines, label):
                if case.must == must and (must or case.expected.status == 200):
                    yield Question(case.name, interface.path(case.path, case.name), case.request, case.expected)


def _rows(plan: Plan, interface: Interface) -> Iterator[Question]:
    for source in plan.rows:
        for label, lines in lines_of(source):
            for row in read_rows(lines, label):
                yield Question(row.name, interface.path(row.path, row.name), row.request)


def main() -> int:
    """Ask what the plan says of the pods that the environment names; returns the exit code."""
    plan_file, rows, message = (Path(os.environ[name]) for name in ("PLAN_FILE", "ROWS_FOLDER", "MESSAGE_FILE"))
    addresses, beside, uids = (tuple(os.environ[name].split(",")) for name in ("CANDIDATE", "STABLE", "PODS"))
    try:
        plan = read_plan(plan_file.read_text(encoding="utf-8"), rows, addresses, beside)
        found = asyncio.run(smoke(plan, dict(zip(uids, addresses, strict=True))))
    except Unfinished as error:
        message.write_text(json.dumps({"trouble": str(error)[:1000]}), encoding="utf-8")
        return 1
    message.write_text(found.to_message(LONGEST_WORD), encoding="utf-8")
    sys.stdout.write(f"{found.asked} requests asked of {len(found.passed) + len(found.missed)} pods\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

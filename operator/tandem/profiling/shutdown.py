"""What SIGTERM does to a bento while requests are in progress."""

import asyncio
import time
from typing import Final

from tandem.api.profile import Shutdown
from tandem.profiling.bento import Bento
from tandem.profiling.figures import figure
from tandem.profiling.load import Client, gather
from tandem.profiling.processes import is_gone

GONE_EVERY: Final = 0.02
"""Seconds between two looks at whether it has ended: nobody tells of a process that is not one's own child."""


async def shut_down(bento: Bento, asked: Client, callers: int, longest: float) -> Shutdown:
    """Send SIGTERM while so many callers have a request in progress, and see how many of those are answered."""
    load = _Load(asked, callers)
    *_, began = await gather(*(load.call() for _ in range(callers)), load.terminate(bento))
    while not (gone := is_gone(bento.process)) and time.perf_counter() - began < longest:
        await asyncio.sleep(GONE_EVERY)
    return Shutdown(
        seconds=figure(time.perf_counter() - began),
        exited=gone,
        requests_in_progress=load.in_progress,
        requests_answered=load.answered,
    )


class _Load:
    """Callers that send no more once SIGTERM was sent: whether new requests still come is not the bento's business."""

    def __init__(self, asked: Client, callers: int) -> None:
        self._asked = asked
        self._newcomers = callers
        self._busy = asyncio.Event()
        self._stopping = asyncio.Event()
        self._waiting = 0
        self.in_progress = 0
        self.answered = 0

    async def call(self) -> float:
        answers = 0
        while not self._stopping.is_set():
            self._waiting += 1
            answer = await self._asked.ask_next()
            self._waiting -= 1
            self.answered += self._stopping.is_set() and answer.problem is None
            answers += 1
            self._newcomers -= answers == 1
            if self._newcomers == 0:
                self._busy.set()
        return 0.0

    async def terminate(self, bento: Bento) -> float:
        """Wait until every caller has had an answer, and so is sending its next request; return when it was sent."""
        await self._busy.wait()
        self.in_progress = self._waiting
        self._stopping.set()
        bento.process.terminate()
        return time.perf_counter()

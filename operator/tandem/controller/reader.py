"""Reading on behalf of one trial: its pods twice a second, and whoever else counts what becomes of requests.

Each is read at its own pace: the pods wait for nobody. What was read is kept until the trial takes it in.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from tandem.api.sources import EvidenceSource
from tandem.rollout.observation import Trouble
from tandem.signals import Collector, Flaw, PodSample, PodTarget
from tandem.signals.collector import Scraper
from tandem.signals.tallies import Tally, TallyLook, TallySource

log = logging.getLogger(__name__)

INTERVAL: Final = 0.5
"""Seconds between two looks at the pods: evidence grows by at most one block a look."""

UNREADABLE_TIMES: Final = 3
"""Looks in a row that must fail before that is said: a pod may be on its way out."""

BLIND_TIMES: Final = 10
"""Looks in a row at a pod that must fail before its version loses its weight: five seconds at least."""


class Reader:
    """Reads the pods of a trial from one source, for as long as it is not stopped.

    ``source``: where, if not from the pods themselves. ``heard`` is called when there is news.
    """

    def __init__(self, scraper: Scraper, source: EvidenceSource | None, heard: Callable[[], None]) -> None:
        self.source = source
        self.targets: tuple[PodTarget, ...] = ()
        self._collector = Collector(scraper)
        self._heard = heard
        self._samples: list[PodSample] = []
        self._missed: dict[str, int] = {}
        self._failed = False
        self._task: asyncio.Task[None] | None = None
        self._others: dict[TallySource, _Other] = {}

    def follow(self, name: str, targets: tuple[PodTarget, ...], others: tuple[TallySource, ...]) -> None:
        """Read these pods, and these counters of them, from now on. ``name``: whose pods they are, for people."""
        self.targets = targets
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._again_and_again(self._look), name=f"read pods of {name}")
        for source in self._others.keys() - set(others):
            self._others.pop(source).task.cancel()
        for source in others:
            if source not in self._others:
                look = partial(self._look_at, source)
                task = asyncio.create_task(self._again_and_again(look), name=f"read counts of {name}")
                self._others[source] = _Other(task)

    def stop(self) -> None:
        """Read no more."""
        if self._task is not None:
            self._task.cancel()
        for other in self._others.values():
            other.task.cancel()

    def take_samples(self) -> list[PodSample]:
        """Return what was read of the pods and not taken yet."""
        samples, self._samples = self._samples, []
        return samples

    def take_tallies(self) -> list[Tally]:
        """Return what others have counted of them, in the order in which it was read, and was not taken yet."""
        found: list[Tally] = []
        for other in self._others.values():
            found.extend(other.tallies)
            other.tallies = []
        return found

    @property
    def flaws(self) -> dict[str, dict[str, Flaw]]:
        """What others did not tell of a revision, by revision and metric, the last time."""
        found: dict[str, dict[str, Flaw]] = {}
        for other in self._others.values():
            for revision, flaws in other.look.flaws.items():
                found.setdefault(revision, {}).update(flaws)
        return found

    def has_read(self, pod: str) -> bool:
        """Tell whether a process, by `PodTarget.key`, was ever read."""
        return pod in self._collector.samples

    def missed(self, pod: str) -> int:
        """Return how many looks in a row at this process have failed."""
        return self._missed.get(pod, 0)

    def trouble_with_pods(self) -> Trouble | None:
        """Say of a pod that cannot be read why, once that is no passing matter."""
        if self._failed:
            return Trouble("MetricsUnreadable", "the operator fails to read metrics, by an error that its log has")
        for answer in self._collector.unreadable:
            if self.missed(answer.pod.key) >= UNREADABLE_TIMES:
                return Trouble("MetricsUnreadable", answer.message)
        return None

    def trouble_with_tallies(self) -> Trouble | None:
        """Say the same of those who count besides."""
        for other in self._others.values():
            if other.look.trouble is not None and other.troubled >= UNREADABLE_TIMES:
                return Trouble(other.look.trouble.reason, other.look.trouble.message)
        return None

    async def _again_and_again(self, look: Callable[[], Awaitable[None]]) -> None:
        loop = asyncio.get_running_loop()
        next_look = loop.time()
        while True:
            try:
                await look()
            except Exception:
                # A mistake of ours; were it the last look, nobody would ever hear of it.
                log.exception("a look at the pods, or at what others count of them, has failed")
            next_look = max(next_look + INTERVAL, loop.time())
            await asyncio.sleep(next_look - loop.time())

    async def _look(self) -> None:
        try:
            fresh = await self._collector.collect(self.targets)
        except Exception:
            self._failed = True
            self._heard()
            raise
        # Not before the wait: who takes samples during a look leaves another list behind (`take_samples`).
        self._samples.extend(fresh)
        self._failed = False
        failed = {answer.pod.key for answer in self._collector.unreadable}
        self._missed = {pod: self.missed(pod) + 1 for pod in failed}
        self._heard()

    async def _look_at(self, source: TallySource) -> None:
        look, other = await source.read(self.targets), self._others[source]
        other.look = look
        other.tallies.extend(look.tallies)
        other.troubled = other.troubled + 1 if look.trouble is not None else 0
        if look.tallies:
            self._heard()


@dataclass(slots=True)
class _Other:
    """Somebody else who counts: the last look at it, and what it brought that was not taken yet."""

    task: asyncio.Task[None]
    look: TallyLook = field(default_factory=TallyLook)
    tallies: list[Tally] = field(default_factory=list)
    troubled: int = 0
    """Looks in a row that did not bring everything."""

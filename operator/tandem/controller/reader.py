"""Reading on behalf of one trial: its pods twice a second, and with them whoever else counts what becomes of requests.

What was read is kept until the trial takes it in.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from tandem.api.sources import EvidenceSource
from tandem.rollout.observation import Trouble
from tandem.signals import Collector, Flaw, PodSample, PodTarget
from tandem.signals.collector import Scraper
from tandem.signals.tallies import Tally, TallyLook, TallySource

INTERVAL: Final = 0.5
"""Seconds between two looks at the pods: evidence grows by at most one block a look."""

UNREADABLE_TIMES: Final = 3
"""Looks in a row that must fail before that is said: a pod may be on its way out."""

BLIND_TIMES: Final = 10
"""Looks in a row at a pod that must fail before its version loses its weight: five seconds at least."""


class Reader:
    """Reads the pods of a trial from one source, for as long as it is not stopped.

    ``source``: where, if not from the pods themselves. ``heard`` is called after each look.
    """

    def __init__(self, scraper: Scraper, source: EvidenceSource | None, heard: Callable[[], None]) -> None:
        self.source = source
        self.targets: tuple[PodTarget, ...] = ()
        self._tallies: tuple[TallySource, ...] = ()
        self._collector = Collector(scraper)
        self._heard = heard
        self._samples: list[PodSample] = []
        self._looks: list[TallyLook] = []
        self._missed: dict[str, int] = {}
        self._troubled: dict[str, int] = {}
        self._last_looks: Sequence[TallyLook] = ()
        self._task: asyncio.Task[None] | None = None

    def follow(self, name: str, targets: tuple[PodTarget, ...], tallies: tuple[TallySource, ...]) -> None:
        """Read these pods, and these counters of them, from now on. ``name``: whose pods they are, for people."""
        self.targets, self._tallies = targets, tallies
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._read(), name=f"read pods of {name}")

    def stop(self) -> None:
        """Read no more."""
        if self._task is not None:
            self._task.cancel()

    def take_samples(self) -> list[PodSample]:
        """Return what was read of the pods and not taken yet."""
        samples, self._samples = self._samples, []
        return samples

    def take_tallies(self) -> list[Tally]:
        """Return what others have counted of them, in the order in which it was read, and was not taken yet."""
        looks, self._looks = self._looks, []
        return [tally for look in looks for tally in look.tallies]

    @property
    def flaws(self) -> dict[str, dict[str, Flaw]]:
        """What others did not tell of a revision, by revision and metric, the last time."""
        found: dict[str, dict[str, Flaw]] = {}
        for look in self._last_looks:
            for revision, flaws in look.flaws.items():
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
        for answer in self._collector.unreadable:
            if self.missed(answer.pod.key) >= UNREADABLE_TIMES:
                return Trouble("MetricsUnreadable", answer.message)
        return None

    def trouble_with_tallies(self) -> Trouble | None:
        """Say the same of those who count besides."""
        for look in self._last_looks:
            if look.trouble is not None and self._troubled.get(look.trouble.reason, 0) >= UNREADABLE_TIMES:
                return Trouble(look.trouble.reason, look.trouble.message)
        return None

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        next_look = loop.time()
        while True:
            await self._look()
            self._heard()
            next_look = max(next_look + INTERVAL, loop.time())
            await asyncio.sleep(next_look - loop.time())

    async def _look(self) -> None:
        targets, tallies = self.targets, self._tallies
        others = asyncio.gather(*(source.read(targets) for source in tallies))
        samples, looks = await asyncio.gather(self._collector.collect(targets), others)
        self._samples.extend(samples)
        failed = {answer.pod.key for answer in self._collector.unreadable}
        self._missed = {pod: self.missed(pod) + 1 for pod in failed}
        self._last_looks = looks
        self._looks.extend(looks)
        reasons = {look.trouble.reason for look in looks if look.trouble is not None}
        self._troubled = {reason: self._troubled.get(reason, 0) + 1 for reason in reasons}

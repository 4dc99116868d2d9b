"""Stable versions while nothing is tried: their pods are looked at now and then, to learn how their bad requests vary.

A rollout that begins with this knows what the absence of errors is worth. It is no more than help: pods that cannot be
read are not spoken of, nothing waits for it, and after a restart of the operator it is learned anew.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tandem.cluster.cache import Key
from tandem.controller.left_out import LeftOut
from tandem.controller.objectives import Objectives
from tandem.judge import History, add_history
from tandem.signals import Ledger, PodSample, PodTarget
from tandem.signals.collector import Scraper
from tandem.signals.tallies import TallyLedger, TallyLook, TallySource, fold_tallies

log = logging.getLogger(__name__)

EVERY: Final = 10.0
"""Seconds between two looks at a version: what was counted between them is one block of its history."""

PODS_PER_SECOND: Final = 10.0
"""Pods read in a second at most, all versions together: with very many models each is looked at less often."""

LONGEST_LOOK: Final = 5.0
"""Seconds that those who count besides the pods may take: other versions wait."""


@dataclass(slots=True)
class _Lesson:
    key: Key
    revision: str
    scraper: Scraper
    targets: Sequence[PodTarget]
    objectives: Mapping[str, float]
    due: float
    others: tuple[TallySource, ...] = ()
    tallies: TallyLedger = field(default_factory=TallyLedger)
    ledger: Ledger = field(default_factory=Ledger)
    history: History = field(default_factory=History)
    resting: bool = False


class Histories:
    """Histories by ModelDeployment. `run` reads the pods, for as long as it is awaited.

    ``objectives``: who is told of what was counted, too.
    """

    def __init__(self, objectives: Objectives | None = None) -> None:
        self.objectives = objectives or Objectives()
        self._lessons: dict[Key, _Lesson] = {}
        self._left_out: dict[Key, LeftOut] = {}
        self._news = asyncio.Event()

    def learn(
        self,
        key: Key,
        revision: str,
        scraper: Scraper,
        targets: Sequence[PodTarget],
        objectives: Mapping[str, float],
        others: tuple[TallySource, ...] = (),
    ) -> None:
        """Look at these pods of a stable version from now on; what is known of it is kept, of another one forgotten.

        ``others``: who else counts what becomes of their requests.
        """
        if key in self._left_out:
            self._left_out[key].forget_gone({target.uid for target in targets})
        lesson = self._lessons.get(key)
        if lesson is None or lesson.revision != revision:
            due = asyncio.get_running_loop().time()
            self._lessons[key] = _Lesson(key, revision, scraper, targets, objectives, due, others)
            self._news.set()
            return
        if lesson.resting or not lesson.targets:
            self._news.set()
        if lesson.resting:
            lesson.resting, lesson.ledger, lesson.tallies = False, Ledger(), TallyLedger()
        if lesson.scraper is not scraper:
            lesson.ledger = Ledger()  # another source may be behind the one before
        lesson.scraper, lesson.targets, lesson.objectives, lesson.others = scraper, targets, objectives, others

    def leave_out(self, key: Key, asked: frozenset[str], lag: float) -> None:
        """Note which pods (uids) Tandem itself asks from now on: what they count is nobody's. ``lag``: see `lag_of`."""
        self._left_out.setdefault(key, LeftOut()).note(asked, lag, asyncio.get_running_loop().time())

    def rest(self, key: Key) -> None:
        """Look no further for now: something is tried, or watched. What is known is kept."""
        if key in self._lessons:
            self._lessons[key].resting = True

    def of(self, key: Key, revision: str) -> History:
        """Return what is known of a version; nothing, if it was never looked at."""
        lesson = self._lessons.get(key)
        return lesson.history if lesson is not None and lesson.revision == revision else History()

    def forget(self, key: Key) -> None:
        """Drop what is known of a ModelDeployment that is gone."""
        self._lessons.pop(key, None)
        self._left_out.pop(key, None)
        self.objectives.forget(key)

    async def run(self) -> None:
        """Look at one version after the other, the one that has waited longest first."""
        loop = asyncio.get_running_loop()
        while True:
            self._news.clear()
            awake = [lesson for lesson in self._lessons.values() if not lesson.resting and lesson.targets]
            following = min(awake, key=lambda lesson: lesson.due, default=None)
            if following is None or following.due > loop.time():
                await self._wait_until(following.due if following is not None else None)
                continue
            following.due = loop.time() + EVERY
            try:
                await self._look(following)
            except Exception:
                # A mistake of ours; were it the last look, nothing would be learned of any other model either.
                log.exception("a look at %s/%s, which serves alone, has failed", *following.key)
            await asyncio.sleep(len(following.targets) / PODS_PER_SECOND)

    async def _wait_until(self, due: float | None) -> None:
        try:
            async with asyncio.timeout_at(due):
                await self._news.wait()
        except TimeoutError:
            return

    async def _look(self, lesson: _Lesson) -> None:
        answers, looks = await asyncio.gather(lesson.scraper.scrape(lesson.targets), _look_at_others(lesson))
        samples = [answer for answer in answers if isinstance(answer, PodSample)]
        present, now = {target.key for target in lesson.targets}, asyncio.get_running_loop().time()
        left_out = self._left_out.get(lesson.key, LeftOut())
        folded = left_out.fold(lesson.ledger, samples, lesson.objectives, present, now)
        tallied = fold_tallies(lesson.tallies, (tally for look in looks for tally in look.tallies), {lesson.revision})
        lesson.ledger, lesson.tallies = folded.ledger, tallied.ledger
        counts = tallied.beside(folded.counts).get(lesson.revision, {})
        lesson.history = add_history(lesson.history, counts)
        if not lesson.resting:
            edgeless = folded.missing_edges.get(lesson.revision, ())
            self.objectives.note(lesson.key, lesson.revision, folded.counts.get(lesson.revision, {}), edgeless)


async def _look_at_others(lesson: _Lesson) -> Sequence[TallyLook]:
    try:
        async with asyncio.timeout(LONGEST_LOOK):
            return await asyncio.gather(*(other.read(lesson.targets) for other in lesson.others))
    except TimeoutError:
        return ()

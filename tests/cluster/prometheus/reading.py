"""Pods to read, and what comes of reading them: counts and a verdict."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from dev.prometheus import Target
from tandem.judge import Counts, Evidence, Settings, Verdict, add, empty, verdict
from tandem.signals import Ledger, PodTarget, Unreadable, fold, increments
from tandem.signals.collector import Scraper
from tests.cluster.prometheus.bento import Bento

SLOW = "latency-p99-150ms"
_LONGEST = 60.0


@dataclass
class Pod:
    """A bento, and how it is known to those who read it."""

    bento: Bento
    target: PodTarget

    def scraped(self, **more: str) -> Target:
        """Return it as a target, labelled as the Prometheus Operator labels pods."""
        labels = {"namespace": self.target.namespace, "pod": self.target.name, "container": "bento", "endpoint": "http"}
        return Target(f"127.0.0.1:{self.target.port}", {**labels, **more})

    def restart(self) -> None:
        """Restart the container."""
        self.bento.restart()
        self.target = replace(self.target, restarts=self.target.restarts + 1)


@contextmanager
def pods(*names: str) -> Iterator[list[Pod]]:
    """Run pods; the revision is what stands before the last dash of the name."""
    with ExitStack() as stack:
        found = []
        for name in names:
            bento = stack.enter_context(Bento())
            revision = name.rpartition("-")[0]
            target = PodTarget("demo", name, f"uid-{name}", 0, revision, "127.0.0.1", port=bento.port)
            found.append(Pod(bento, target))
        yield found


class Reader:
    """Reads pods by one source, and keeps what came of it."""

    def __init__(self, scraper: Scraper, pods: Sequence[Pod]) -> None:
        self._scraper = scraper
        self._pods = pods
        self.ledger = Ledger()
        self.counts: dict[str, dict[str, Counts]] = {}
        self.evidence: Evidence = empty()
        self.unreadable: list[Unreadable] = []

    async def look(self) -> None:
        """Read them all once."""
        answers = await self._scraper.scrape([pod.target for pod in self._pods])
        self.unreadable = [answer for answer in answers if isinstance(answer, Unreadable)]
        samples = [answer for answer in answers if not isinstance(answer, Unreadable)]
        folded = fold(self.ledger, samples, {SLOW: 0.15})
        self.ledger = folded.ledger
        assert not folded.missing_edges
        for revision, of_revision in folded.counts.items():
            sums = self.counts.setdefault(revision, {})
            for metric, counts in of_revision.items():
                sums[metric] = sums.get(metric, Counts()) + counts
        self.evidence = add(self.evidence, increments(folded.counts, "r2", "r1"))

    async def look_until(self, condition: Callable[[], bool]) -> None:
        """Look again and again."""
        async with asyncio.timeout(_LONGEST):
            while not condition():
                await self.look()

    async def look_until_counting(self) -> None:
        """Look until whatever the pods count from now on is evidence."""
        keys = {pod.target.key for pod in self._pods}

        def counting() -> bool:
            known = self.ledger.pods
            return all(key in known and known[key].counting for key in keys)

        await self.look_until(counting)

    async def look_until_news(self) -> None:
        """Look until some pod has answered more than before."""
        before = self.finished()
        await self.look_until(lambda: self.finished() != before)

    async def look_until_level_with(self, other: "Reader") -> None:
        """Look until every pod has been read since the other has read it last."""
        await self.look_until(lambda: self.finished() == other.finished())

    def finished(self) -> Mapping[str, int]:
        """Return the requests that each process had answered when it was read last."""
        return {key: pod.finished for key, pod in self.ledger.pods.items()}

    def verdict(self) -> Verdict:
        """Return what the judge says."""
        return verdict(self.evidence, Settings(budget=0.02, next_share=0.5))

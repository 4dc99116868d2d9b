"""A trial whose source changes or is gone: nothing counts twice, nothing goes on unseen, a bad version stays bad."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from tandem.api.objects import ModelDeployment
from tandem.api.sources import EvidenceSource
from tandem.controller.reader import BLIND_TIMES
from tandem.controller.trials import Judged
from tandem.judge import VerdictKind
from tandem.signals import PodCounters, PodSample, PodTarget, Unreadable
from tandem.signals.collector import Scraper
from tandem.signals.prometheus import PrometheusClient
from tandem.signals.sources import Sources
from tests.unit.controller import story
from tests.unit.controller.story import CANDIDATE, KEY, STABLE, declared
from tests.unit.controller.virtual_time import in_virtual_time

PROMETHEUS = {"prometheus": {"address": "http://prometheus:9090"}}
NO_SOURCE: dict[str, Any] = {}


@dataclass
class Counting:
    """A source by which every pod has answered so many requests; some of the candidate's with an error."""

    answered: int = 0
    errors: int = 0
    in_progress: int = 0
    clock: float = 0.0
    down: bool = False
    broken: bool = False
    asked: int = 0

    async def scrape(self, pods: Sequence[PodTarget]) -> list[PodSample | Unreadable]:
        self.asked += 1
        if self.broken:
            raise KeyError("a mistake of ours")
        if self.down:
            return [Unreadable(pod, "Refused", "connection refused") for pod in pods]
        at = self.clock + asyncio.get_running_loop().time()
        return [PodSample(pod, at, self._counters(pod)) for pod in pods]

    def _counters(self, pod: PodTarget) -> PodCounters:
        errors = self.errors if pod.revision == CANDIDATE else 0
        requests = {("/predict", 200): self.answered - errors, ("/predict", 500): errors}
        buckets = {"/predict": {5.0: self.answered, float("inf"): self.answered}}
        return PodCounters(requests, buckets, self.in_progress)


class Two(Sources):
    """The pods, and a Prometheus that is behind them."""

    def __init__(self, pods: Scraper, prometheus: Scraper) -> None:
        super().__init__(pods, PrometheusClient())
        self._prometheus = prometheus

    def scraper(self, key: tuple[str, str], source: EvidenceSource | None) -> Scraper:
        return self._prometheus if source is not None else super().scraper(key, source)


class Story(story.Story):
    """A rollout whose source a person changes."""

    def __init__(self) -> None:
        self.pods, self.prometheus = Counting(), Counting()
        self.source: dict[str, Any] = NO_SOURCE
        super().__init__(Two(self.pods, self.prometheus))

    def deployment(self) -> ModelDeployment:
        return declared({"source": self.source} if self.source else {}, {"latency": {"p99": "5s"}})

    async def answer(self, source: Counting, number: int, errors: int = 0) -> Judged:
        """Have every pod answer requests, and look."""
        source.answered += number
        source.errors += errors
        return await self.look()

    def blind(self) -> frozenset[str]:
        return self.trials.blind(KEY, KEY[0], self.states())


def counted(judged: Judged) -> int:
    assert judged.verdict is not None
    return judged.verdict.candidate.total


def test_another_source_goes_on_with_the_same_requests() -> None:
    """Its counters may be behind those that were read before: they did not fall."""

    async def told() -> list[int]:
        trial = Story()
        await trial.look()
        found = [counted(await trial.answer(trial.pods, 100))]
        trial.source, trial.prometheus.answered = PROMETHEUS, 60
        found.append(counted(await trial.look()))
        found.append(counted(await trial.answer(trial.prometheus, 39)))
        found.append(counted(await trial.answer(trial.prometheus, 31)))
        trial.source, trial.pods.answered = NO_SOURCE, 135
        found.append(counted(await trial.look()))
        trial.trials.close()
        return found

    assert in_virtual_time(told()) == [100, 100, 100, 130, 135]


def test_the_source_that_was_left_is_asked_no_more() -> None:
    async def told() -> list[int]:
        trial = Story()
        await trial.look(times=2)
        trial.source = PROMETHEUS
        await trial.look()
        asked = trial.pods.asked
        await trial.look(times=5)
        trial.trials.close()
        return [asked, trial.pods.asked]

    asked, later = in_virtual_time(told())
    assert asked == later


@pytest.mark.parametrize(("source", "late"), [(NO_SOURCE, [150, 160]), (PROMETHEUS, [100, 110])])
def test_counting_goes_on_after_a_restart_whatever_the_source(source: dict[str, Any], late: list[int]) -> None:
    async def told() -> list[int]:
        trial = Story()
        await trial.look()
        found = [counted(await trial.answer(trial.pods, 100))]
        trial.crash()
        trial.source = source
        trial.pods.answered, trial.prometheus.answered = 150, 60
        found.append(counted(await trial.look()))
        trial.pods.answered, trial.prometheus.answered = 160, 110
        found.append(counted(await trial.look()))
        trial.trials.close()
        return found

    assert in_virtual_time(told()) == [100, *late]


def test_requests_in_progress_do_not_grow_old_by_another_clock() -> None:
    """Only what the same source has seen for as long as the objective is too slow."""

    async def told() -> list[int]:
        trial = Story()
        trial.pods.in_progress = trial.prometheus.in_progress = 3
        trial.prometheus.clock = 1e9
        await trial.look()
        await trial.answer(trial.pods, 100)
        await trial.look(times=3)
        trial.source, trial.prometheus.answered = PROMETHEUS, 100
        await trial.look(times=2)
        kept = trial.trials.to_persist(KEY, due=True)
        assert kept is not None
        trial.trials.close()
        slow: list[int] = [pod["slowness"]["latency-p99-5s"][3] for pod in kept.evidence["ledger"]["pods"].values()]
        return slow

    assert in_virtual_time(told()) == [0, 0]


def test_without_a_look_nobody_goes_on() -> None:
    async def told() -> list[Judged]:
        trial = Story()
        trial.source = PROMETHEUS
        before = await trial.look()
        for _ in range(20):
            before = await trial.answer(trial.prometheus, 200)
        trial.prometheus.down = True
        down = await trial.look(times=3)
        trial.prometheus.down = False
        after = await trial.look()
        trial.trials.close()
        return [before, down, after]

    before, down, after = in_virtual_time(told())
    assert before.verdict is not None and down.verdict is not None and after.verdict is not None
    assert before.verdict.kind is after.verdict.kind is VerdictKind.ADVANCE
    assert down.verdict.kind is VerdictKind.UNDECIDED
    assert down.verdict.sentence.endswith("; but the metrics of fraud-r1 and fraud-r2 cannot be read now")
    assert down.trouble is not None
    assert (down.trouble.reason, down.trouble.message) == ("MetricsUnreadable", "connection refused")
    assert before.trouble is after.trouble is None


def test_a_rollback_waits_for_no_source() -> None:
    async def told() -> list[Judged]:
        trial = Story()
        trial.source = PROMETHEUS
        before = await trial.look()
        for _ in range(10):
            before = await trial.answer(trial.prometheus, 200, errors=100)
        trial.prometheus.down = True
        down = await trial.look(times=3)
        trial.trials.close()
        return [before, down]

    for judged in in_virtual_time(told()):
        assert judged.verdict is not None
        assert judged.verdict.kind is VerdictKind.ROLL_BACK


@pytest.mark.parametrize(
    ("source", "lost"), [(NO_SOURCE, {STABLE, CANDIDATE}), (PROMETHEUS, set())], ids=["pods", "prometheus"]
)
def test_pods_that_cannot_be_read_for_some_time_are_out_of_sight(source: dict[str, Any], lost: set[str]) -> None:
    """A Prometheus that is down says nothing of the pods."""

    async def told() -> list[frozenset[str]]:
        trial = Story()
        trial.source = source
        reader = trial.prometheus if source else trial.pods
        await trial.look()
        reader.down = True
        await trial.look(times=BLIND_TIMES - 1)
        found = [trial.blind()]
        await trial.look()
        found.append(trial.blind())
        reader.down = False
        await trial.look()
        found.append(trial.blind())
        trial.trials.close()
        return found

    assert in_virtual_time(told()) == [set(), lost, set()]


def test_a_mistake_of_ours_is_told_and_is_not_the_last_look(caplog: pytest.LogCaptureFixture) -> None:
    async def told() -> list[Judged]:
        trial = Story()
        await trial.look()
        trial.pods.broken = True
        broken = await trial.answer(trial.pods, 100)
        trial.pods.broken = False
        after = await trial.look()
        trial.trials.close()
        return [broken, after]

    broken, after = in_virtual_time(told())
    assert broken.trouble is not None
    assert (broken.trouble.reason, counted(broken)) == ("MetricsUnreadable", 0)
    assert "a mistake of ours" in caplog.text
    assert (after.trouble, counted(after)) == (None, 100)

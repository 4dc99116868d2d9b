"""Histories: stable versions are looked at now and then, no more often than the machine bears, only while at rest."""

import asyncio
from collections.abc import Sequence

import pytest

from tandem.controller.history import EVERY, PODS_PER_SECOND, Histories
from tandem.controller.left_out import PROMETHEUS_LAG
from tandem.judge import History
from tandem.signals import PodSample, PodTarget, Unreadable, parse
from tests.unit.controller.virtual_time import in_virtual_time
from tests.unit.signals.exposition import Bento

KEY = ("payments", "fraud")


class Pods:
    """Pods that answer ten requests, one of them badly, between two looks; notes who was read when."""

    def __init__(self, *, readable: bool = True) -> None:
        self.readable = readable
        self.bentos: dict[str, Bento] = {}
        self.looks: list[tuple[float, str]] = []

    async def scrape(self, pods: Sequence[PodTarget]) -> list[PodSample | Unreadable]:
        now = asyncio.get_running_loop().time()
        self.looks.extend((now, pod.name) for pod in pods)
        if not self.readable:
            return [Unreadable(pod, "Refused", "nobody listens") for pod in pods]
        return [self._answer(pod, now) for pod in pods]

    def _answer(self, pod: PodTarget, now: float) -> PodSample:
        bento = self.bentos.setdefault(pod.name, Bento())
        bento.answer(9)
        bento.answer(1, 500)
        return PodSample(pod, now, parse(bento.text()))


def pods(count: int = 1, revision: str = "fraud-r1") -> list[PodTarget]:
    return [
        PodTarget("payments", f"{revision}-{n}", f"uid-{revision}-{n}", 0, revision, "10.0.0.1") for n in range(count)
    ]


async def learning(histories: Histories, seconds: float) -> None:
    task = asyncio.create_task(histories.run())
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def requests(history: History) -> int:
    return history.metrics["errors"].counts.total if history.metrics else 0


def test_a_version_at_rest_is_looked_at_and_learned_of() -> None:
    async def scene() -> None:
        histories, scraper = Histories(), Pods()
        histories.learn(KEY, "fraud-r1", scraper, pods(2), {})
        await learning(histories, 10 * EVERY + 1)
        assert [at for at, name in scraper.looks if name == "fraud-r1-0"] == pytest.approx(
            [1000 + EVERY * n for n in range(11)]
        )
        learned = histories.of(KEY, "fraud-r1").metrics["errors"]
        assert (learned.counts.total, learned.blocks) == (200, 10), "the first look is only the baseline"
        assert not histories.of(KEY, "fraud-r2").metrics

    in_virtual_time(scene())


def test_very_many_pods_are_read_no_faster_than_the_machine_bears() -> None:
    async def scene() -> None:
        histories, scraper, models = Histories(), Pods(), 100
        for number in range(models):
            histories.learn(("ns", str(number)), f"m{number}-r1", scraper, pods(3, f"m{number}-r1"), {})
        seconds = 10 * 3 * models / PODS_PER_SECOND
        await learning(histories, seconds)
        assert len(scraper.looks) <= seconds * PODS_PER_SECOND + 3
        seen = {name: sum(1 for _, other in scraper.looks if other == name) for _, name in scraper.looks}
        assert len(seen) == 3 * models
        assert max(seen.values()) - min(seen.values()) <= 1, "nobody is passed over"

    in_virtual_time(scene())


def test_a_version_that_something_is_tried_beside_is_left_alone_and_taken_up_from_a_new_baseline() -> None:
    async def scene() -> None:
        histories, scraper = Histories(), Pods()
        histories.learn(KEY, "fraud-r1", scraper, pods(), {})
        await learning(histories, 5 * EVERY + 1)
        histories.rest(KEY)
        looks = len(scraper.looks)
        await learning(histories, 5 * EVERY)
        assert len(scraper.looks) == looks
        assert requests(histories.of(KEY, "fraud-r1")) == 50
        scraper.bentos["fraud-r1-0"].answer(1000, 500)  # counted by the rollout
        histories.learn(KEY, "fraud-r1", scraper, pods(), {})
        await learning(histories, 5 * EVERY + 1)
        assert requests(histories.of(KEY, "fraud-r1")) == 100

    in_virtual_time(scene())


def test_another_version_begins_another_history() -> None:
    async def scene() -> None:
        histories, scraper = Histories(), Pods()
        histories.learn(KEY, "fraud-r1", scraper, pods(), {})
        await learning(histories, 5 * EVERY + 1)
        histories.learn(KEY, "fraud-r2", scraper, pods(1, "fraud-r2"), {})
        await learning(histories, 2 * EVERY + 1)
        assert not histories.of(KEY, "fraud-r1").metrics
        assert requests(histories.of(KEY, "fraud-r2")) == 20
        histories.forget(KEY)
        assert not histories.of(KEY, "fraud-r2").metrics

    in_virtual_time(scene())


def test_pods_that_cannot_be_read_teach_nothing_and_stop_nothing() -> None:
    async def scene() -> None:
        histories, dead, alive = Histories(), Pods(readable=False), Pods()
        histories.learn(KEY, "fraud-r1", dead, pods(), {})
        histories.learn(("payments", "other"), "other-r1", alive, pods(1, "other-r1"), {})
        histories.learn(("payments", "empty"), "empty-r1", alive, [], {})
        await learning(histories, 5 * EVERY + 1)
        assert not histories.of(KEY, "fraud-r1").metrics
        assert requests(histories.of(("payments", "other"), "other-r1")) == 50

    in_virtual_time(scene())


class Broken(Pods):
    """Pods that the operator fails to read, by a mistake of its own."""

    async def scrape(self, pods: Sequence[PodTarget]) -> list[PodSample | Unreadable]:
        raise OverflowError(f"what reads {pods} is broken")


def test_a_look_that_fails_is_logged_and_ends_no_other(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        histories, alive = Histories(), Pods()
        histories.learn(KEY, "fraud-r1", Broken(), pods(), {})
        histories.learn(("payments", "other"), "other-r1", alive, pods(1, "other-r1"), {})
        await learning(histories, 5 * EVERY + 1)
        assert requests(histories.of(("payments", "other"), "other-r1")) == 50

    in_virtual_time(scene())
    assert "a look at payments/fraud, which serves alone, has failed" in caplog.text


class Still(Pods):
    """Pods that answer nobody by themselves."""

    def _answer(self, pod: PodTarget, now: float) -> PodSample:
        return PodSample(pod, now, parse(self.bentos.setdefault(pod.name, Bento()).text()))


@pytest.mark.parametrize(("count", "left", "seconds"), [(2, 0, 30), (4, 2, 5), (4, 2, 30)])
def test_what_pods_count_while_tandem_asks_them_is_learned_by_nobody(count: int, left: int, seconds: float) -> None:
    """Whether a look falls into that time or not, and whether anybody is left."""

    async def scene() -> None:
        histories, scraper = Histories(), Still()
        everyone = pods(count)
        histories.learn(KEY, "fraud-r1", scraper, everyone, {})
        await learning(histories, EVERY + 1)
        histories.leave_out(KEY, frozenset(pod.uid for pod in everyone[left:]), 0.0)
        await learning(histories, seconds / 2)
        for pod in everyone[left:]:
            scraper.bentos[pod.name].answer(20, 500)
        await learning(histories, seconds / 2)
        histories.leave_out(KEY, frozenset(), 0.0)
        histories.learn(KEY, "fraud-r1", scraper, everyone, {})
        await learning(histories, 3 * EVERY)
        assert requests(histories.of(KEY, "fraud-r1")) == 0

    in_virtual_time(scene())


class Scraped(Still):
    """The same pods, as a Prometheus has them that scrapes them every half minute."""

    def _answer(self, pod: PodTarget, now: float) -> PodSample:
        known = self.known.get(pod.name)
        if known is None or now - known.at >= 30:
            known = self.known[pod.name] = super()._answer(pod, now)
        return known

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[str, PodSample] = {}


@pytest.mark.parametrize("resting", [False, True], ids=["some of its pods", "all of them"])
def test_what_tandem_asked_since_the_last_scrape_is_learned_by_nobody(resting: bool) -> None:
    async def scene() -> None:
        histories, scraper = Histories(), Scraped()
        [pod] = pods()
        histories.learn(KEY, "fraud-r1", scraper, [pod], {})
        await learning(histories, 3 * EVERY + 1)
        histories.leave_out(KEY, frozenset({pod.uid}), PROMETHEUS_LAG)
        if resting:
            histories.rest(KEY)
        await learning(histories, 12)
        scraper.bentos[pod.name].answer(1000, 500)
        histories.leave_out(KEY, frozenset(), PROMETHEUS_LAG)
        histories.learn(KEY, "fraud-r1", scraper, [pod], {})
        await learning(histories, PROMETHEUS_LAG + 3 * EVERY)
        assert requests(histories.of(KEY, "fraud-r1")) == 0
        scraper.bentos[pod.name].answer(7)
        await learning(histories, 4 * EVERY)
        assert requests(histories.of(KEY, "fraud-r1")) == 7

    in_virtual_time(scene())

"""The queue: one run per key at a time, nothing lost, nothing sooner or later than it should be."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from tandem.cluster.cache import Key
from tandem.cluster.errors import ClusterBusy, ClusterRefused
from tandem.controller.metrics import ControllerMetrics
from tandem.controller.queue import DEADLINE, ReconcileQueue
from tests.unit.controller.virtual_time import in_virtual_time

FRAUD = ("payments", "fraud")
CHURN = ("sales", "churn")
START = 1000.0


class Work:
    """Notes when each key was reconciled; ``act`` decides how a run ends."""

    def __init__(self, act: Callable[[Key, int], Awaitable[float | None]] | None = None) -> None:
        self.runs: list[tuple[Key, float]] = []
        self._act = act

    async def reconcile(self, key: Key) -> float | None:
        self.runs.append((key, asyncio.get_running_loop().time() - START))
        return await self._act(key, self.count(key)) if self._act else None

    def count(self, key: Key) -> int:
        return sum(run == key for run, _ in self.runs)

    def times(self, key: Key) -> list[float]:
        return [moment for run, moment in self.runs if run == key]


@asynccontextmanager
async def queue(work: Work, workers: int = 4) -> AsyncIterator[ReconcileQueue]:
    made = ReconcileQueue(work.reconcile, ControllerMetrics(), workers, jitter=lambda: 0.5)
    task = asyncio.create_task(made.run())
    await asyncio.sleep(0)
    yield made
    made.stop()
    await task


def test_a_key_is_run_once_for_many_additions() -> None:
    async def main() -> None:
        work = Work()
        async with queue(work) as due:
            for _ in range(5):
                due.add(FRAUD)
            due.add(CHURN)
            await asyncio.sleep(1)
        assert work.runs == [(FRAUD, 0.0), (CHURN, 0.0)]

    in_virtual_time(main())


def test_the_earliest_time_wins() -> None:
    async def main() -> None:
        work = Work()
        async with queue(work) as due:
            due.add(FRAUD, after=60)
            due.add(FRAUD, after=10)
            due.add(FRAUD, after=30)
            await asyncio.sleep(100)
        assert work.times(FRAUD) == [10.0]

    in_virtual_time(main())


def test_it_runs_again_when_it_asked_to_and_only_then() -> None:
    async def again_twice(_: Key, count: int) -> float | None:
        return 2.5 if count <= 2 else None

    async def main() -> None:
        work = Work(again_twice)
        async with queue(work) as due:
            due.add(FRAUD)
            await asyncio.sleep(100)
        assert work.times(FRAUD) == [0.0, 2.5, 5.0]

    in_virtual_time(main())


def test_news_brings_the_next_run_forward_and_its_answer_replaces_the_old_one() -> None:
    async def later(_: Key, count: int) -> float | None:
        return 60.0 if count == 1 else None

    async def main() -> None:
        work = Work(later)
        async with queue(work) as due:
            due.add(FRAUD)
            await asyncio.sleep(5)
            due.add(FRAUD)
            await asyncio.sleep(1000)
        assert work.times(FRAUD) == [0.0, 5.0]

    in_virtual_time(main())


def test_news_during_a_run_is_a_run_afterwards_and_never_two_at_a_time() -> None:
    running = 0

    async def slow(_: Key, __: int) -> float | None:
        nonlocal running
        running += 1
        assert running == 1
        await asyncio.sleep(3)
        running -= 1
        return None

    async def main() -> None:
        work = Work(slow)
        async with queue(work) as due:
            due.add(FRAUD)
            await asyncio.sleep(1)
            due.add(FRAUD)
            due.add(FRAUD)
            await asyncio.sleep(100)
        assert work.times(FRAUD) == [0.0, 3.0]

    in_virtual_time(main())


def test_no_more_run_at_a_time_than_there_are_workers() -> None:
    most = running = 0

    async def slow(_: Key, __: int) -> float | None:
        nonlocal most, running
        running += 1
        most = max(most, running)
        await asyncio.sleep(1)
        running -= 1
        return None

    async def main() -> None:
        work = Work(slow)
        async with queue(work, workers=3) as due:
            for number in range(9):
                due.add(("demo", f"m-{number}"))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert due.depth() == 6
            await asyncio.sleep(10)
            assert due.depth() == 0
        assert sorted(moment for _, moment in work.runs) == [0.0] * 3 + [1.0] * 3 + [2.0] * 3
        assert most == 3

    in_virtual_time(main())


def test_a_busy_cluster_is_tried_again_soon_and_ever_more_slowly() -> None:
    async def busy(_: Key, __: int) -> float | None:
        raise ClusterBusy("read Pod demo/x", "no answer")

    async def main() -> None:
        work = Work(busy)
        async with queue(work) as due:
            due.add(FRAUD)
            await asyncio.sleep(300)
        gaps = [later - earlier for earlier, later in pairwise(work.times(FRAUD))]
        assert gaps[:7] == [0.5, 1, 2, 4, 8, 16, 30]
        assert set(gaps[6:]) == {30}

    in_virtual_time(main())


def test_the_api_servers_own_wish_to_wait_is_respected() -> None:
    async def busy(_: Key, count: int) -> float | None:
        if count == 1:
            raise ClusterBusy("read Pod demo/x", "slow down", retry_after=12.0)
        return None

    async def main() -> None:
        work = Work(busy)
        async with queue(work) as due:
            due.add(FRAUD)
            await asyncio.sleep(300)
        assert work.times(FRAUD) == [0.0, 12.0]

    in_virtual_time(main())


@pytest.mark.parametrize(
    ("error", "first", "traceback"),
    [
        (ClusterBusy("list Pods"), 0.5, False),
        (ClusterRefused("create Pod demo/x", "Forbidden", "no"), 10.0, False),
        (RuntimeError("a bug"), 5.0, True),
    ],
)
def test_failures_are_logged_counted_and_put_off_by_class(
    error: Exception, first: float, traceback: bool, caplog: pytest.LogCaptureFixture
) -> None:
    metrics = ControllerMetrics()

    async def main() -> None:
        async def failing(_: Key, count: int) -> float | None:
            if count == 1:
                raise error
            return None

        work = Work(failing)
        made = ReconcileQueue(work.reconcile, metrics, 2, jitter=lambda: 0.5)
        task = asyncio.create_task(made.run())
        made.add(FRAUD)
        await asyncio.sleep(100)
        made.stop()
        await task
        assert work.times(FRAUD) == [0.0, first]
        count = metrics.registry.get_sample_value("tandem_reconcile_errors_total", {"error": type(error).__name__})
        assert count == 1

    in_virtual_time(main())
    assert bool(caplog.records[0].exc_info) is traceback
    assert "payments/fraud" in caplog.text


def test_news_after_a_failure_need_not_wait_for_the_whole_backoff_but_is_no_hot_loop() -> None:
    async def failing(_: Key, count: int) -> float | None:
        if count <= 6:
            raise RuntimeError("a bug")
        return None

    async def main() -> None:
        work = Work(failing)
        async with queue(work) as due:
            due.add(FRAUD)
            for _ in range(400):
                await asyncio.sleep(0.1)
                due.add(FRAUD)
        times = work.times(FRAUD)
        assert times[1] == 5.0
        assert all(4.99 < later - earlier < 5.2 for earlier, later in pairwise(times[:6]))

    in_virtual_time(main())


def test_success_forgets_the_failures() -> None:
    async def sometimes(_: Key, count: int) -> float | None:
        if count in (1, 2, 4):
            raise ClusterBusy("read Pod demo/x")
        return 100.0 if count == 3 else None

    async def main() -> None:
        work = Work(sometimes)
        async with queue(work) as due:
            due.add(FRAUD)
            await asyncio.sleep(500)
        assert work.times(FRAUD) == [0.0, 0.5, 1.5, 101.5, 102.0]

    in_virtual_time(main())


def test_a_run_that_hangs_is_given_up() -> None:
    async def hangs(_: Key, count: int) -> float | None:
        if count == 1:
            await asyncio.Event().wait()
        return None

    async def main() -> None:
        work = Work(hangs)
        async with queue(work) as due:
            due.add(FRAUD)
            await asyncio.sleep(60)
            assert due.stuck_for() == 60
            await asyncio.sleep(DEADLINE)
            assert due.stuck_for() == 0
        assert work.times(FRAUD) == [0.0, DEADLINE + 5]

    in_virtual_time(main())


async def takes_50_seconds(_: Key, __: int) -> float | None:
    await asyncio.sleep(50)
    return None


def test_nothing_begun_or_ended_for_long_is_being_stuck() -> None:
    async def main() -> None:
        async with queue(Work(takes_50_seconds), workers=1) as due:
            due.add(FRAUD)
            due.add(CHURN, after=20)
            await asyncio.sleep(60)
            assert due.stuck_for() == 10  # FRAUD ended at 50, CHURN runs since
            await asyncio.sleep(100)
            assert due.stuck_for() == 0

    in_virtual_time(main())


def test_waiting_behind_many_others_is_not_being_stuck() -> None:
    async def main() -> None:
        async with queue(Work(takes_50_seconds), workers=1) as due:
            for number in range(20):
                due.add(("many", f"model-{number}"))
            await asyncio.sleep(920)
            assert due.depth() == 1
            assert due.stuck_for() == 20

    in_virtual_time(main())


def test_stopping_lets_what_runs_come_to_its_end_and_starts_nothing() -> None:
    ended: list[Key] = []

    async def slow(key: Key, __: int) -> float | None:
        await asyncio.sleep(7)
        ended.append(key)
        return 0.0

    async def main() -> None:
        work = Work(slow)
        async with queue(work, workers=1) as due:
            due.add(FRAUD)
            due.add(CHURN)
            await asyncio.sleep(1)
        assert ended == [FRAUD]
        assert work.count(CHURN) == 0
        assert asyncio.get_running_loop().time() == START + 7

    in_virtual_time(main())


def test_what_is_urgent_goes_before_what_waits() -> None:
    async def main() -> None:
        release = asyncio.Event()

        async def act(key: Key, _: int) -> None:
            if key == FRAUD:
                await release.wait()

        work = Work(act)
        async with queue(work, workers=1) as due:
            due.add(FRAUD)
            await asyncio.sleep(0.1)
            for number in range(10):
                due.add(("many", f"model-{number}"))
            due.add_urgently(("many", "model-9"))
            due.add_urgently(CHURN)
            release.set()
            await asyncio.sleep(0.1)
        assert [key for key, _ in work.runs[1:3]] == [("many", "model-9"), CHURN]
        assert len(work.runs) == len({key for key, _ in work.runs}) == 12

    in_virtual_time(main())


def test_what_became_urgent_while_it_ran_goes_first_afterwards() -> None:
    async def main() -> None:
        release = asyncio.Event()

        async def act(key: Key, count: int) -> None:
            if key == FRAUD and count == 1:
                await release.wait()

        work = Work(act)
        async with queue(work, workers=1) as due:
            due.add(FRAUD)
            await asyncio.sleep(0.1)
            for number in range(10):
                due.add(("many", f"model-{number}"))
            due.add_urgently(FRAUD)
            release.set()
            await asyncio.sleep(0.1)
        assert [key for key, _ in work.runs[:2]] == [FRAUD, FRAUD]
        assert work.count(FRAUD) == 2

    in_virtual_time(main())


def test_the_urgent_do_not_keep_everybody_else_from_running() -> None:
    async def main() -> None:
        async def act(key: Key, _: int) -> None:
            await asyncio.sleep(0.01)
            if key == FRAUD:
                due_again.add_urgently(FRAUD)

        work = Work(act)
        async with queue(work, workers=1) as due_again:
            due_again.add_urgently(FRAUD)
            for number in range(20):
                due_again.add(("many", f"model-{number}"))
            await asyncio.sleep(1)
        assert sum(key != FRAUD for key, _ in work.runs) == 20
        assert work.count(FRAUD) > 60

    in_virtual_time(main())

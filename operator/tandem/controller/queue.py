"""One queue keyed by ModelDeployment: one worker per key at a time, coalescing, requeue-after, backoff."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Final

from tandem.cluster.cache import Key
from tandem.cluster.errors import ClusterBusy, ClusterError
from tandem.controller.metrics import ControllerMetrics
from tandem.controller.schedule import Schedule

logger = logging.getLogger(__name__)

WORKERS: Final = 32
DEADLINE: Final = 120.0
"""Seconds after which a reconcile is given up: nothing in it may wait, so something is wrong."""

_BUSY: Final = (0.5, 30.0)
_REFUSED: Final = (10.0, 300.0)
_UNEXPECTED: Final = (5.0, 300.0)


class ReconcileQueue:
    """Runs ``reconcile`` for every key that is due. It returns the seconds after which it wants to run again, or None.

    ``jitter`` gives a number from 0 up to 1, so that many keys that failed together do not come back together.
    """

    def __init__(
        self,
        reconcile: Callable[[Key], Awaitable[float | None]],
        metrics: ControllerMetrics,
        workers: int = WORKERS,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._reconcile = reconcile
        self._metrics = metrics
        self._workers = workers
        self._jitter = jitter
        self._schedule = Schedule()
        self._changed = asyncio.Event()
        self._stopping = False
        self._running: dict[Key, float] = {}
        self._moved_at = 0.0
        metrics.depth.set_function(self.depth)
        metrics.running.set_function(lambda: len(self._running))

    def add(self, key: Key, after: float = 0.0) -> None:
        """Have a key reconciled in ``after`` seconds, or earlier if it is due earlier."""
        self._schedule.add(key, self._now() + after)
        self._changed.set()

    def add_urgently(self, key: Key) -> None:
        """Have a key reconciled now, before others that are due."""
        self._schedule.add(key, self._now(), urgent=True)
        self._changed.set()

    def depth(self) -> int:
        """Return how many keys wait for a worker."""
        return self._schedule.depth(self._now())

    def stuck_for(self) -> float:
        """Return for how many seconds something was due or running and no reconcile has been started or ended.

        How long one key has waited says nothing: with a thousand others that were applied at once it waits minutes.
        """
        now = self._now()
        oldest = min(
            (due for due in (self._schedule.next_due(), *self._running.values()) if due is not None), default=now
        )
        return max(0.0, now - max(oldest, self._moved_at))

    async def run(self) -> None:
        """Work until ``stop`` is called and what ran then has come to its end."""
        async with asyncio.TaskGroup() as group:
            while not self._stopping:
                while len(self._running) < self._workers and (taken := self._schedule.take(self._now())) is not None:
                    key, due = taken
                    self._running[key] = self._moved_at = self._now()
                    self._metrics.lateness.observe(self._now() - due)
                    group.create_task(self._run_once(key), name=f"reconcile {key[0]}/{key[1]}")
                await self._wait()

    def stop(self) -> None:
        """Start nothing more."""
        self._stopping = True
        self._changed.set()

    async def _wait(self) -> None:
        """Wait until there is something new, or a key is due and a worker is free for it."""
        due = self._schedule.next_due() if len(self._running) < self._workers else None
        try:
            async with asyncio.timeout_at(due):
                await self._changed.wait()
        except TimeoutError:
            return
        self._changed.clear()

    async def _run_once(self, key: Key) -> None:
        began = self._now()
        try:
            async with asyncio.timeout(DEADLINE):
                again_after = await self._reconcile(key)
        except Exception as error:  # noqa: BLE001 - one model's trouble is not another's: logged, counted, tried again
            self._failed(key, error)
        else:
            self._schedule.succeeded(key, None if again_after is None else self._now() + again_after)
        finally:
            del self._running[key]
            self._moved_at = self._now()
            self._metrics.duration.observe(self._now() - began)
            self._changed.set()

    def _failed(self, key: Key, error: Exception) -> None:
        failures = self._schedule.failures(key)
        first, longest = _BUSY if isinstance(error, ClusterBusy) else _REFUSED if _is_foreseen(error) else _UNEXPECTED
        delay = min(longest, first * 2 ** min(failures, 16)) * (0.5 + self._jitter())
        if isinstance(error, ClusterBusy) and error.retry_after is not None:
            delay = max(delay, error.retry_after)
        self._schedule.failed(key, self._now(), delay)
        self._metrics.errors.labels(error=type(error).__name__).inc()
        if _is_foreseen(error):
            logger.warning("reconcile of %s/%s put off for %.1f s: %s", *key, delay, error)
        else:
            logger.error("reconcile of %s/%s failed, next try in %.1f s", *key, delay, exc_info=error)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def _is_foreseen(error: Exception) -> bool:
    return isinstance(error, ClusterError)

"""The last telling log line of pods in trouble: read beside the reconciles, which never wait for it."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from tandem.cluster.cache import Key
from tandem.cluster.client import Cluster
from tandem.cluster.errors import ClusterError
from tandem.cluster.observe import telling_line
from tandem.manifests.template import CONTAINER
from tandem.rollout.observation import PodState

log = logging.getLogger(__name__)

READ_AGAIN_AFTER: Final = 10.0
"""Seconds before a pod's log is read again: a model that raises while loading goes on running and saying so."""

_AT_A_TIME: Final = 4
_LINES: Final = 250
_BYTES: Final = 64 * 1024
"""A model that cannot load writes a traceback for each try, and its process manager another one."""


@dataclass(slots=True)
class _Read:
    asked_at: float
    restarts: int
    line: str | None = None
    reading: bool = True


class LastLines:
    """Remembers a line by pod uid. ``enqueue`` has a ModelDeployment reconciled once one of its lines has changed."""

    def __init__(
        self, cluster: Cluster, enqueue: Callable[[Key], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._cluster = cluster
        self._enqueue = enqueue
        self._clock = clock
        self._read: dict[str, _Read] = {}
        self._of_key: dict[Key, set[str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._free = asyncio.Semaphore(_AT_A_TIME)

    def known(self, uids: Iterable[str]) -> dict[str, str]:
        """Return the lines known of these pods."""
        found = {uid: self._read[uid].line for uid in uids if uid in self._read}
        return {uid: line for uid, line in found.items() if line is not None}

    def ask(self, key: Key, pods: Iterable[PodState]) -> None:
        """Have the logs of those pods read that are in trouble by their own fault; forget pods that are no more."""
        present: set[str] = set()
        for pod in pods:
            present.add(pod.uid)
            if pod.trouble is not None and pod.trouble.own_fault and not pod.terminating:
                self._ask(key, pod)
        for uid in self._of_key.pop(key, set()) - present:
            self._read.pop(uid, None)
        watched = present & self._read.keys()
        if watched:
            self._of_key[key] = watched

    def _ask(self, key: Key, pod: PodState) -> None:
        known = self._read.get(pod.uid)
        now = self._clock()
        if known is not None:
            again = pod.restarts != known.restarts or now - known.asked_at >= READ_AGAIN_AFTER
            if known.reading or not again:
                return
        line = known.line if known is not None else None
        self._read[pod.uid] = _Read(now, pod.restarts, line)
        task = asyncio.create_task(self._fetch(key, pod), name=f"log of {key[0]}/{pod.name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _fetch(self, key: Key, pod: PodState) -> None:
        line: str | None = None
        try:
            async with self._free:
                # What the container said before it ended tells more than what its next run says so far.
                for previous in (True, False) if pod.restarts else (False,):
                    line = line or telling_line(await self._tail(key, pod, previous))
        except ClusterError as error:
            log.debug("log not read: %s", error)
        finally:
            read = self._read.get(pod.uid)
            changed = read is not None and line is not None and line != read.line
            if read is not None:
                read.reading, read.line = False, line or read.line
        if changed:
            self._enqueue(key)

    async def _tail(self, key: Key, pod: PodState, previous: bool) -> str:
        return await self._cluster.pod_log_tail(key[0], pod.name, CONTAINER, _LINES, previous, _BYTES)

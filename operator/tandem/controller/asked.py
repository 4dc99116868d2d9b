"""How many requests the pods of examinations have asked so far: read off their logs, beside the reconciles."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from tandem.cluster.client import Cluster
from tandem.cluster.errors import ClusterError
from tandem.cluster.examined import requests_asked
from tandem.cluster.observe import Body
from tandem.manifests.examination import EXAMINER

log = logging.getLogger(__name__)

READ_AGAIN_AFTER: Final = 5.0
"""Seconds before a pod's log is read again."""

FORGET_AFTER: Final = 3600.0
"""Seconds after which nobody asks any more for a pod that has been read."""

_AT_A_TIME: Final = 4
_BYTES: Final = 1024


@dataclass(slots=True)
class _Read:
    at: float
    count: int | None = None
    reading: bool = True


class Asked:
    """Remembers a count by pod uid. ``clock`` gives monotonic seconds."""

    def __init__(self, cluster: Cluster, clock: Callable[[], float] = time.monotonic) -> None:
        self._cluster = cluster
        self._clock = clock
        self._read: dict[str, _Read] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._free = asyncio.Semaphore(_AT_A_TIME)

    def so_far(self, pods: Iterable[Body]) -> dict[str, int]:
        """Return the counts known of those pods that run, by uid; has them read again where they are old."""
        found = {}
        for pod in pods:
            if pod.get("status", {}).get("phase") == "Running":
                count = self._of(pod["metadata"])
                if count is not None:
                    found[pod["metadata"]["uid"]] = count
        return found

    def _of(self, meta: Body) -> int | None:
        known, now = self._read.get(meta["uid"]), self._clock()
        if known is None or not (known.reading or now - known.at < READ_AGAIN_AFTER):
            self._read = {uid: read for uid, read in self._read.items() if now - read.at < FORGET_AFTER}
            known = self._read[meta["uid"]] = _Read(now, known.count if known is not None else None)
            task = asyncio.create_task(
                self._fetch(meta["namespace"], meta["name"], known), name=f"log of {meta['name']}"
            )
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return known.count

    async def _fetch(self, namespace: str, name: str, read: _Read) -> None:
        try:
            async with self._free:
                text = await self._cluster.pod_log_tail(namespace, name, EXAMINER, 1, False, _BYTES)
            read.count = requests_asked(text) or read.count
        except ClusterError as error:
            log.debug("log not read: %s", error)
        finally:
            read.reading = False

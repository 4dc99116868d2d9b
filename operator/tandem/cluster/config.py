"""ConfigMaps of users, read by name when a model mentions them: never listed, never watched cluster-wide."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tandem.cluster.client import Cluster
from tandem.cluster.errors import NotFound
from tandem.cluster.kinds import CONFIG_MAP, Kind, Object

MAX_AGE: Final = 30.0
"""Seconds for which a ConfigMap that was read is good enough."""

_SWEEP_ABOVE: Final = 256


@dataclass(slots=True)
class _Read:
    config: Object | None
    asked_at: float


class ConfigReader:
    """Reads ConfigMaps by name and remembers each for a little while. ``clock`` gives monotonic seconds.

    With ``kind`` CONFIG_MAP_EDITION it reads their metadata only.
    """

    def __init__(self, cluster: Cluster, clock: Callable[[], float] = time.monotonic, kind: Kind = CONFIG_MAP) -> None:
        self._cluster = cluster
        self._kind = kind
        self._clock = clock
        self._read: dict[tuple[str, str], _Read] = {}
        self._reading: dict[tuple[str, str], asyncio.Lock] = {}

    async def read(self, namespace: str, name: str, max_age: float = MAX_AGE) -> Object | None:
        """Return a ConfigMap as it was at most ``max_age`` seconds ago; None if there is none.

        Raises ``ClusterBusy`` or ``ClusterRefused`` when it cannot be read.
        """
        key = (namespace, name)
        wanted_since = self._clock() - max_age
        # Two models that mention the same ConfigMap share one request.
        lock = self._reading.setdefault(key, asyncio.Lock())
        async with lock:
            known = self._read.get(key)
            if known is not None and known.asked_at >= wanted_since:
                return known.config
            asked_at = self._clock()
            try:
                config: Object | None = await self._cluster.get(self._kind, namespace, name)
            except NotFound:
                config = None
            self._read[key] = _Read(config, asked_at)
        self._drop_old()
        return config

    def _drop_old(self) -> None:
        """Contents may be large: keep none longer than it can be of use, once there are many."""
        if len(self._read) <= _SWEEP_ABOVE:
            return
        oldest = self._clock() - MAX_AGE
        for key in [key for key, read in self._read.items() if read.asked_at < oldest]:
            del self._read[key]
            lock = self._reading.get(key)
            if lock is not None and not lock.locked():
                del self._reading[key]

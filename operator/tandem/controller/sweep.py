"""LISTs: the first one, before anything is decided, and one every few minutes, for what the watches did not tell."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from tandem.cluster.cache import Cache, Key
from tandem.cluster.client import Cluster
from tandem.cluster.errors import ClusterError, KindMissing
from tandem.cluster.kinds import HTTP_ROUTE, WATCHED, Kind
from tandem.cluster.trim import trimmed
from tandem.controller.metrics import ControllerMetrics
from tandem.controller.watchdog import Watchdog

logger = logging.getLogger(__name__)

INTERVAL: Final = 300.0
"""Seconds between two sweeps of everything."""

OPTIONAL: Final = frozenset({HTTP_ROUTE})
"""Kinds that a cluster may do without; all others are waited for at start."""

_SOON: Final = 5.0
_RETRY: Final = 5.0
_LOOK_FOR_MISSING_KINDS: Final = 30.0


class KindAppeared(Exception):
    """A kind that was missing at start exists now; only a fresh start can watch it."""


class Sweeper:
    """Keeps the cache true by LISTs. ``on_changed`` is told which ModelDeployments they held news for."""

    def __init__(
        self,
        cluster: Cluster,
        cache: Cache,
        watchdog: Watchdog,
        metrics: ControllerMetrics,
        on_changed: Callable[[Iterable[Key]], None],
        namespaces: Sequence[str] = (),
    ) -> None:
        self._cluster = cluster
        self._cache = cache
        self._watchdog = watchdog
        self._metrics = metrics
        self._on_changed = on_changed
        self._scopes: tuple[str | None, ...] = tuple(namespaces) or (None,)
        self._missing: set[Kind] = set()
        self._due: dict[tuple[Kind, str | None], float] = {}
        self._asked = asyncio.Event()

    def scope_of(self, namespace: str) -> str | None:
        """Return the namespace of the LIST and watch that covers a namespace; None if they cover all."""
        return namespace if self._scopes != (None,) else None

    async def first(self) -> list[Kind]:
        """LIST every kind, until that has worked; return the kinds that exist and can be watched."""
        for kind in WATCHED:
            for scope in self._scopes:
                await self._first_list(kind, scope)
        return [kind for kind in WATCHED if kind not in self._missing]

    def relisted(self, kind: Kind, scope: str | None) -> None:
        """A watch has begun anew with a listing: what was deleted before that it will never tell, so LIST soon."""
        soon = _now() + _SOON
        if self._due.get((kind, scope), soon + 1) > soon:
            self._due[kind, scope] = soon
            self._asked.set()

    async def run(self, interval: float = INTERVAL) -> None:
        """Sweep each kind every ``interval`` seconds, and when asked; raises ``KindAppeared``."""
        for kind in WATCHED:
            for scope in self._scopes:
                after = _LOOK_FOR_MISSING_KINDS if kind in self._missing else interval
                self._due.setdefault((kind, scope), _now() + after)
        while True:
            (kind, scope), due = min(self._due.items(), key=lambda item: item[1])
            if due > _now():
                await self._wait_until(due)
                continue
            self._due[kind, scope] = _now() + (_LOOK_FOR_MISSING_KINDS if kind in self._missing else interval)
            await self._sweep_or_warn(kind, scope)

    async def _first_list(self, kind: Kind, scope: str | None) -> None:
        while True:
            try:
                await self._sweep(kind, scope)
            except KindMissing:
                if kind in OPTIONAL:
                    logger.warning("%s is not installed in this cluster; models that need it will say so", kind.kind)
                    self._missing.add(kind)
                    return
                logger.error("%s is not installed: apply Tandem's CustomResourceDefinitions; waiting for it", kind.kind)  # noqa: TRY400
            except ClusterError as error:
                logger.warning("not ready yet: %s", error)
            else:
                return
            await asyncio.sleep(_RETRY)

    async def _sweep_or_warn(self, kind: Kind, scope: str | None) -> None:
        try:
            await self._sweep(kind, scope)
        except KindMissing as error:
            if kind not in self._missing:
                logger.warning("sweep put off: %s", error)
        except ClusterError as error:
            logger.warning("sweep put off: %s", error)
        else:
            if kind in self._missing:
                raise KindAppeared(f"{kind.kind} has been installed; starting anew to watch it")

    async def _sweep(self, kind: Kind, scope: str | None) -> None:
        asked_at = time.monotonic()
        listing = await self._cluster.list(kind, scope, kind.selector, trim=trimmed)
        swept = self._cache.sweep(listing, asked_at)
        self._watchdog.listed((kind.kind, scope), swept.newest, swept.gone, _now())
        self._metrics.objects.labels(kind=kind.kind).set(self._cache.counts().get(kind.kind, 0))
        if swept.keys:
            self._metrics.missed.labels(kind=kind.kind).inc(len(swept.keys))
            self._on_changed(swept.keys)

    async def _wait_until(self, due: float) -> None:
        try:
            async with asyncio.timeout_at(due):
                await self._asked.wait()
        except TimeoutError:
            return
        self._asked.clear()


def _now() -> float:
    return asyncio.get_running_loop().time()

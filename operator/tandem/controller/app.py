"""The operator as a whole: connect, LIST everything once, then watch, sweep and reconcile until told to stop."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import kopf

from tandem.cluster.cache import Cache, Key
from tandem.cluster.client import Cluster
from tandem.cluster.config import ConfigReader
from tandem.cluster.connection import Connection
from tandem.cluster.events import EventRecorder
from tandem.cluster.kinds import Kind, Object
from tandem.controller import watches
from tandem.controller.metrics import ControllerMetrics
from tandem.controller.metrics_server import serve_metrics
from tandem.controller.model_conditions import ModelConditions
from tandem.controller.parts import MakeReconciler, Parts
from tandem.controller.queue import WORKERS, ReconcileQueue
from tandem.controller.sweep import INTERVAL, Sweeper
from tandem.controller.watchdog import Watchdog

logger = logging.getLogger(__name__)

STUCK_AFTER: Final = 300.0
"""Seconds that a due ModelDeployment may wait before the process is held to be ill."""

_LAST_RECONCILES: Final = 20.0
_LAST_BREATH: Final = 30.0


@dataclass(frozen=True, slots=True)
class Options:
    """How the operator runs. Ports of 0 are any free one; no ``liveness`` is no probe."""

    namespaces: tuple[str, ...] = ()
    """Namespaces to serve; none means all."""
    workers: int = WORKERS
    sweep_interval: float = INTERVAL
    liveness: str | None = None
    """Where the liveness probe is answered, such as ``http://0.0.0.0:8080/healthz``."""
    metrics_host: str = "0.0.0.0"  # noqa: S104 - a pod's own address: Prometheus comes from outside the pod
    metrics_port: int | None = None


class Controller:
    """One running operator. Use ``run``; ``synced`` and ``listening`` are for whoever waits for it."""

    def __init__(self, connection: Connection, options: Options, make_reconciler: MakeReconciler) -> None:
        self._connection = connection
        self._options = options
        self._make_reconciler = make_reconciler
        self.metrics = ControllerMetrics()
        self.cache = Cache()
        self.metrics.registry.register(ModelConditions(self.cache))
        self.synced = asyncio.Event()
        """Everything has been listed once."""
        self.listening = asyncio.Event()
        """The watches have been started."""
        self._watchdog = Watchdog()

    async def run(self, stop: asyncio.Event | None = None) -> None:
        """Run until SIGTERM, SIGINT or ``stop``; raises whatever ended it otherwise."""
        async with contextlib.AsyncExitStack() as stack:
            cluster = await stack.enter_async_context(Cluster(self._connection.configuration))
            if self._options.metrics_port is not None:
                serving = serve_metrics(self.metrics.registry, self._options.metrics_host, self._options.metrics_port)
                await stack.enter_async_context(serving)
            events = EventRecorder(cluster)
            self._queue = ReconcileQueue(self._reconcile, self.metrics, self._options.workers)
            parts = Parts(
                self._connection,
                cluster,
                self.cache,
                events,
                ConfigReader(cluster),
                enqueue=self._queue.add,
                enqueue_urgently=self._queue.add_urgently,
            )
            self._reconciler = await stack.enter_async_context(self._make_reconciler(parts))
            self._sweeper = Sweeper(
                cluster, self.cache, self._watchdog, self.metrics, self._enqueue, self._options.namespaces
            )
            # Before this is done, a child that exists would look as if it were missing.
            kinds = await self._sweeper.first()
            self._enqueue(self.cache.keys())
            self.synced.set()
            logger.info("listed everything once: %s", self.cache.counts())
            await self._run_all(kinds, events, stop or asyncio.Event())

    def complaints(self) -> list[str]:
        """Return what is wrong with this process so that only a restart would help; empty if it is well."""
        now = asyncio.get_running_loop().time()
        found = [
            f"the watch of {kind} in {namespace or 'all namespaces'} is silent"
            for kind, namespace in self._watchdog.silent(now)
        ]
        stuck = self._queue.stuck_for()
        if stuck > STUCK_AFTER:
            found.append(f"no reconcile has been started or ended for {stuck:.0f} s though one is due")
        return found

    async def _run_all(self, kinds: list[Kind], events: EventRecorder, stop: asyncio.Event) -> None:
        working = asyncio.create_task(self._queue.run(), name="queue")
        sweeping = asyncio.create_task(self._sweeper.run(self._options.sweep_interval), name="sweeper")
        telling = asyncio.create_task(events.run(), name="events")

        stopping = False

        async def on_stopping() -> None:
            nonlocal stopping
            stopping = True
            # kopf cancels every task begun since its start, reconciles too: let those end before.
            self._queue.stop()
            await asyncio.wait({working}, timeout=_LAST_RECONCILES)
            await events.flush()

        watching = asyncio.create_task(
            kopf.operator(
                registry=watches.registry(kinds, self._connection, self._hear, self.complaints, on_stopping),
                settings=watches.settings(kinds),
                standalone=True,
                # Without a name of its own kopf asks for the user's, and a container's numeric user has none.
                identity="tandem",  # type: ignore[arg-type]
                clusterwide=not self._options.namespaces,
                namespaces=self._options.namespaces,
                liveness_endpoint=self._options.liveness,
                stop_flag=stop,
                ready_flag=self.listening,
            ),
            name="watches",
        )
        tasks = {watching, working, sweeping, telling}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if not stopping:
                for task in done - {watching}:
                    logger.critical("the task %s has ended: stopping everything", task.get_name())
            stop.set()
            await asyncio.wait({watching}, timeout=_LAST_BREATH)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            await task

    async def _reconcile(self, key: Key) -> float | None:
        return await self._reconciler.reconcile(key)

    def _hear(self, kind: Kind, event_type: str | None, obj: Object) -> None:
        metadata = obj["metadata"]
        scope = self._sweeper.scope_of(metadata.get("namespace", ""))
        version = metadata.get("resourceVersion", "")
        self._watchdog.heard(
            (kind.kind, scope), event_type, metadata["uid"], int(version) if version.isdecimal() else 0
        )
        self.metrics.events.labels(kind=kind.kind).inc()
        if event_type is None:
            self._sweeper.relisted(kind, scope)
        self._enqueue(self.cache.feed(event_type, obj))

    def _enqueue(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self._queue.add(key)

"""Kubernetes Events: the story of a rollout, for people who ask with ``kubectl describe``.

An event never holds up or fails what it tells of: it is queued, written by tasks of their own, and given up after an
error. The same event of the same object is one Event that counts, also across a restart of Tandem.
"""

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from tandem.cluster.client import Cluster
from tandem.cluster.errors import AlreadyExists, ClusterError, NotFound
from tandem.cluster.kinds import EVENT, Object

logger = logging.getLogger(__name__)

COMPONENT: Final = "tandem"
MAX_MESSAGE: Final = 1024
"""Characters of a message: the API's own limit."""

REPEAT_AFTER: Final = timedelta(minutes=10)
"""The same event is not written again before this much time has passed; it is counted."""

_MOST_PENDING: Final = 1000
_MOST_REMEMBERED: Final = 5000
_WRITERS: Final = 4
_GIVE_UP_STOPPING_AFTER: Final = 5.0


@dataclass(slots=True)
class _Told:
    body: Object | None = None
    """What is to be written; not kept longer, for of what was told only that it was is remembered."""
    last_written: datetime | None = None
    uncounted: int = 0


class EventRecorder:
    """Writes Events about objects. ``now`` gives the time in UTC."""

    def __init__(self, cluster: Cluster, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._cluster = cluster
        self._now = now
        self._told: OrderedDict[str, _Told] = OrderedDict()
        self._pending: asyncio.Queue[str] = asyncio.Queue(_MOST_PENDING)

    def record(
        self, involved: Mapping[str, Any], event_type: Literal["Normal", "Warning"], reason: str, message: str
    ) -> None:
        """Tell of a transition of ``involved`` (an object with kind, name, namespace and uid). Never fails or waits.

        Names, pointers and counts only: requests, rows and answers may be personal data.
        """
        body = _event(involved, event_type, reason, message, self._now())
        name = body["metadata"]["name"]
        told = self._told.setdefault(name, _Told())
        told.body = told.body or body
        self._told.move_to_end(name)
        told.uncounted += 1
        if len(self._told) > _MOST_REMEMBERED:
            self._told.popitem(last=False)
        if told.last_written is not None and self._now() - told.last_written < REPEAT_AFTER:
            return
        try:
            self._pending.put_nowait(name)
        except asyncio.QueueFull:
            logger.warning("event dropped, %d are waiting to be written: %s: %s", _MOST_PENDING, reason, message)

    async def run(self) -> None:
        """Write what is recorded, for ever."""
        async with asyncio.TaskGroup() as group:
            for _ in range(_WRITERS):
                group.create_task(self._write_on())

    async def _write_on(self) -> None:
        while True:
            name = await self._pending.get()
            try:
                await self._write(name)
            except ClusterError as error:
                logger.warning("event not written: %s", error)
            finally:
                self._pending.task_done()

    async def flush(self) -> None:
        """Wait a few seconds for what is recorded to be written, before the end."""
        try:
            async with asyncio.timeout(_GIVE_UP_STOPPING_AFTER):
                await self._pending.join()
        except TimeoutError:
            logger.warning("stopping with %d events unwritten", self._pending.qsize())

    async def _write(self, name: str) -> None:
        told = self._told.get(name)
        if told is None or told.body is None:
            return
        moment = self._now()
        times, told.uncounted, told.last_written = told.uncounted, 0, moment
        body = {**told.body, "count": times, "lastTimestamp": _stamp(moment)}
        told.body = None
        try:
            await self._cluster.create(body)
        except AlreadyExists:
            await self._count_up(body, times)

    async def _count_up(self, body: Object, times: int) -> None:
        namespace, name = body["metadata"]["namespace"], body["metadata"]["name"]
        try:
            count = (await self._cluster.get(EVENT, namespace, name)).get("count") or 0
            patch = {"count": count + times, "lastTimestamp": body["lastTimestamp"]}
            await self._cluster.merge_patch(EVENT, namespace, name, patch)
        except NotFound:  # the API server keeps Events for an hour, and that hour has just ended
            await self._cluster.create(body)


def _event(involved: Mapping[str, Any], event_type: str, reason: str, message: str, moment: datetime) -> Object:
    metadata = involved["metadata"]
    namespace = metadata.get("namespace") or "default"
    message = message if len(message) <= MAX_MESSAGE else message[: MAX_MESSAGE - 1] + "…"
    # The name is the aggregation: what is the same event is the same object.
    identity = "\0".join((metadata["uid"], event_type, reason, message))
    digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
    return {
        "apiVersion": EVENT.api_version,
        "kind": EVENT.kind,
        "metadata": {"namespace": namespace, "name": f"{metadata['name']}.{digest}"},
        "involvedObject": {
            "apiVersion": involved["apiVersion"],
            "kind": involved["kind"],
            "namespace": namespace,
            "name": metadata["name"],
            "uid": metadata["uid"],
            "resourceVersion": metadata.get("resourceVersion", ""),
        },
        "type": event_type,
        "reason": reason,
        "message": message,
        "source": {"component": COMPONENT},
        "reportingComponent": COMPONENT,
        "firstTimestamp": _stamp(moment),
        "lastTimestamp": _stamp(moment),
        "count": 1,
    }


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

"""What a reconciler is made from, and what it is to the loop that calls it."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from tandem.cluster.cache import Cache, Key
from tandem.cluster.client import Cluster
from tandem.cluster.config import ConfigReader
from tandem.cluster.connection import Connection
from tandem.cluster.events import EventRecorder


class Reconciler(Protocol):
    """Brings one ModelDeployment a step nearer to where it should be."""

    async def reconcile(self, key: Key) -> float | None:
        """Take that step; return the seconds after which to be called again, None if only news should call it."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a reconciler is made from."""

    connection: Connection
    cluster: Cluster
    cache: Cache
    events: EventRecorder
    configs: ConfigReader
    enqueue: Callable[[Key], None]
    """Has a ModelDeployment reconciled soon."""
    enqueue_urgently: Callable[[Key], None]
    """The same, before others that wait: there is evidence on a version that gets requests."""


MakeReconciler = Callable[[Parts], AbstractAsyncContextManager[Reconciler]]

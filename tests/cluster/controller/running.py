"""The real operator in this process, with a reconciler that only records what it is told and what it sees then.

Enter ``running`` in the test itself, not in a fixture: when kopf ends, it cancels every task that is younger than it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from tandem.cluster.cache import Key
from tandem.cluster.connection import Connection
from tandem.cluster.kinds import MODEL_DEPLOYMENT
from tandem.controller.app import Controller, Options
from tandem.controller.parts import Parts

PATIENCE = 30.0


class Recording:
    """A reconciler that notes each call with what the cache held at that moment."""

    def __init__(self) -> None:
        self.calls: list[tuple[Key, dict[str, Any]]] = []
        self._news = asyncio.Condition()
        self._parts: Parts | None = None

    @asynccontextmanager
    async def made_from(self, parts: Parts) -> AsyncIterator["Recording"]:
        self._parts = parts
        yield self

    async def reconcile(self, key: Key) -> float | None:
        self.calls.append((key, self.seen(key)))
        async with self._news:
            self._news.notify_all()
        return None

    def seen(self, key: Key) -> dict[str, Any]:
        assert self._parts is not None
        cache = self._parts.cache
        return {"itself": cache.get(MODEL_DEPLOYMENT, *key), **cache.children(*key)}

    def of(self, key: Key) -> list[dict[str, Any]]:
        return [seen for called, seen in self.calls if called == key]

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds that a reconcile brings about."""
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(holds)


@asynccontextmanager
async def running(connection: Connection, recording: Recording, **options: Any) -> AsyncIterator["asyncio.Task[None]"]:
    """Run the operator while the context lasts, from when it listens; gives its task."""
    controller = Controller(connection, Options(**options), recording.made_from)
    stop = asyncio.Event()
    task = asyncio.create_task(controller.run(stop))
    listening = asyncio.create_task(controller.listening.wait())
    async with asyncio.timeout(PATIENCE):
        await asyncio.wait({task, listening}, return_when=asyncio.FIRST_COMPLETED)
    listening.cancel()
    try:
        if task.done():
            await task
        yield task
    finally:
        stop.set()
        async with asyncio.timeout(PATIENCE):
            await task

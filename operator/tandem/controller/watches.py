"""kopf, used for what it does best: watches that survive. It hears of every change and writes nothing, ever."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import kopf

from tandem.cluster.connection import Connection, credentials_of
from tandem.cluster.kinds import Kind, Object

FINALIZER: Final = "tandem.dev/unused"
CHUNK: Final = 250
SERVER_TIMEOUT: Final = 300
CONNECT_TIMEOUT: Final = 10.0
AGAIN_AFTER: Final = 5.0
"""Seconds between two logins."""

Hear = Callable[[Kind, str | None, Object], None]
"""What to do with an event: its kind, its type (None: part of an initial listing) and its object."""


class _Patiently:
    """Delays between tries of a request, without end: an API server that is away for an hour is no reason to die."""

    def __iter__(self) -> Iterator[float]:
        yield from (1.0, 2.0, 3.0, 5.0, 8.0)
        while True:
            yield 10.0


class _NothingHandled(kopf.DiffBaseStorage):
    """Remembers nothing of what was handled: Tandem compares nothing with it, and objects are not kopf's to mark.

    kopf asks it for every event, so it also saves a deep copy of every object.
    """

    def build(self, *, body: kopf.Body, extra_fields: Any = None) -> kopf.BodyEssence:  # noqa: ARG002
        return kopf.BodyEssence()

    def fetch(self, *, body: kopf.Body) -> kopf.BodyEssence | None:  # noqa: ARG002
        return None

    def store(self, **_: Any) -> None:
        raise AssertionError("Tandem has no handler for which kopf would write to an object")


class _NoProgress(kopf.ProgressStorage):
    """Stores no progress of handlers in objects: none of ours has any."""

    def fetch(self, *, key: Any, body: kopf.Body) -> None:  # noqa: ARG002
        return None

    def store(self, **_: Any) -> None:
        raise AssertionError("Tandem has no handler for which kopf would write to an object")

    def purge(self, *, key: Any, body: kopf.Body, patch: kopf.Patch) -> None:
        """Have nothing to purge."""

    def touch(self, *, body: kopf.Body, patch: kopf.Patch, value: str | None) -> None:
        """Have nothing to touch."""

    def clear(self, *, essence: kopf.BodyEssence) -> kopf.BodyEssence:
        return essence


class Logins:
    """Credentials for kopf, the ones that our own client has. kopf asks again when the API server answers 401."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._count = 0
        self._asked_at = -AGAIN_AFTER

    async def login(self, **_: Any) -> kopf.ConnectionInfo:
        """Return the credentials of this moment, but not more often than every few seconds."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._asked_at + AGAIN_AFTER - loop.time()))
        self._asked_at = loop.time()
        self._count += 1
        found = await credentials_of(self._connection.configuration)
        return kopf.ConnectionInfo(
            server=found.server,
            ca_path=found.ca_file,
            insecure=found.insecure,
            certificate_path=found.certificate_file,
            private_key_path=found.key_file,
            scheme=found.scheme,
            token=found.token,
            # kopf gives up on credentials that equal ones which were refused once. An API server that has just started
            # refuses good ones as well, so let none equal another.
            priority=self._count,
        )


def settings(kinds: Iterable[Kind]) -> kopf.OperatorSettings:
    """Return kopf's settings; each has its reason in the project's study of kopf or beside it."""
    chosen = kopf.OperatorSettings()
    chosen.peering.standalone = True
    chosen.posting.enabled = False
    # Without it kopf reads and watches every CustomResourceDefinition of the cluster, in full.
    chosen.scanning.disabled = True
    # A half-open connection is noticed by the server's end, ours, or 70 silent seconds, whichever comes first.
    chosen.watching.server_timeout = SERVER_TIMEOUT
    chosen.watching.client_timeout = SERVER_TIMEOUT + 10
    chosen.watching.connect_timeout = CONNECT_TIMEOUT
    chosen.watching.chunk_size = CHUNK
    chosen.networking.request_timeout = 30.0
    chosen.networking.connect_timeout = CONNECT_TIMEOUT
    chosen.networking.error_backoffs = _Patiently()
    chosen.networking.enforce_retry_after = True
    # A task per object lingers this long after its last event; events of one object rarely come closer than that.
    chosen.queueing.idle_timeout = 0.2
    chosen.persistence.finalizer = FINALIZER
    chosen.persistence.progress_storage = _NoProgress()
    chosen.persistence.diffbase_storage = _NothingHandled()
    chosen.process.ultimate_exiting_timeout = 60.0
    for kind in kinds:
        if kind.selector is not None:
            chosen.watching.label_selectors[kind.group, kind.version, kind.plural] = kind.selector
    return chosen


def registry(
    kinds: Sequence[Kind],
    connection: Connection,
    hear: Hear,
    complaints: Callable[[], list[str]],
    on_stopping: Callable[[], Awaitable[None]],
) -> kopf.OperatorRegistry:
    """Return the handlers: one per kind that only listens, the login, the liveness probe, and a last act."""
    handlers = kopf.OperatorRegistry()

    logins = Logins(connection)
    kopf.on.login(registry=handlers)(logins.login)

    @kopf.on.probe(registry=handlers, id="complaints")
    async def healthy(**_: Any) -> str:
        found = complaints()
        if found:
            raise kopf.PermanentError("; ".join(found))
        return "none"

    @kopf.on.cleanup(registry=handlers)
    async def stopping(**_: Any) -> None:
        await on_stopping()

    for kind in kinds:
        _listen(handlers, kind, hear)
    return handlers


def _listen(handlers: kopf.OperatorRegistry, kind: Kind, hear: Hear) -> None:
    @kopf.on.event(group=kind.group, version=kind.version, plural=kind.plural, id=kind.plural, registry=handlers)
    async def heard(event: kopf.RawEvent, **_: Any) -> None:
        # The raw object, not kopf's view of it: a view keeps the whole object alive.
        hear(kind, event["type"], event["object"])  # type: ignore[arg-type]

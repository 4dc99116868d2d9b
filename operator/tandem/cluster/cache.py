"""What Tandem last heard of every object it cares for: from events, from its own writes, and from regular LISTs.

Three sources tell of the same objects in no fixed order, so each object is kept by its age:

- Between events and answers to our writes, the higher resourceVersion is the newer one. Versions of one kind are
  revisions of one etcd and rise as integers, also across a deletion and re-creation of a name (promised by Kubernetes
  from 1.35 on, true before). An event that is not newer changes nothing, so the echo of our own write is no news.
- A LIST is truth for everything that we knew when it was asked for, whatever the versions say: it is a consistent
  read. That way also a cluster that was restored from a backup, with its versions set back, is right again after a
  sweep. What came in while it ran is compared by version.
- What was deleted stays dead: a tombstone holds its uid and version for a while against stragglers.

Only one asyncio task at a time may use it; nothing in it awaits.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tandem.api.names import DEPLOYMENT_LABEL
from tandem.cluster.client import Listing
from tandem.cluster.kinds import MODEL_DEPLOYMENT, Kind, Object
from tandem.cluster.trim import trimmed

Key = tuple[str, str]
"""Namespace and name of a ModelDeployment."""

_TOMBSTONE_SECONDS: Final = 600.0
_FOREVER: Final = 2**64


@dataclass(slots=True)
class _Entry:
    obj: Object
    uid: str
    version: int
    heard_at: float
    owner: Key | None


@dataclass(slots=True)
class _Tombstone:
    uid: str
    version: int
    made_at: float


@dataclass(frozen=True, slots=True)
class Swept:
    """What a LIST knew that the cache did not."""

    keys: frozenset[Key]
    """ModelDeployments concerned."""
    newest: int
    """Highest resourceVersion among the listed objects; 0 if there are none."""
    gone: frozenset[str]
    """Uids of objects that were deleted without our hearing of it."""


class Cache:
    """Objects by kind, namespace and name, and by the ModelDeployment that they belong to.

    Everything it returns is shared: read it, never change it. ``clock`` gives monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._objects: dict[str, dict[Key, _Entry]] = {}
        self._children: dict[Key, dict[str, dict[str, _Entry]]] = {}
        self._tombstones: dict[str, dict[Key, _Tombstone]] = {}

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """Return an object, or None if none is known."""
        entry = self._objects.get(kind.kind, {}).get((namespace, name))
        return entry.obj if entry is not None else None

    def children(self, namespace: str, deployment: str) -> dict[str, list[Object]]:
        """Return what belongs to a ModelDeployment by its label, by kind (``"Pod"``, ``"Deployment"``, ...)."""
        kinds = self._children.get((namespace, deployment), {})
        return {kind: [entry.obj for entry in entries.values()] for kind, entries in kinds.items()}

    def deployments(self) -> Iterator[Object]:
        """Return every ModelDeployment."""
        return iter([entry.obj for entry in self._objects.get(MODEL_DEPLOYMENT.kind, {}).values()])

    def keys(self) -> set[Key]:
        """Return every ModelDeployment that exists or of which a child does."""
        return {*self._objects.get(MODEL_DEPLOYMENT.kind, {}), *self._children}

    def counts(self) -> dict[str, int]:
        """Return how many objects of each kind are known."""
        return {kind: len(entries) for kind, entries in self._objects.items()}

    def feed(self, event_type: str | None, obj: Object) -> set[Key]:
        """Take in an event of a watch (None for an initial listing); return the ModelDeployments it is news for."""
        if event_type == "DELETED":
            uid, version = _identity(obj)
            return self._bury(obj["kind"], _address(obj), uid, version)
        return self._store(obj)

    def overlay(self, obj: Object) -> None:
        """Take in the answer to a write of ours, so that the next reconcile sees it at once."""
        self._store(obj)

    def forget(self, kind: Kind, namespace: str, name: str, uid: str) -> None:
        """Take in that the object with this uid is gone for good: deleted, or not found where it was looked for."""
        self._bury(kind.kind, (namespace, name), uid, _FOREVER)

    def sweep(self, listing: Listing, listed_at: float) -> Swept:
        """Take in a LIST that was asked for at ``listed_at`` (this cache's clock); return what was not known before."""
        kind = listing.kind.kind
        listed_version = _version(listing.resource_version)
        changed: set[Key] = set()
        gone: set[str] = set()
        present: set[Key] = set()
        newest = 0
        for obj in listing.items:
            newest = max(newest, _identity(obj)[1])
            present.add(_address(obj))
            changed |= self._store(obj, listed_at)
        for address, entry in list(self._objects.get(kind, {}).items()):
            if address in present or listing.namespace not in (None, address[0]):
                continue
            if entry.heard_at < listed_at or entry.version <= listed_version:
                gone.add(entry.uid)
                changed |= self._remove(kind, address)
        self._drop_old_tombstones()
        return Swept(frozenset(changed), newest, frozenset(gone))

    def _store(self, obj: Object, listed_at: float | None = None) -> set[Key]:
        """Keep an object unless we know better; return the owners for which that is news."""
        kind, address = obj["kind"], _address(obj)
        uid, version = _identity(obj)
        known = self._objects.get(kind, {}).get(address)
        if known is not None and not _is_news(known, uid, version, listed_at):
            return set()
        tombstone = self._tombstones.get(kind, {}).get(address)
        if tombstone is not None and _is_dead(tombstone, uid, version, listed_at):
            return set()
        owners = self._remove(kind, address) if known is not None else set()
        owner = owner_of(obj)
        entry = _Entry(trimmed(obj), uid, version, self._clock(), owner)
        self._objects.setdefault(kind, {})[address] = entry
        if owner is not None:
            owners.add(owner)
            if kind != MODEL_DEPLOYMENT.kind:
                self._children.setdefault(owner, {}).setdefault(kind, {})[address[1]] = entry
        return owners

    def _bury(self, kind: str, address: Key, uid: str, version: int) -> set[Key]:
        known = self._objects.get(kind, {}).get(address)
        if known is not None and (known.uid != uid if version == _FOREVER else known.version > version):
            return set()  # another object has the name by now
        self._tombstones.setdefault(kind, {})[address] = _Tombstone(uid, version, self._clock())
        return self._remove(kind, address)

    def _remove(self, kind: str, address: Key) -> set[Key]:
        entry = self._objects.get(kind, {}).pop(address, None)
        if entry is None or entry.owner is None:
            return set()
        kinds = self._children.get(entry.owner)
        if kinds is not None and kind in kinds:
            kinds[kind].pop(address[1], None)
            if not kinds[kind]:
                del kinds[kind]
            if not kinds:
                del self._children[entry.owner]
        return {entry.owner}

    def _drop_old_tombstones(self) -> None:
        oldest = self._clock() - _TOMBSTONE_SECONDS
        for tombstones in self._tombstones.values():
            for address in [address for address, stone in tombstones.items() if stone.made_at < oldest]:
                del tombstones[address]


def _is_news(known: _Entry, uid: str, version: int, listed_at: float | None) -> bool:
    if listed_at is not None and known.heard_at < listed_at:
        return (uid, version) != (known.uid, known.version)
    return version > known.version


def _is_dead(tombstone: _Tombstone, uid: str, version: int, listed_at: float | None) -> bool:
    if listed_at is not None and tombstone.made_at < listed_at:
        return False
    return uid == tombstone.uid if tombstone.version == _FOREVER else version <= tombstone.version


def owner_of(obj: Mapping[str, Any]) -> Key | None:
    """Return the ModelDeployment that an object is, or belongs to by its label."""
    metadata = obj["metadata"]
    if obj["kind"] == MODEL_DEPLOYMENT.kind:
        return metadata["namespace"], metadata["name"]
    name = (metadata.get("labels") or {}).get(DEPLOYMENT_LABEL)
    return (metadata["namespace"], name) if name else None


def _address(obj: Mapping[str, Any]) -> Key:
    metadata = obj["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def _identity(obj: Mapping[str, Any]) -> tuple[str, int]:
    metadata = obj["metadata"]
    return metadata.get("uid", ""), _version(metadata.get("resourceVersion", ""))


def _version(text: str) -> int:
    """Return a resourceVersion as the integer it is; 0 where there is none to compare."""
    return int(text) if text.isdecimal() else 0

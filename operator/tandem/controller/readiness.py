"""The readiness checks in the operator: when something changes that they ask, and once a day for their dates.

The profile is read beside the reconciles, which never wait for it: no check holds up a rollout or a rollback.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tandem.api.objects import ModelDeployment, ModelRevision
from tandem.api.status import ReadinessFinding
from tandem.cluster.cache import Key
from tandem.cluster.config import MAX_AGE, ConfigReader
from tandem.cluster.errors import ClusterError
from tandem.readiness import Before, Facts, ProfileRead, examine, read_profile, recorded

log = logging.getLogger(__name__)

LOOK_AGAIN: Final = 600.0
"""Seconds between two looks at a profile: it changes when somebody measures."""

LOOK_FOR_MISSING: Final = MAX_AGE
"""Seconds between two looks at one that could not be read: it may be applied just now."""

_Basis = tuple[object, ...]
Found = tuple[ReadinessFinding, ...]


@dataclass(slots=True)
class _Look:
    name: str
    due: float
    read: ProfileRead | None = None
    task: asyncio.Task[None] | None = None


class Readiness:
    """Remembers what the checks found of each ModelDeployment. ``enqueue`` has one reconciled whose profile changed."""

    def __init__(
        self, configs: ConfigReader, enqueue: Callable[[Key], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._configs = configs
        self._enqueue = enqueue
        self._clock = clock
        self._looks: dict[Key, _Look] = {}
        self._known: dict[Key, tuple[_Basis, Found]] = {}

    def findings(
        self, deployment: ModelDeployment, revisions: Mapping[str, ModelRevision], now: datetime
    ) -> Found | None:
        """Return the checks that do not pass; None while its profile has not been read yet."""
        key = (deployment.metadata.namespace, deployment.metadata.name)
        profile = self._profile(key, deployment.spec.profile)
        if profile is None:
            return None
        before, first, kept = _past(deployment, revisions)
        basis = (deployment.metadata.uid, deployment.metadata.generation, now.date(), profile, before, first, kept)
        known = self._known.get(key)
        if known is not None and known[0] == basis:
            return known[1]
        found = recorded(examine(Facts(deployment, now.date(), profile, before, first, kept)))
        self._known[key] = (basis, found)
        return found

    def look_after(self, key: Key, now: datetime) -> float:
        """Return the seconds after which time alone changes what the checks find."""
        midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), now.tzinfo)
        look = self._looks.get(key)
        waits = (midnight - now).total_seconds() + 1.0
        return waits if look is None else min(waits, max(look.due - self._clock(), 1.0))

    def forget(self, key: Key) -> None:
        """Drop what was remembered of a ModelDeployment that is gone."""
        self._known.pop(key, None)
        look = self._looks.pop(key, None)
        if look is not None and look.task is not None:
            look.task.cancel()

    def _profile(self, key: Key, name: str | None) -> ProfileRead | None:
        look = self._looks.get(key)
        if name is None or (look is not None and look.name != name):
            if look is not None:
                self._drop(key, look)
            look = None
        if name is None:
            return ProfileRead()
        if look is None:
            look = self._looks[key] = _Look(name, self._clock())
        if look.task is None and self._clock() >= look.due:
            look.task = asyncio.create_task(self._read(key, look), name=f"profile of {key[0]}/{key[1]}")
        return look.read

    def _drop(self, key: Key, look: _Look) -> None:
        if look.task is not None:
            look.task.cancel()
        del self._looks[key]

    async def _read(self, key: Key, look: _Look) -> None:
        try:
            config = await self._configs.read(key[0], look.name)
            read = read_profile(config) if config is not None else ProfileRead(wrong="does not exist")
        except ClusterError as error:
            log.debug("profile not read: %s", error)
            read = ProfileRead(unread=str(error))
        look.task = None
        look.due = self._clock() + (LOOK_AGAIN if read.profile is not None else LOOK_FOR_MISSING)
        if read.unread is not None and look.read is not None:
            return  # what was read last still tells more
        if read != look.read:
            look.read = read
            self._enqueue(key)


def _past(deployment: ModelDeployment, revisions: Mapping[str, ModelRevision]) -> tuple[Before | None, bool, int]:
    """Return what serves now, whether it is the first version ever, and how many others served and are kept."""
    status = deployment.status
    stable = revisions.get(status.stable.revision) if status.stable is not None else None
    before = None
    if stable is not None and status.stable is not None and status.stable.contract is not None:
        before = Before(stable.spec.image, status.stable.contract)
    serving = stable.metadata.name if stable is not None else None
    kept = sum(1 for name, revision in revisions.items() if revision.status.served and name != serving)
    return before, status.last_revision <= 1, kept

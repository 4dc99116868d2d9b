"""What the versions that serve have answered lately, in memory, from the same looks that a rollout is judged by.

After a restart of the operator it is counted anew; what status says of an objective stands until it can be told again.
"""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from tandem.cluster.cache import Key
from tandem.judge import Counts
from tandem.judge.recent import LATELY, LastHour
from tandem.rollout.objectives import missed
from tandem.rollout.observation import Watched


@dataclass(slots=True)
class _Model:
    revision: str
    hour: LastHour
    shares: Mapping[str, float] = field(default_factory=dict)
    edgeless: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


class Objectives:
    """Last hours by ModelDeployment. ``enqueue`` has one reconciled whose objectives are missed, or kept again."""

    def __init__(
        self, enqueue: Callable[[Key], None] = lambda _: None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._enqueue = enqueue
        self._clock = clock
        self._models: dict[Key, _Model] = {}

    def note(
        self, key: Key, revision: str, counts: Mapping[str, Counts], edgeless: Collection[str] | None = None
    ) -> None:
        """Take in what a version answered since the last time; of another version than before it begins afresh.

        No counts at all mean that nobody could read it. ``edgeless``: see `Watched`; None where that is not known.
        """
        if not counts:
            return
        model = self._models.get(key)
        if model is None or model.revision != revision:
            shares = model.shares if model is not None else {}
            model = self._models[key] = _Model(revision, LastHour.beginning(self._clock()), shares)
        now = self._clock()
        model.hour = model.hour.after(now, counts)
        if edgeless is not None:
            model.edgeless = tuple(sorted(edgeless))
        found = missed(model.shares, model.hour.counted(now), bool(model.told))
        if found != model.told:
            model.told = found
            self._enqueue(key)

    def seen(self, key: Key, shares: Mapping[str, float]) -> Watched | None:
        """Return what the version that serves has answered; by ``shares`` it is compared from now on."""
        model = self._models.get(key)
        if model is None:
            return None
        now, model.shares = self._clock(), dict(shares)
        hour = model.hour.counted(now)
        model.told = missed(shares, hour, bool(model.told))
        lately, silent = model.hour.counted(now, LATELY), now - model.hour.heard
        return Watched(model.revision, hour, lately, now - model.hour.since, silent, model.edgeless)

    def forget(self, key: Key) -> None:
        """Drop what is known of a ModelDeployment that is gone."""
        self._models.pop(key, None)

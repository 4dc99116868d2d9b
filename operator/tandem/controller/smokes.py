"""The short questions to later pods, as the controller looks at them: they hold nothing up, whatever comes of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from tandem.api.objects import ModelDeployment
from tandem.cluster.cache import Key
from tandem.cluster.errors import ClusterError
from tandem.cluster.kinds import Object
from tandem.cluster.smoked import asked_meanwhile, smoke_state
from tandem.controller.examinations import Examinations
from tandem.rollout.observation import RevisionState, SmokeState, Trouble
from tandem.rollout.smoke import LOOK_AGAIN_SECONDS

REFUSED_FOR: Final = timedelta(minutes=2)
"""For so long after a refusal, such as of a quota, no pod is made that asks later pods."""


class Smokes:
    """Looks at the pods that ask later pods, and remembers that one could not be made."""

    def __init__(self, examinations: Examinations) -> None:
        self._examinations = examinations
        self._refused: dict[Key, tuple[datetime, str]] = {}

    async def state(
        self,
        key: Key,
        deployment: ModelDeployment,
        states: Mapping[str, RevisionState],
        pods: Iterable[Object],
        now: datetime,
    ) -> SmokeState:
        """Return what is known of them; that rows cannot be looked at is the full examination's to tell."""
        if not self._examinations.is_able:
            return SmokeState()
        try:
            rows = await self._examinations.rows(deployment)
        except ClusterError as error:
            return SmokeState(trouble=str(error), asked=asked_meanwhile(pods, now))
        state = smoke_state(deployment, states, pods, rows, now)
        at, said = self._refused.get(key, (now, ""))
        return replace(state, trouble=state.trouble or said) if said and now - at < REFUSED_FOR else state

    def note_refused(self, key: Key, refused: Sequence[Trouble], now: datetime) -> float | None:
        """Remember that a pod that asks was refused; return the seconds after which to look again, if so."""
        if not refused:
            return None
        self._refused[key] = (now, refused[0].message)
        return LOOK_AGAIN_SECONDS  # while it is remembered, and can be told

    def forget(self, key: Key) -> None:
        """Drop what is known of a ModelDeployment that is gone."""
        self._refused.pop(key, None)

"""The examination of a candidate, as the controller looks at it: with the editions of the rows that it is asked.

The rows are not read here. Of a ConfigMap only its edition is looked at, so that changed rows are asked anew; a Secret
may be read by nobody but the pod that it is mounted into, and counts by its name.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from tandem.api.objects import ModelDeployment
from tandem.cluster.config import ConfigReader
from tandem.cluster.errors import ClusterError
from tandem.cluster.examined import examination_state, examined_revision, examiners, nothing_examined
from tandem.cluster.kinds import Object
from tandem.controller.asked import Asked
from tandem.manifests.examination import row_config_maps
from tandem.rollout.observation import QualityState, RevisionState

MISSING_MAX_AGE: Final = 5.0
"""Seconds for which it is believed that a ConfigMap does not exist: somebody may be creating it just now."""

_NO_IMAGE: Final = (
    "this operator was started without --examiner-image, so it can ask no version: name its own image there "
    "(the Helm chart does), or take out spec.quality"
)


class Examinations:
    """Looks at examinations. ``image``: Tandem's own; ``editions`` reads ConfigMaps' metadata only, ``asked`` logs."""

    def __init__(self, editions: ConfigReader, asked: Asked, image: str | None) -> None:
        self._editions = editions
        self._asked = asked
        self._image = image

    async def state(
        self, deployment: ModelDeployment, states: Mapping[str, RevisionState], pods: Iterable[Object], now: datetime
    ) -> QualityState | None:
        """Return what is known of the examination that is on, or stands; None where there is nothing to know."""
        state, quality = examined_revision(deployment, states), deployment.spec.quality
        if state is None or quality is None:
            return nothing_examined(pods)
        if self._image is None:
            return QualityState(state.name, "", trouble=_NO_IMAGE)
        try:
            rows = await self.rows(deployment)
        except ClusterError as error:
            return QualityState(state.name, "", trouble=str(error))
        mine = examiners(pods)
        return examination_state(deployment, state, mine, rows, now, self._asked.so_far(mine))

    @property
    def is_able(self) -> bool:
        """Whether pods that ask can be made at all."""
        return self._image is not None

    async def rows(self, deployment: ModelDeployment) -> dict[str, str]:
        """Return the editions of the ConfigMaps with rows, by name. Raises ``ClusterError``."""
        found, namespace, quality = {}, deployment.metadata.namespace, deployment.spec.quality
        for name in row_config_maps(quality) if quality is not None else ():
            config = await self._editions.read(namespace, name)
            if config is None:
                config = await self._editions.read(namespace, name, max_age=MISSING_MAX_AGE)
            meta = config["metadata"] if config is not None else {}
            found[name] = f"{meta.get('uid', '')}/{meta.get('resourceVersion', '')}"
        return found

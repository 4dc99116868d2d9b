"""What the controller looks at for an examination: the editions of rows, and whether it can ask anybody at all."""

from typing import Any

from tandem.api.objects import ModelDeployment
from tandem.cluster.errors import ClusterRefused
from tandem.controller.examinations import Examinations
from tandem.rollout.observation import QualityState, RevisionState
from tests.unit.rollout.situations import R2, started
from tests.unit.rollout.world import NOON

QUALITY: dict[str, Any] = {"path": "/predict", "edgeCases": {"rows": [{"configMap": "cases"}, {"secret": "rows"}]}}


class NothingAsked:
    """No pod that asks has said anything."""

    def so_far(self, pods: Any) -> dict[str, int]:
        del pods
        return {}


class Editions:
    """The metadata of ConfigMaps, as the reader of the cluster gives it."""

    def __init__(self, version: str | None = "7", *, refused: bool = False) -> None:
        self.version = version
        self.refused = refused
        self.read_of: list[str] = []

    async def read(self, namespace: str, name: str, max_age: float = 30.0) -> Any:
        del namespace, max_age
        self.read_of.append(name)
        if self.refused:
            raise ClusterRefused("read ConfigMap cases", "Forbidden", "no")
        return None if self.version is None else {"metadata": {"uid": "u", "resourceVersion": self.version}}


def world(**spec: Any) -> tuple[ModelDeployment, dict[str, RevisionState]]:
    made = started()
    made.declare(**spec)
    return made.deployment(), dict(made.observe().revisions)


async def look(editions: Editions, image: str | None = "tandem:1", **spec: Any) -> QualityState | None:
    deployment, states = world(**spec)
    return await Examinations(editions, NothingAsked(), image).state(deployment, states, [], NOON)  # type: ignore[arg-type]


async def test_other_rows_are_another_examination() -> None:
    found = [await look(Editions(version), quality=QUALITY) for version in ("7", "8", None)]
    assert len({state.inputs for state in found if state is not None}) == 3


async def test_no_secret_is_looked_at() -> None:
    editions = Editions()
    await look(editions, quality=QUALITY)
    assert editions.read_of == ["cases"]


async def test_without_an_image_of_its_own_it_can_ask_nobody() -> None:
    found = await look(Editions(), image=None, quality=QUALITY)
    assert found is not None
    assert found.revision == R2
    assert found.trouble is not None
    assert "--examiner-image" in found.trouble


async def test_what_cannot_be_read_is_trouble() -> None:
    found = await look(Editions(refused=True), quality=QUALITY)
    assert found is not None
    assert found.trouble is not None
    assert "Forbidden" in found.trouble


async def test_where_nothing_is_declared_nothing_is_looked_at() -> None:
    editions = Editions()
    assert await look(editions) is None
    assert editions.read_of == []

"""What the controller remembers of pods that could not be made to ask later pods: it waits, and says why."""

from datetime import timedelta
from typing import Any

from tandem.controller.examinations import Examinations
from tandem.controller.smokes import REFUSED_FOR, Smokes
from tandem.rollout.observation import SmokeState, Trouble
from tests.unit.controller.story import KEY
from tests.unit.controller.test_examinations import QUALITY, Editions, NothingAsked, world
from tests.unit.rollout.world import NOON

FULL = Trouble("QuotaExceeded", "exceeded quota: room")


async def look(smokes: Smokes, seconds: float = 0.0) -> SmokeState:
    deployment, states = world(quality=QUALITY)
    return await smokes.state(KEY, deployment, states, [], NOON + timedelta(seconds=seconds))


def made(editions: Editions | None = None, image: str | None = "tandem:1") -> Smokes:
    asked: Any = NothingAsked()
    given: Any = editions or Editions()
    return Smokes(Examinations(given, asked, image))


async def test_after_a_refusal_no_pod_is_made_for_some_time() -> None:
    smokes = made()
    assert (await look(smokes)).trouble is None
    smokes.note_refused(KEY, [FULL], NOON)
    last = REFUSED_FOR.total_seconds() - 1
    assert (await look(smokes, last)).trouble == FULL.message
    assert (await look(smokes, last + 1)).trouble is None


async def test_a_refusal_is_looked_at_again_while_it_is_remembered() -> None:
    """Otherwise it would be forgotten at each look, and nobody would ever be told."""
    smokes = made()
    again = smokes.note_refused(KEY, [FULL], NOON)
    assert again is not None
    assert (await look(smokes, again)).trouble == FULL.message


async def test_nothing_is_remembered_of_a_model_that_is_gone() -> None:
    smokes = made()
    smokes.note_refused(KEY, [FULL], NOON)
    smokes.forget(KEY)
    assert smokes.note_refused(KEY, [], NOON) is None
    assert (await look(smokes)).trouble is None


async def test_rows_that_cannot_be_looked_at_keep_nobody_from_anything() -> None:
    found = await look(made(Editions(refused=True)))
    assert found.able == frozenset() and found.trouble is not None


async def test_an_operator_without_an_image_of_its_own_asks_nobody() -> None:
    assert await look(made(image=None)) == SmokeState()

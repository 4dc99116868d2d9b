"""The readiness checks beside the reconciles: a profile that is late, missing or cannot be read holds up nobody."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import yaml

from tandem.api.objects import ModelDeployment, parse_deployment
from tandem.api.status import ReadinessFinding
from tandem.cluster.cache import Key
from tandem.cluster.config import MAX_AGE
from tandem.cluster.errors import ClusterBusy
from tandem.controller.readiness import LOOK_AGAIN, Readiness
from tests.unit.readiness.objects import PROFILE, REMOVED, body

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
KEY = ("payments", "fraud")
CONFIG = {"data": {"profile.yaml": yaml.safe_dump(PROFILE)}}


class Configs:
    """Answers as a test says, once it is let."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.reads = 0
        self.let = asyncio.Event()

    async def read(self, namespace: str, name: str, max_age: float = MAX_AGE) -> Any:
        assert (namespace, name, max_age) == ("payments", "fraud-profile", MAX_AGE)
        await self.let.wait()
        self.reads += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Rig:
    """Readiness with ConfigMaps and a clock of the test's own."""

    def __init__(self, answer: Any = None) -> None:
        self.configs = Configs(answer)
        self.seconds = 0.0
        self.called = asyncio.Event()
        self.keys: list[Key] = []
        reader: Any = self.configs
        self.readiness = Readiness(reader, self._enqueue, lambda: self.seconds)

    def _enqueue(self, key: Key) -> None:
        self.keys.append(key)
        self.called.set()

    def found(self, given: ModelDeployment, now: datetime = NOW) -> tuple[ReadinessFinding, ...] | None:
        return self.readiness.findings(given, {}, now)

    async def read(self, given: ModelDeployment) -> dict[str, str]:
        """Let the profile be read, and return what is found then, by check."""
        assert self.found(given) is None
        self.configs.let.set()
        async with asyncio.timeout(5):
            await self.called.wait()
        return {each.check: each.message for each in self.found(given) or ()}


def deployment(generation: int = 1, **changes: Any) -> ModelDeployment:
    made = body(**changes)
    made["metadata"] |= {"uid": "u", "generation": generation}
    return parse_deployment(made)


async def test_without_a_profile_it_is_found_at_once() -> None:
    rig = Rig()
    found = rig.found(deployment(profile=REMOVED))
    assert found is not None and [each.check for each in found] == ["TDM010"]
    assert not rig.configs.reads and not rig.keys


async def test_nothing_is_told_before_the_profile_was_read_and_then_it_calls() -> None:
    rig = Rig(CONFIG)
    assert await rig.read(deployment()) == {}
    assert rig.keys == [KEY] and rig.configs.reads == 1


async def test_a_profile_that_is_not_there_fails_and_one_that_cannot_be_read_is_not_known() -> None:
    assert await Rig(None).read(deployment()) == {"TDM010": "ConfigMap fraud-profile: does not exist"}
    rig = Rig(ClusterBusy("get ConfigMap payments/fraud-profile", "timeout"))
    assert "timeout" in (await rig.read(deployment()))["TDM010"]
    assert [each.outcome for each in rig.found(deployment()) or ()] == ["Unknown"]


async def test_it_looks_again_sooner_for_what_is_missing() -> None:
    for answer, seconds in ((CONFIG, LOOK_AGAIN), (None, MAX_AGE)):
        rig = Rig(answer)
        await rig.read(deployment())
        assert rig.readiness.look_after(KEY, NOW) == seconds
        rig.seconds = seconds - 1.0
        rig.found(deployment())
        assert rig.configs.reads == 1
        rig.called.clear()
        rig.seconds, rig.configs.answer = seconds, {"data": {}}
        rig.found(deployment())
        async with asyncio.timeout(5):
            await rig.called.wait()
        assert rig.configs.reads == 2


async def test_dates_count_from_the_next_day_on_and_the_same_is_not_worked_out_twice() -> None:
    rig = Rig()
    due = deployment(profile=REMOVED, reviewBy="2026-11-24")
    first = rig.found(due)
    assert rig.found(due, NOW.replace(hour=23)) is first
    assert rig.readiness.look_after(KEY, NOW) == 12 * 3600 + 1
    later = rig.found(due, NOW.replace(day=25)) or ()
    assert "TDM030" in {each.check for each in later}
    assert rig.found(deployment(2, profile=REMOVED, runbook=REMOVED)) != first


async def test_what_is_forgotten_is_not_read_any_more() -> None:
    rig = Rig(CONFIG)
    assert rig.found(deployment()) is None
    tasks: Callable[[], set[Any]] = lambda: asyncio.all_tasks() - {asyncio.current_task()}  # noqa: E731
    (reading,) = tasks()
    rig.readiness.forget(KEY)
    await asyncio.wait({reading})
    assert reading.cancelled() and not rig.keys

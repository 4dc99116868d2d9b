"""ConfigMaps are read by name, and not more often than is of use."""

import asyncio

import pytest

from tandem.cluster.config import MAX_AGE, ConfigReader
from tandem.cluster.errors import ClusterBusy
from tandem.cluster.kinds import CONFIG_MAP
from tests.unit.cluster.objects import body
from tests.unit.cluster.recorded import ObjectStore


class Reading:
    def __init__(self) -> None:
        self.now = 0.0
        self.store = ObjectStore()
        self.reader = ConfigReader(self.store, lambda: self.now)

    def put(self, version: int) -> None:
        self.store.objects["ConfigMap", "demo", "thresholds"] = body(CONFIG_MAP, "thresholds", version)

    async def version(self, max_age: float = MAX_AGE) -> str | None:
        found = await self.reader.read("demo", "thresholds", max_age)
        return found["metadata"]["resourceVersion"] if found else None


async def test_what_was_read_is_good_for_a_while() -> None:
    reading = Reading()
    reading.put(1)
    assert await reading.version() == "1"
    reading.put(2)
    reading.now = MAX_AGE
    assert await reading.version() == "1"
    reading.now += 1
    assert await reading.version() == "2"
    assert reading.store.calls == ["get", "get"]


async def test_whoever_needs_it_fresh_gets_it_fresh() -> None:
    reading = Reading()
    reading.put(1)
    await reading.version()
    reading.put(2)
    reading.now = 1.0
    assert await reading.version(max_age=0) == "2"


async def test_absence_is_remembered_as_well() -> None:
    reading = Reading()
    assert await reading.version() is None
    assert await reading.version() is None
    assert reading.store.calls == ["get"]


async def test_many_who_ask_at_once_share_one_request() -> None:
    reading = Reading()
    reading.put(1)
    assert await asyncio.gather(*(reading.version() for _ in range(20))) == ["1"] * 20
    assert reading.store.calls == ["get"]


async def test_a_failure_is_not_remembered() -> None:
    reading = Reading()
    reading.put(1)
    reading.store.fails = [ClusterBusy("read ConfigMap demo/thresholds")]
    with pytest.raises(ClusterBusy):
        await reading.version()
    assert await reading.version() == "1"


async def test_contents_are_not_kept_for_ever() -> None:
    reading = Reading()
    for number in range(300):
        await reading.reader.read("demo", f"c-{number}")
    reading.now = MAX_AGE + 1
    await reading.version()
    assert len(reading.reader._read) == len(reading.reader._reading) == 1

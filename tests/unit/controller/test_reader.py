"""The reader of a trial's pods: whatever its looks take, each sample is handed on once."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import pytest

from tandem.controller.reader import Reader
from tandem.signals import PodCounters, PodSample, PodTarget, Unreadable
from tests.unit.controller.virtual_time import in_virtual_time

LOOKS = 5
POD = PodTarget("payments", "a", "uid-a", 0, "fraud-r1", "10.0.0.1")


class Slow:
    """A source that takes some seconds a look, and gives each sample a time of its own."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.given: list[float] = []

    async def scrape(self, pods: Sequence[PodTarget]) -> list[PodSample | Unreadable]:
        await asyncio.sleep(self._seconds)
        self.given.append(asyncio.get_running_loop().time())
        return [PodSample(pod, self.given[-1], PodCounters()) for pod in pods]


@pytest.mark.parametrize("look", [0.0, 0.3, 1.0, 2.5])
@pytest.mark.parametrize("tick", [0.2, 0.45, 1.0])
def test_nothing_is_lost_to_who_takes_samples_while_a_look_is_under_way(look: float, tick: float) -> None:
    async def story() -> tuple[list[float], list[float]]:
        source, heard, taken = Slow(look), asyncio.Event(), list[float]()
        reader = Reader(source, None, heard.set)
        reader.follow("payments/fraud", (POD,), ())
        while len(source.given) < LOOKS:
            taken += [sample.at for sample in reader.take_samples()]
            heard.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(tick):
                    await heard.wait()
        reader.stop()
        return source.given, taken + [sample.at for sample in reader.take_samples()]

    given, taken = in_virtual_time(story())
    assert taken == given

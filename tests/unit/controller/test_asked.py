"""How far an examination is, read off the log of its pod, beside the reconciles and not more often than is of use."""

import asyncio
from typing import Any

import pytest

from tandem.cluster.errors import ClusterBusy
from tandem.controller.asked import READ_AGAIN_AFTER, Asked

POD: dict[str, Any] = {
    "metadata": {"name": "fraud-r2-quality-1-0", "namespace": "payments", "uid": "u"},
    "status": {"phase": "Running"},
}


class Logs:
    """A cluster whose pods say how far they are."""

    def __init__(self) -> None:
        self.text = "100 requests asked\n"
        self.busy = False
        self.reads = 0

    async def pod_log_tail(self, namespace: str, name: str, container: str, *rest: Any) -> str:
        assert (namespace, name, container) == ("payments", "fraud-r2-quality-1-0", "examiner")
        del rest
        self.reads += 1
        if self.busy:
            raise ClusterBusy("read a log")
        return self.text


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def look(asked: Asked, pod: dict[str, Any] = POD) -> dict[str, int]:
    """Return what is known once what this look started to read has been read."""
    found = asked.so_far([pod])
    await asyncio.gather(*asked._tasks)
    return found


async def test_it_is_known_at_the_next_look_and_read_again_after_a_while(clock: Clock) -> None:
    logs = Logs()
    asked = Asked(logs, clock)  # type: ignore[arg-type]
    assert await look(asked) == {}
    assert await look(asked) == {"u": 100}
    logs.text = "900 requests asked\n"
    assert await look(asked) == {"u": 100}
    assert logs.reads == 1
    clock.now += READ_AGAIN_AFTER
    await look(asked)
    assert await look(asked) == {"u": 900}


async def test_a_log_that_cannot_be_read_is_no_news(clock: Clock) -> None:
    logs = Logs()
    asked = Asked(logs, clock)  # type: ignore[arg-type]
    await look(asked)
    logs.busy = True
    clock.now += READ_AGAIN_AFTER
    await look(asked)
    assert await look(asked) == {"u": 100}


async def test_a_pod_that_does_not_run_is_not_read(clock: Clock) -> None:
    logs = Logs()
    await look(Asked(logs, clock), {**POD, "status": {"phase": "Succeeded"}})  # type: ignore[arg-type]
    assert logs.reads == 0

"""An event loop whose clock jumps to the next thing that is due: waiting takes no time, and its length is exact."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


class _NeverWaits(selectors.SelectSelector):
    """Adds what the loop would wait to its clock, and returns at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("everything waits for something that nobody will do")
        self.now += timeout
        return super().select(0)


class _VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._virtual = _NeverWaits()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now


def in_virtual_time(main: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine; ``loop.time()`` starts at 1000."""
    with asyncio.Runner(loop_factory=_VirtualLoop) as runner:
        return runner.run(main)

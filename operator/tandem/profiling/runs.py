"""Where measurements run: this machine, and how to end one so that nothing it started is left running."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from tandem.api.profile import Setting


def local_setting() -> Setting:
    """Return the setting of this machine, with the CPUs that this process may use."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Setting(where="Local", at=datetime.now(UTC).replace(microsecond=0), cpu=str(usable))


@asynccontextmanager
async def ended_by_signals() -> AsyncIterator[None]:
    """For the length of the block SIGTERM and SIGHUP end it as Ctrl-C does: cancelled, so that what it opened closes.

    By themselves they would end this process at once, and leave a bento running.
    """
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.remove_signal_handler(number)

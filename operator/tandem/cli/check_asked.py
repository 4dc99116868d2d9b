"""Who is asked: a bento that answers somewhere, or one that is started for it and gone afterwards."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from tandem.cli.values import refuse
from tandem.profiling import Bento, ProfilingFailed, serve, until_ready
from tandem.profiling.processes import is_gone

LOOK_EVERY: Final = 0.5
"""Seconds between two looks at whether what was started is still there: processes tell nobody."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Version:
    """A version: where it answers, or the tag or folder of the bento that is to be started."""

    urls: Sequence[str] = ()
    bento: str | None = None
    copies: int = 1

    @property
    def wanted(self) -> bool:
        """Whether there is anybody to ask."""
        return bool(self.urls) or self.bento is not None


@dataclass(frozen=True, slots=True)
class Starting:
    """How a bento is started: with which ``bentoml``, and the longest, in seconds, until it is ready."""

    program: str | None
    longest: float


def version_of(urls: Sequence[str], bento: str | None, option: str, copies: int = 1) -> Version:
    """Return a version as the options name it; ends the program where they contradict each other."""
    if urls and bento is not None:
        refuse(f"give one of --{option} and --{'bento' if option == 'url' else 'stable-bento'}, not both")
    for url in urls:
        if not url.startswith(("http://", "https://")):
            refuse(f"{url!r} is no address: it begins with http://, such as http://localhost:3000")
    return Version(tuple(url.rstrip("/") for url in urls), bento, copies)


@dataclass(frozen=True, slots=True)
class Answering:
    """A version that answers: where, and the bentos that were started for it."""

    addresses: tuple[str, ...]
    bentos: tuple[Bento, ...] = ()


@asynccontextmanager
async def answering(versions: Sequence[Version], starting: Starting) -> AsyncIterator[list[Answering]]:
    """Have every version answer for the length of the block.

    A bento's copies are what its pods would be: processes that have nothing in common but the model. Afterwards all
    that was started is gone. Raises ``ProfilingFailed``.
    """
    async with AsyncExitStack() as stack:
        found = []
        for version in versions:
            if version.bento is None:
                found.append(Answering(tuple(version.urls)))
                continue
            copies = [
                await stack.enter_async_context(serve(version.bento, starting.program)) for _ in range(version.copies)
            ]
            found.append(Answering(tuple(bento.url for bento in copies), tuple(copies)))
        for bento in (bento for each in found for bento in each.bentos):
            await until_ready(bento, starting.longest)
        yield found


async def while_there(answering: Sequence[Answering], work: Coroutine[Any, Any, _T]) -> _T:
    """Return what the work comes to; one that was started and ends meanwhile is not waited for (`ProfilingFailed`)."""
    working = asyncio.create_task(work)
    bentos = [bento for each in answering for bento in each.bentos]
    try:
        while not (await asyncio.wait([working], timeout=LOOK_EVERY))[0]:
            if any(is_gone(bento.process) for bento in bentos):
                raise ProfilingFailed(
                    "the bento ended while it was asked: out of memory, or does a request end it? Its log says more, "
                    "and is not shown here: it may hold rows"
                )
        return working.result()
    finally:
        working.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await working

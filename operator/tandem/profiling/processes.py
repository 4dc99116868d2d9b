"""The processes of a bento, as the system sees them: memory, threads, CPU time, and how to be rid of them."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import psutil

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Usage:
    """What the processes of a bento use at a moment. ``threads``: the most of one process, workers if there are any."""

    memory: int
    threads: int


def family(first: psutil.Process) -> list[psutil.Process]:
    """Return a process and all below it, as far as they are alive."""
    try:
        return [each for each in (first, *first.children(recursive=True)) if _alive(each)]
    except psutil.NoSuchProcess:
        return []


def usage(first: psutil.Process) -> Usage:
    """Return what a bento uses now. A process that ends meanwhile counts for nothing."""
    found = family(first)
    threads = [count for each in found if (count := _asked(each.num_threads)) is not None]
    workers = threads[1:] or threads  # the first only starts the others and looks after them
    return Usage(sum(_memory(each) for each in found), max(workers, default=1))


def cpu_seconds(first: psutil.Process) -> float:
    """Return the CPU time that its living processes have used since they started."""
    times = (_asked(each.cpu_times) for each in family(first))
    return float(sum(each.user + each.system for each in times if each is not None))


def is_gone(first: psutil.Process) -> bool:
    """Tell whether a process has ended; one that nobody has asked after yet has, too."""
    return not _alive(first)


def kill(processes: list[psutil.Process]) -> None:
    """End these processes at once."""
    for each in processes:
        with contextlib.suppress(psutil.Error):
            each.kill()


def _alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _memory(process: psutil.Process) -> int:
    """Pages that processes share are divided among them where the system tells (Linux); else they count in each."""
    full = _asked(process.memory_full_info)
    if full is not None and hasattr(full, "pss") and full.pss:
        return int(full.pss)
    resident = _asked(process.memory_info)
    return int(resident.rss) if resident is not None else 0


def _asked(ask: Callable[[], _T]) -> _T | None:
    try:
        return ask()
    except psutil.Error:
        return None

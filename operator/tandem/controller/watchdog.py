"""Notices a watch that has gone silent: the connection stands, the process is well, and nothing is heard any more.

A LIST shows a change that no event has told of. That alone is no fault, the event may be on its way; so the watch is
given time to reconnect (kopf does, after 70 seconds without a sign of life) before it counts as silent.
"""

from dataclasses import dataclass, field
from typing import Final

GRACE: Final = 120.0
"""Seconds within which a watch must have told of what a LIST has shown."""

Stream = tuple[str, str | None]
"""Kind, and namespace or None for all: one watch."""


@dataclass(slots=True)
class _Heard:
    newest: int = 0
    expected: int = 0
    expected_by: float = 0.0
    unannounced: set[str] = field(default_factory=set)
    relisted: bool = False


class Watchdog:
    """Compares what the watches tell with what LISTs show. Times are monotonic seconds, given by the caller."""

    def __init__(self) -> None:
        self._streams: dict[Stream, _Heard] = {}

    def heard(self, stream: Stream, event_type: str | None, uid: str, version: int) -> None:
        """An event has come; its type is None when the watch has begun anew with a listing of its own."""
        state = self._streams.setdefault(stream, _Heard())
        state.newest = max(state.newest, version)
        if event_type is None:
            state.relisted = True
        elif event_type == "DELETED":
            state.unannounced.discard(uid)

    def listed(self, stream: Stream, newest: int, gone: frozenset[str], now: float) -> None:
        """A LIST has shown objects up to a resourceVersion, and that others are gone which we still believed in."""
        state = self._streams.setdefault(stream, _Heard())
        # A watch that began anew cannot tell what was deleted meanwhile: that is no silence.
        missing = frozenset() if state.relisted else gone
        state.relisted = False
        waited_before = self._waits(state)
        state.expected = newest
        state.unannounced |= missing
        if self._waits(state) and not waited_before:
            state.expected_by = now + GRACE

    def silent(self, now: float) -> list[Stream]:
        """Return the watches that have not told of what a LIST showed long ago."""
        return [stream for stream, state in self._streams.items() if self._waits(state) and now > state.expected_by]

    @staticmethod
    def _waits(state: _Heard) -> bool:
        return state.newest < state.expected or bool(state.unannounced)

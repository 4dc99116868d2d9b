"""Which ModelDeployment is due when: pure, with the time given. The queue around it does the waiting."""

import heapq
from dataclasses import dataclass

from tandem.cluster.cache import Key

MOST_IMPATIENT = 5.0
"""Seconds after a failure before news may start another try; without news the whole backoff is waited out."""


@dataclass(slots=True)
class _State:
    due: float | None = None
    running: bool = False
    failures: int = 0
    not_before: float = 0.0


class Schedule:
    """Due times by key: each key once, the earliest time wins, and never two runs of a key at a time."""

    def __init__(self) -> None:
        self._states: dict[Key, _State] = {}
        self._heap: list[tuple[float, Key]] = []

    def add(self, key: Key, at: float) -> None:
        """Have a key run at a time, unless it is due earlier anyway. While it runs, that is a run afterwards."""
        state = self._states.setdefault(key, _State())
        at = max(at, state.not_before)
        if state.due is not None and state.due <= at:
            return
        state.due = at
        if not state.running:
            heapq.heappush(self._heap, (at, key))

    def take(self, now: float) -> tuple[Key, float] | None:
        """Return the key that has been due longest, and since when, and mark it as running; None if none is due."""
        while self._heap and self._heap[0][0] <= now:
            due, key = heapq.heappop(self._heap)
            state = self._states.get(key)
            if state is None or state.running or state.due != due:
                continue  # rescheduled to an earlier time, at which it has run
            state.due, state.running = None, True
            return key, due
        return None

    def succeeded(self, key: Key, again_at: float | None) -> None:
        """A run has ended well; it asks to run again at a time, or only when there is news."""
        state = self._states[key]
        state.failures, state.not_before = 0, 0.0
        self._ended(key, state, again_at)

    def failed(self, key: Key, now: float, delay: float) -> None:
        """A run has failed and is to be tried again after ``delay`` seconds, or a little earlier if there is news."""
        state = self._states[key]
        state.failures += 1
        state.not_before = now + min(delay, MOST_IMPATIENT)
        if state.due is not None:
            state.due = max(state.due, state.not_before)
        self._ended(key, state, now + delay)

    def failures(self, key: Key) -> int:
        """Return how many runs of a key have failed in a row."""
        state = self._states.get(key)
        return state.failures if state is not None else 0

    def next_due(self) -> float | None:
        """Return when the next key is due, or None."""
        while self._heap:
            due, key = self._heap[0]
            state = self._states.get(key)
            if state is not None and not state.running and state.due == due:
                return due
            heapq.heappop(self._heap)
        return None

    def depth(self, now: float) -> int:
        """Return how many keys are due and not running."""
        return sum(
            1 for state in self._states.values() if state.due is not None and state.due <= now and not state.running
        )

    def _ended(self, key: Key, state: _State, again_at: float | None) -> None:
        state.running = False
        if again_at is not None and (state.due is None or again_at < state.due):
            state.due = again_at
        if state.due is not None:
            heapq.heappush(self._heap, (state.due, key))
        elif not state.failures:
            del self._states[key]

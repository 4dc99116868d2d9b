"""Which ModelDeployment is due when: pure, with the time given. The queue around it does the waiting."""

import heapq
from dataclasses import dataclass

from tandem.cluster.cache import Key

MOST_IMPATIENT = 5.0
"""Seconds after a failure before news may start another try; without news the whole backoff is waited out."""

OTHERS_TURN = 4
"""Each so many runs an ordinary key goes before the urgent ones, so that these cannot take everything."""


@dataclass(slots=True)
class _State:
    due: float | None = None
    urgent: bool = False
    running: bool = False
    failures: int = 0
    not_before: float = 0.0


class Schedule:
    """Due times by key: each key once, the earliest time wins, and never two runs of a key at a time.

    What is urgent and due goes before what is merely due: a bad version must not wait until a thousand others, all
    applied at once, have been looked at.
    """

    def __init__(self) -> None:
        self._states: dict[Key, _State] = {}
        self._ordinary: list[tuple[float, Key]] = []
        self._urgent: list[tuple[float, Key]] = []
        self._taken = 0

    def add(self, key: Key, at: float, *, urgent: bool = False) -> None:
        """Have a key run at a time, unless it is due earlier anyway. While it runs, that is a run afterwards."""
        state = self._states.setdefault(key, _State())
        at = max(at, state.not_before)
        is_earlier = state.due is None or at < state.due
        if not is_earlier and (state.urgent or not urgent):
            return
        if is_earlier:
            state.due = at
        state.urgent = state.urgent or urgent
        if not state.running:
            self._push(key, state)

    def take(self, now: float) -> tuple[Key, float] | None:
        """Return the key whose turn it is, and since when it was due, and mark it as running; None if none is due."""
        heaps = [self._urgent, self._ordinary]
        if (self._taken + 1) % OTHERS_TURN == 0:
            heaps.reverse()
        for heap in heaps:
            self._drop_outdated(heap)
            if heap and heap[0][0] <= now:
                due, key = heapq.heappop(heap)
                state = self._states[key]
                state.due, state.urgent, state.running = None, False, True
                self._taken += 1
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
        for heap in (self._urgent, self._ordinary):
            self._drop_outdated(heap)
        return min((heap[0][0] for heap in (self._urgent, self._ordinary) if heap), default=None)

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
            self._push(key, state)
        elif not state.failures:
            del self._states[key]

    def _push(self, key: Key, state: _State) -> None:
        assert state.due is not None
        heapq.heappush(self._urgent if state.urgent else self._ordinary, (state.due, key))

    def _drop_outdated(self, heap: list[tuple[float, Key]]) -> None:
        """Have a valid entry at the top: others were left when their key ran, or became due earlier or urgent."""
        while heap:
            due, key = heap[0]
            state = self._states.get(key)
            place = self._urgent if state is not None and state.urgent else self._ordinary
            if state is not None and not state.running and state.due == due and place is heap:
                return
            heapq.heappop(heap)

"""Watching objects: everything that a kind of a namespace went through, and waiting for a state of it."""

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Any, Self

from dev.kube.client import Kube, Object, TookTooLong, conditions

_LOOK_AGAIN_SECONDS = 0.5
"""Checks may look at other things than the object, so they are made even when it does not change."""


@dataclass(frozen=True)
class Seen:
    """An object as it was at a moment."""

    at: float
    """Seconds since the epoch, by this machine's clock, when the change arrived here."""
    type: str
    """ADDED, MODIFIED or DELETED."""
    object: Object

    @property
    def name(self) -> str:
        return str(self.object["metadata"]["name"])


class Watch:
    """All changes of one kind in one namespace: ``with Watch(kube, "md", "demo") as watch``.

    Goes on by itself after the API server was away. Safe to read from any thread.
    """

    def __init__(self, kube: Kube, kind: str, namespace: str) -> None:
        self._words = [
            "kubectl",
            "get",
            kind,
            "--namespace",
            namespace,
            "--watch",
            "--output-watch-events",
            "-o",
            "json",
        ]
        self._env = kube.env
        self._what = f"{kind} in {namespace}"
        self._changed = threading.Condition()
        self._history: list[Seen] = []
        self._latest: dict[str, Object] = {}
        self._ended = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._follow, name=f"watch {self._what}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        with self._changed:
            if self._process is not None:
                self._process.kill()
        self._thread.join()

    def history(self, name: str | None = None) -> list[Seen]:
        """Return everything seen so far, oldest first."""
        with self._changed:
            return [seen for seen in self._history if name is None or seen.name == name]

    def latest(self, name: str) -> Object | None:
        """Return an object as last seen, None where there is none."""
        with self._changed:
            return self._latest.get(name)

    def until(self, name: str, check: Callable[[Object], Any], seconds: float, what: str) -> Object:
        """Wait until the object is as `check` wants it, and return it. Raises ``TookTooLong`` with its conditions."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                thing = self._latest.get(name)
                if thing is not None and check(thing):
                    return thing
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TookTooLong(f"{name}: {what}: not within {seconds:.0f} s; {_state(thing)}")
                self._changed.wait(min(left, _LOOK_AGAIN_SECONDS))

    def until_gone(self, name: str, seconds: float) -> None:
        """Wait until there is no such object. Raises ``TookTooLong``."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while name in self._latest:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TookTooLong(f"{name} is still there after {seconds:.0f} s")
                self._changed.wait(left)

    def _follow(self) -> None:
        while not self._ended.is_set():
            with self._changed:
                if self._ended.is_set():
                    return
                self._process = subprocess.Popen(
                    self._words, env=self._env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
                )
            assert self._process.stdout is not None
            with self._process.stdout as output:
                for event in documents(output):
                    self._take(event)
            self._process.wait()
            self._ended.wait(0.5)

    def _take(self, event: Object) -> None:
        seen = Seen(time.time(), event["type"], event["object"])
        if seen.type == "ERROR":
            return
        with self._changed:
            known = self._latest.get(seen.name)
            if known is not None and seen.type != "DELETED" and _version(known) == _version(seen.object):
                return  # told once more after the connection was lost
            self._history.append(seen)
            if seen.type == "DELETED":
                self._latest.pop(seen.name, None)
            else:
                self._latest[seen.name] = seen.object
            self._changed.notify_all()


def documents(stream: IO[str]) -> Iterator[Object]:
    """Read JSON objects that follow one another in a stream, each as soon as it is complete; pretty-printed or not."""
    decoder = json.JSONDecoder()
    pending = ""
    for line in stream:
        pending += line
        if not line.startswith("}") and not (line.startswith("{") and line.rstrip().endswith("}")):
            continue
        try:
            parsed, end = decoder.raw_decode(pending.lstrip())
        except ValueError:
            continue
        pending = pending.lstrip()[end:]
        yield parsed


def _version(thing: Object) -> tuple[str, str]:
    return thing["metadata"].get("uid", ""), thing["metadata"].get("resourceVersion", "")


def _state(thing: Object | None) -> str:
    if thing is None:
        return "it is not there"
    told = [f"{c['type']}={c['status']} {c['reason']}: {c['message']}" for c in conditions(thing).values()]
    return f"phase {thing.get('status', {}).get('phase')}; " + "; ".join(told)

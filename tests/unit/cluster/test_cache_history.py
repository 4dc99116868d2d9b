"""Whatever the order in which a history is told, the cache ends up with what is."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tandem.cluster.cache import Cache
from tandem.cluster.client import Listing
from tandem.cluster.kinds import POD, Object
from tests.unit.cluster.objects import body

NAMES = ("a", "b")


class Server:
    """An API server with two names: it keeps what is, and streams of events, one per uid as kopf has them."""

    def __init__(self) -> None:
        self.version = 10
        self.objects: dict[str, Object] = {}
        self.streams: dict[str, list[tuple[str, Object]]] = {}

    def change(self, name: str) -> Object:
        self.version += 1
        known = self.objects.get(name)
        uid = known["metadata"]["uid"] if known else f"{name}-{self.version}"
        obj = body(POD, name, self.version, uid, owner="fraud")
        self.streams.setdefault(uid, []).append(("MODIFIED" if known else "ADDED", obj))
        self.objects[name] = obj
        return obj

    def delete(self, name: str) -> Object | None:
        known = self.objects.pop(name, None)
        if known is not None:
            self.version += 1
            uid = known["metadata"]["uid"]
            self.streams[uid].append(("DELETED", body(POD, name, self.version, uid, owner="fraud")))
        return known

    def list(self) -> Listing:
        return Listing(POD, None, str(self.version), list(self.objects.values()))


class Ticking:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def versions(cache: Cache) -> dict[str, str]:
    found = {name: cache.get(POD, "demo", name) for name in NAMES}
    return {name: obj["metadata"]["resourceVersion"] for name, obj in found.items() if obj}


STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["change", "delete", "write", "remove"]), st.sampled_from(NAMES)),
        st.tuples(st.sampled_from(["event", "lose"]), st.integers(0, 9)),
        st.tuples(st.sampled_from(["ask", "answer"]), st.just(0)),
    ),
    max_size=60,
)


def play(steps: list[tuple[str, Any]], *, lossy: bool) -> tuple[Server, Cache, Ticking]:
    server, clock = Server(), Ticking()
    cache = Cache(clock)
    asked: list[tuple[Listing, float]] = []
    for what, which in steps:
        pending = [stream for stream in server.streams.values() if stream]
        if what == "change":
            server.change(which)
        elif what == "delete":
            server.delete(which)
        elif what == "write":  # our own write: its answer comes before, between or after the events
            cache.overlay(server.change(which))
        elif what == "remove":
            known = server.delete(which)
            if known is not None:
                cache.forget(POD, "demo", which, known["metadata"]["uid"])
        elif what == "event" and pending:
            cache.feed(*pending[which % len(pending)].pop(0))
        elif what == "lose" and lossy and pending:
            pending[which % len(pending)].pop(0)
        elif what == "ask":
            asked_at = clock()
            asked.append((server.list(), asked_at))
        elif what == "answer" and asked:
            cache.sweep(*asked.pop(0))
    return server, cache, clock


def deliver_all(server: Server, cache: Cache) -> None:
    for stream in server.streams.values():
        while stream:
            cache.feed(*stream.pop(0))


@given(STEPS)
def test_when_every_event_arrives_the_cache_is_right(steps: list[tuple[str, Any]]) -> None:
    server, cache, _ = play(steps, lossy=False)
    deliver_all(server, cache)
    assert versions(cache) == {name: obj["metadata"]["resourceVersion"] for name, obj in server.objects.items()}


@given(STEPS)
def test_when_events_are_lost_a_sweep_makes_the_cache_right(steps: list[tuple[str, Any]]) -> None:
    server, cache, clock = play(steps, lossy=True)
    asked_at = clock()
    cache.sweep(server.list(), asked_at)
    deliver_all(server, cache)
    assert versions(cache) == {name: obj["metadata"]["resourceVersion"] for name, obj in server.objects.items()}


@given(STEPS)
def test_what_the_cache_shows_is_what_its_index_shows(steps: list[tuple[str, Any]]) -> None:
    _, cache, _ = play(steps, lossy=True)
    indexed = {obj["metadata"]["name"]: obj for obj in cache.children("demo", "fraud").get("Pod", [])}
    assert indexed == {name: obj for name in NAMES if (obj := cache.get(POD, "demo", name))}

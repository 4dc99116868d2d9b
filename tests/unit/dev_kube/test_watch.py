"""The watch of a kind: reading a stream of objects, keeping their history, waiting for a state."""

import io
import json
import threading

import pytest

from dev.kube.client import Kube, TookTooLong
from dev.kube.watch import Watch, documents


def event(kind: str, name: str, version: int, phase: str) -> dict[str, object]:
    metadata = {"name": name, "uid": "u", "resourceVersion": str(version)}
    return {"type": kind, "object": {"metadata": metadata, "status": {"phase": phase}}}


@pytest.mark.parametrize("indent", [None, 4])
def test_documents_are_read_as_soon_as_they_are_complete(indent: int | None) -> None:
    written = [{"a": {"b": [1, {"c": "}"}]}}, {"d": 2}]
    stream = io.StringIO("\n".join(json.dumps(each, indent=indent) for each in written) + "\n")
    assert list(documents(stream)) == written


def test_the_history_has_every_change_once() -> None:
    watch = Watch(Kube(), "modeldeployments", "demo")
    watch._take(event("ADDED", "digits", 1, "Starting"))
    watch._take(event("MODIFIED", "digits", 2, "Serving"))
    watch._take(event("ADDED", "digits", 2, "Serving"))  # told once more after the connection was lost
    watch._take(event("ADDED", "other", 3, "Serving"))
    watch._take(event("DELETED", "digits", 4, "Serving"))
    assert [seen.type for seen in watch.history("digits")] == ["ADDED", "MODIFIED", "DELETED"]
    assert watch.latest("digits") is None
    assert watch.latest("other") is not None


def test_waiting_ends_when_the_state_comes() -> None:
    watch = Watch(Kube(), "modeldeployments", "demo")
    later = threading.Timer(0.1, lambda: watch._take(event("ADDED", "digits", 1, "Serving")))
    later.start()
    thing = watch.until("digits", lambda md: md["status"]["phase"] == "Serving", 5, "to serve")
    assert thing["metadata"]["resourceVersion"] == "1"
    later.join()


def test_waiting_in_vain_says_what_is_the_case() -> None:
    watch = Watch(Kube(), "modeldeployments", "demo")
    watch._take(event("ADDED", "digits", 1, "Starting"))
    with pytest.raises(TookTooLong, match="to serve: not within 0 s; phase Starting"):
        watch.until("digits", lambda md: md["status"]["phase"] == "Serving", 0.05, "to serve")
    with pytest.raises(TookTooLong, match="still there"):
        watch.until_gone("digits", 0.05)

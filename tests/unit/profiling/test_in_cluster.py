"""What is heard of a measurement in a cluster, and that all of it is removed; the API server is a stand-in."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, cast

import pytest

from tandem.cluster.client import Cluster, Listing
from tandem.cluster.errors import ClusterBusy, ClusterRefused, NotFound
from tandem.cluster.kinds import POD, Kind, Object
from tandem.profiling import ProfilingFailed, Progress, in_cluster
from tandem.profiling.in_cluster import profile_in_cluster
from tandem.profiling.meter import progress_line
from tests.unit.planning.test_capacity import profile

JOB_MANIFEST: Object = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "p", "namespace": "shop"}}
ROWS: Object = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "p", "namespace": "shop"}}
FOUND = json.dumps({"profile": profile().to_dict()})
ENDED = {"terminated": {"reason": "Error", "exitCode": 1}}
Pods = list[Object]


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_cluster, "LOOK_EVERY", 0.001)


def pod(meter: Object, bento: Object | None = None, **status: Any) -> Object:
    states = [{"name": "bento", "state": bento or {"running": {}}}, {"name": "meter", "state": meter}]
    return {"metadata": {"name": "p-1", "namespace": "shop"}, "status": {"containerStatuses": states, **status}}


class Server:
    """Holds what was created until it is deleted, and shows one look at the pod after the other, the last for ever."""

    def __init__(self, *looks: tuple[Object | None, str | None], bento_log: str = "") -> None:
        self.looks, self.bento_log = list(looks), bento_log
        self.there: dict[tuple[str, str], Object] = {}
        self.slow: asyncio.Event | None = None
        self.refuses: str | None = None

    async def create(self, manifest: Object) -> Object:
        if self.refuses == manifest["kind"]:
            raise ClusterRefused("create it", "Forbidden", "over quota")
        if self.slow is not None:
            await self.slow.wait()
        live = {**manifest, "metadata": {**manifest["metadata"], "uid": "u"}}
        self.there[manifest["kind"], manifest["metadata"]["name"]] = live
        return live

    async def delete(self, kind: Kind, _namespace: str, name: str, _uid: str, _propagation: str) -> None:
        self.there.pop((kind.kind, name))

    async def get(self, kind: Kind, _namespace: str, name: str) -> Object:
        if (kind.kind, name) not in self.there:
            raise NotFound("read it")
        return self.there[kind.kind, name]

    async def list(self, _kind: Kind, _namespace: str, _selector: str) -> Listing:
        shown = self.looks[0][0]
        return Listing(POD, "shop", "1", [] if shown is None else [shown])

    async def pod_log_tail(self, _namespace: str, _name: str, container: str, **_: int) -> str:
        if container == "bento":
            return self.bento_log
        log = self.looks[0][1] if len(self.looks) == 1 else self.looks.pop(0)[1]
        if log is None:
            raise ClusterBusy("read the log")
        return log


async def measured(server: Server, told: Callable[[Progress], None] = lambda _: None, seconds: float = 20) -> Any:
    try:
        return await profile_in_cluster(cast("Cluster", server), JOB_MANIFEST, [ROWS], seconds, told)
    finally:
        assert server.there == {}, "something is left in the cluster"


async def test_what_the_meter_found_after_its_progress() -> None:
    halfway = Progress(0.5, "4 callers")
    heard: list[Progress] = []
    looks = [(pod({"running": {}}), progress_line(halfway)), (pod({"running": {}}), None), (pod(ENDED), FOUND)]
    assert await measured(Server(*looks), heard.append) == profile()
    assert heard == [halfway]


def failed(why: str, before_rows: bool) -> str:
    return json.dumps({"failed": why, "beforeRows": before_rows})


OOM = {"terminated": {"reason": "OOMKilled", "exitCode": 137}}
NO_MODULE = "python: No module named tandem.profiling.__main__"


@pytest.mark.parametrize(
    ("look", "why"),
    [
        ((pod(ENDED), failed("row 1 hangs", False)), "row 1 hangs$"),
        ((pod(ENDED, OOM), failed("it ended with 4 callers", False)), r"4 callers \(its container ended: OOMKilled"),
        ((pod(ENDED), failed("it ended", True)), "it ended. Its last lines:\n  KeyError: 'digits'$"),
        ((pod(ENDED), NO_MODULE), f"of this very version .--meter.. It said: {NO_MODULE}"),
        ((pod(ENDED), ""), "it said nothing"),
        (
            (pod({"waiting": {"reason": "ErrImagePull", "message": "not found"}}), ""),
            "container meter cannot start: ErrImagePull: not found",
        ),
        (
            (pod({"running": {}}, {"waiting": {"reason": "CreateContainerConfigError", "message": "no s"}}), ""),
            "container bento cannot start: CreateContainerConfigError: no s",
        ),
    ],
)
async def test_what_comes_to_nothing_says_why(look: tuple[Object, str], why: str) -> None:
    with pytest.raises(ProfilingFailed, match=why):
        await measured(Server(look, bento_log="KeyError: 'digits'"))


async def test_output_after_the_first_row_is_never_shown() -> None:
    with pytest.raises(ProfilingFailed) as found:
        await measured(Server((pod(ENDED), failed("no row did well", False)), bento_log="amount: 17"))
    assert "17" not in str(found.value)


async def test_a_log_that_cannot_be_read_now_is_read_at_the_next_look() -> None:
    assert await measured(Server((pod(ENDED), None), (pod(ENDED), None), (pod(ENDED), FOUND))) == profile()


async def test_a_pod_that_is_not_made_or_not_placed(monkeypatch: pytest.MonkeyPatch) -> None:
    full = {"type": "PodScheduled", "status": "False", "message": "0/1 nodes: Insufficient cpu"}
    waits = {"metadata": {}, "status": {"conditions": [full]}}
    heard: list[Progress] = []
    with pytest.raises(ProfilingFailed, match=r"not over within 0 s; its pod and its rows were removed"):
        await measured(Server((waits, "")), heard.append, seconds=0.1)
    assert heard[0].words == "waiting for room on a node: 0/1 nodes: Insufficient cpu"
    monkeypatch.setattr(in_cluster, "POD_SECONDS", 0.01)
    with pytest.raises(ProfilingFailed, match="Job p has no pod"):
        await measured(Server((None, "")))


async def test_what_was_made_before_a_refusal_is_removed() -> None:
    server = Server((None, ""))
    server.refuses = "Secret"
    with pytest.raises(ClusterRefused, match="over quota"):
        await measured(server)


async def test_a_signal_while_something_is_being_made() -> None:
    """The API server may make it although nobody waits for its answer any more."""
    server = Server((None, ""))
    server.slow = asyncio.Event()
    task = asyncio.create_task(measured(server))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    server.slow.set()
    with pytest.raises(asyncio.CancelledError):
        await task

"""What the scale benchmark asks of the API server: making many objects, counting what is ready and what was written."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final

from kubernetes.aio.client import Configuration

from bench.scale_load import NAMESPACE, Object
from tandem.cluster.errors import ClusterBusy, KindMissing
from tandem.cluster.transport import MERGE_PATCH, Request, Transport

PLACES: Final = {
    "Namespace": "/api/v1/namespaces",
    "ModelDeployment": f"/apis/tandem.dev/v1alpha1/namespaces/{NAMESPACE}/modeldeployments",
    "HTTPRoute": f"/apis/gateway.networking.k8s.io/v1/namespaces/{NAMESPACE}/httproutes",
    "Rollout": f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/rollouts",
    "Service": f"/api/v1/namespaces/{NAMESPACE}/services",
    "Event": f"/api/v1/namespaces/{NAMESPACE}/events",
}
LOOK_EVERY: Final = 4.0
"""Seconds between two looks at all objects: each look is work for the API server, too."""

_AT_A_TIME: Final = 8
_CHANGES: Final = frozenset({"POST", "PUT", "PATCH", "APPLY", "DELETE"})
_COUNT: Final = re.compile(r"^apiserver_request_total\{(.*)\} (\S+)$", re.MULTILINE)
_LABEL: Final = re.compile(r'(\w+)="([^"]*)"')

Written = Counter[tuple[str, str, str]]
"""Writes by verb, resource and subresource."""


class Api:
    """The API server, as the benchmark uses it."""

    def __init__(self, configuration: Configuration) -> None:
        self._transport = Transport(configuration)

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close()

    async def make(self, objects: Iterable[Object]) -> None:
        """Create objects, some at a time, in their order."""
        left = iter(objects)

        async def work() -> None:
            for obj in left:
                kind = obj["kind"]
                await self._transport.send_object(Request(f"create a {kind}", "POST", PLACES[kind], body=obj))

        async with asyncio.TaskGroup() as group:
            for _ in range(_AT_A_TIME):
                group.create_task(work())

    async def list(self, kind: str) -> list[Object]:
        """Return all objects of a kind, out of the API server's memory: this is to cost as little as possible."""
        request = Request(f"list {kind}s", "GET", PLACES[kind], query={"resourceVersion": "0"}, within=60)
        items: list[Object] = (await self._transport.send_object(request)).get("items") or []
        return items

    async def served(self, kind: str, seconds: float = 60) -> None:
        """Wait until a kind that was just defined can be listed."""
        async with asyncio.timeout(seconds):
            while True:
                with suppress(ClusterBusy, KindMissing):
                    await self.list(kind)
                    return
                await asyncio.sleep(0.2)

    async def until(self, kind: str, holds: Callable[[Object], bool], many: int, seconds: float) -> float | None:
        """Return after how many seconds ``many`` objects were so; None if that took longer than ``seconds``."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while sum(map(holds, await self.list(kind))) < many:
            if loop.time() - began > seconds:
                return None
            await asyncio.sleep(LOOK_EVERY)
        return loop.time() - began

    async def accept_routes(self) -> None:
        """Stand in for a gateway that takes over every route at once; runs until it is cancelled."""
        while True:
            await asyncio.gather(*(self._accept(route) for route in await self.list("HTTPRoute") if _is_new(route)))
            await asyncio.sleep(0.5)

    async def _accept(self, route: Object) -> None:
        generation, parent = route["metadata"]["generation"], route["spec"]["parentRefs"][0]
        condition = {"status": "True", "reason": "Accepted", "message": "", "observedGeneration": generation}
        condition["lastTransitionTime"] = route["metadata"]["creationTimestamp"]
        conditions = [{"type": "Accepted", **condition}, {"type": "ResolvedRefs", **condition}]
        answer = {"parentRef": parent, "controllerName": "example.com/bench", "conditions": conditions}
        path = f"{PLACES['HTTPRoute']}/{route['metadata']['name']}/status"
        patch: dict[str, Any] = {"status": {"parents": [answer]}}
        await self._transport.send_object(
            Request("accept a route", "PATCH", path, body=patch, content_type=MERGE_PATCH)
        )

    async def written(self) -> Written:
        """Return the writes that the API server has counted so far, whoever made them."""
        text = (await self._transport.send(Request("read metrics", "GET", "/metrics", accept="*/*"))).decode()
        counts: Written = Counter()
        for labels, value in _COUNT.findall(text):
            found = dict(_LABEL.findall(labels))
            if found["verb"] in _CHANGES:
                counts[found["verb"], found["resource"], found["subresource"]] += int(float(value))
        return counts

    async def events_of(self, component: str) -> int:
        """Return how many Events a component has written."""
        return sum(event.get("source", {}).get("component") == component for event in await self.list("Event"))


def _is_new(route: Object) -> bool:
    answers = route.get("status", {}).get("parents") or []
    generation = route["metadata"]["generation"]
    return not any(c["observedGeneration"] == generation for answer in answers for c in answer["conditions"])

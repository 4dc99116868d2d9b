"""A cluster that keeps objects in a dictionary, for parts that read or write one or two of them."""

from typing import Any

from tandem.cluster.client import Cluster
from tandem.cluster.errors import AlreadyExists, NotFound
from tandem.cluster.kinds import Kind, Object, kind_of

Place = tuple[str, str | None, str]


class ObjectStore(Cluster):
    """Answers as the API server does for a plain create, get and merge patch; notes every call."""

    def __init__(self) -> None:
        self.objects: dict[Place, Object] = {}
        self.calls: list[str] = []
        self.fails: list[Exception] = []

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Object:
        self._note("get")
        try:
            return self.objects[kind.kind, namespace, name]
        except KeyError:
            raise NotFound(f"read {kind.describe(namespace, name)}") from None

    async def create(self, obj: Object) -> Object:
        self._note("create")
        place = (kind_of(obj).kind, obj["metadata"]["namespace"], obj["metadata"]["name"])
        if place in self.objects:
            raise AlreadyExists(f"create {place}")
        self.objects[place] = obj
        return obj

    async def merge_patch(
        self, kind: Kind, namespace: str | None, name: str, patch: Object, subresource: str | None = None
    ) -> Object:
        self._note("patch")
        assert subresource is None
        merged: dict[str, Any] = {**self.objects[kind.kind, namespace, name], **patch}
        self.objects[kind.kind, namespace, name] = merged
        return merged

    def _note(self, call: str) -> None:
        self.calls.append(call)
        if self.fails:
            raise self.fails.pop(0)

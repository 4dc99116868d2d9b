"""A cluster that keeps objects in a dictionary, for parts that read or write one or two of them."""

import copy
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


class VersionedStore(ObjectStore):
    """Takes every other write as well, gives what is made a uid, and every write a version."""

    async def create(self, obj: Object) -> Object:
        return self.keep(await super().create(obj))

    async def merge_patch(
        self, kind: Kind, namespace: str | None, name: str, patch: Object, subresource: str | None = None
    ) -> Object:
        assert subresource is None
        before = self.objects[kind.kind, namespace, name]
        return self.keep({**before, "metadata": {**before["metadata"], **patch["metadata"]}})

    async def apply(self, obj: Object, uid: str | None = None) -> Object:
        assert uid is not None
        return self.keep({**obj, "metadata": {**obj["metadata"], "uid": uid}})

    async def update_status(
        self, kind: Kind, namespace: str, name: str, resource_version: str, status: Object
    ) -> Object:
        before = self.objects[kind.kind, namespace, name]
        assert before["metadata"]["resourceVersion"] == resource_version
        return self.keep({**before, "status": status})

    def keep(self, obj: Object) -> Object:
        self.calls.append("write")
        place = (obj["kind"], obj["metadata"]["namespace"], obj["metadata"]["name"])
        identity = {"uid": f"uid-{len(self.calls)}", **obj["metadata"], "resourceVersion": str(len(self.calls))}
        self.objects[place] = {**copy.deepcopy(obj), "metadata": identity}
        return self.objects[place]

"""The Kubernetes API as Tandem uses it: plain objects in, plain objects out, every write with its precondition."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Self

from kubernetes.aio.client import Configuration

from tandem.api.names import FIELD_MANAGER
from tandem.cluster.errors import ClusterBusy, NotFound
from tandem.cluster.kinds import DEPLOYMENT, POD, Kind, Object, kind_of
from tandem.cluster.transport import APPLY_PATCH, JSON, MERGE_PATCH, METADATA_ONLY, Request, Transport

CHUNK: Final = 250
"""Objects per request of a LIST: a chunk is parsed in one go, and nothing else runs meanwhile."""

LIST_TIMEOUT: Final = 30.0
LOG_TIMEOUT: Final = 10.0
WATCH_SECONDS: Final = 60.0
"""Seconds of one watch: a connection that has silently died is noticed when it should have ended."""

LATE_END: Final = 10.0
_LOG_READ: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Listing:
    """All objects of a kind as they were at one moment."""

    kind: Kind
    namespace: str | None
    resource_version: str
    items: list[Object] = field(default_factory=list)


class Cluster:
    """The API server.

    Every call has a timeout, and raises ``ClusterBusy`` (try again later), ``ClusterRefused`` (it will not have it),
    ``NotFound`` or ``KindMissing``; those with a precondition also ``Conflict``, ``create`` also ``AlreadyExists``.
    """

    def __init__(self, configuration: Configuration, manager: str = FIELD_MANAGER) -> None:
        """``manager``: the name that the API server notes for what is written here (``metadata.managedFields``)."""
        self._transport = Transport(configuration)
        self._writer: dict[str, str | int] = {"fieldManager": manager, "fieldValidation": "Warn"}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close()

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Object:
        """Return the object as it is right now, past every cache of ours. Of a Secret only the metadata."""
        return await self._transport.send_object(
            Request(
                f"read {kind.describe(namespace, name)}",
                "GET",
                kind.path(namespace, name),
                accept=METADATA_ONLY if kind.metadata_only else JSON,
            )
        )

    async def list(
        self,
        kind: Kind,
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
        trim: Callable[[Object], Object] | None = None,
    ) -> Listing:
        """Return all objects of a kind, of one namespace or of all, as of one moment.

        ``trim`` is applied chunk by chunk, so that no more than a chunk is ever held in full.
        """
        doing = f"list {kind.kind}s in {namespace or 'all namespaces'}"
        items: list[Object] = []
        query: dict[str, str | int] = {"limit": CHUNK}
        if label_selector:
            query["labelSelector"] = label_selector
        if field_selector:
            query["fieldSelector"] = field_selector
        while True:
            answer = await self._transport.send_object(
                Request(
                    doing,
                    "GET",
                    kind.path(namespace),
                    query=query,
                    within=LIST_TIMEOUT,
                    accept=METADATA_ONLY if kind.metadata_only else JSON,
                )
            )
            for item in answer.get("items") or ():
                # Items of a list do not say what they are: the list does.
                item["apiVersion"], item["kind"] = kind.api_version, kind.kind
                items.append(trim(item) if trim is not None else item)
            metadata = answer.get("metadata", {})
            if not metadata.get("continue"):
                return Listing(kind, namespace, metadata.get("resourceVersion", ""), items)
            query["continue"] = metadata["continue"]

    def watch(
        self,
        kind: Kind,
        namespace: str | None,
        resource_version: str,
        selectors: Mapping[str, str],
        within: float = WATCH_SECONDS,
    ) -> AsyncIterator[Object]:
        """Give the API server's watch events from a listing on, for at most ``within`` seconds.

        ``selectors``: ``labelSelector`` or ``fieldSelector``. An event of type ERROR, such as for a version that is
        too old, is given too; `tandem.cluster.follow` knows what to do about it.
        """
        query: dict[str, str | int] = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": max(int(within), 1),
            **selectors,
        }
        doing = f"watch {kind.kind}s in {namespace or 'all namespaces'}"
        return self._transport.stream(
            Request(doing, "GET", kind.path(namespace), query=query, within=within + LATE_END)
        )

    async def create(self, obj: Object) -> Object:
        """Create an object by POST, so that one of this name that is not ours is never touched (``AlreadyExists``)."""
        kind, namespace, name = _address(obj)
        return await self._transport.send_object(
            Request(
                f"create {kind.describe(namespace, name)}",
                "POST",
                kind.path(namespace),
                query=self._writer,
                body=obj,
            )
        )

    async def apply(self, obj: Object, uid: str | None = None) -> Object:
        """Apply an object on the server's side, taking over the fields it names.

        With ``uid`` it changes that very object or nothing: ``Conflict`` if another one has the name by now,
        ``NotFound`` if none has. Without, it may create.

        A field that ``create`` once set and that is absent now stays as it was (the API server counts it as ours by
        another verb): to empty it, name it with an empty value.
        """
        kind, namespace, name = _address(obj)
        metadata = {key: value for key, value in obj["metadata"].items() if key != "managedFields"}
        if uid is not None:
            metadata["uid"] = uid
        return await self._transport.send_object(
            Request(
                f"apply {kind.describe(namespace, name)}",
                "PATCH",
                kind.path(namespace, name),
                query={**self._writer, "force": "true"},
                body={**obj, "metadata": metadata},
                content_type=APPLY_PATCH,
                guarded=uid is not None,
            )
        )

    async def merge_patch(
        self, kind: Kind, namespace: str | None, name: str, patch: Object, subresource: str | None = None
    ) -> Object:
        """Merge a patch into an object: None removes a field, a list replaces the list.

        A ``metadata.resourceVersion`` or ``metadata.uid`` in the patch is its precondition.
        """
        guarded = bool(patch.get("metadata", {}).keys() & {"resourceVersion", "uid"})
        return await self._transport.send_object(
            Request(
                f"patch {kind.describe(namespace, name)}",
                "PATCH",
                kind.path(namespace, name, subresource),
                query=self._writer,
                body=patch,
                content_type=MERGE_PATCH,
                guarded=guarded,
            )
        )

    async def update_status(
        self, kind: Kind, namespace: str, name: str, resource_version: str, status: Object
    ) -> Object:
        """Replace the whole status of the object that was read at ``resource_version``.

        What is absent from ``status``, or None in it, is gone afterwards. Raises ``Conflict`` if anything about the
        object has changed since: read it again and decide anew.
        """
        # A PUT of the status subresource takes nothing but the status from its body, so the spec need not be sent.
        body = {
            "apiVersion": kind.api_version,
            "kind": kind.kind,
            "metadata": {"namespace": namespace, "name": name, "resourceVersion": resource_version},
            "status": _without_none(status),
        }
        return await self._transport.send_object(
            Request(
                f"write status of {kind.describe(namespace, name)}",
                "PUT",
                kind.path(namespace, name, "status"),
                query=self._writer,
                body=body,
                guarded=True,
            )
        )

    async def scale(self, namespace: str, name: str, replicas: int, uid: str) -> Object:
        """Set the replicas of the Deployment with this uid; returns its Scale. Raises ``Conflict`` for another uid."""
        return await self._transport.send_object(
            Request(
                f"scale {DEPLOYMENT.describe(namespace, name)} to {replicas}",
                "PATCH",
                DEPLOYMENT.path(namespace, name, "scale"),
                query=self._writer,
                body={"metadata": {"uid": uid}, "spec": {"replicas": replicas}},
                content_type=MERGE_PATCH,
                guarded=True,
            )
        )

    async def delete(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        uid: str,
        propagation: Literal["Background", "Foreground"] = "Background",
    ) -> Object | None:
        """Delete the object with this uid; returns it if it stays for a while (finalizers, grace), None if it is gone.

        An object that is gone already is no error; one of another uid is a ``Conflict``.
        """
        request = Request(
            f"delete {kind.describe(namespace, name)}",
            "DELETE",
            kind.path(namespace, name),
            body={
                "apiVersion": "v1",
                "kind": "DeleteOptions",
                "preconditions": {"uid": uid},
                "propagationPolicy": propagation,
            },
            guarded=True,
        )
        try:
            answer = await self._transport.send_object(request)
        except NotFound:
            return None
        return answer if answer.get("kind") == kind.kind else None

    async def pod_log_tail(
        self,
        namespace: str,
        name: str,
        container: str,
        lines: int = 20,
        previous: bool = False,
        max_bytes: int = 8192,
    ) -> str:
        """Return the last lines of a container's log, at most ``max_bytes`` of them, or of its previous run's."""
        content = await self._transport.send(
            Request(
                f"read log of {POD.describe(namespace, name)} container {container}",
                "GET",
                POD.path(namespace, name, "log"),
                # The server counts limitBytes from the first line of the tail; we want its end, so ask for more.
                query={
                    "container": container,
                    "tailLines": lines,
                    "limitBytes": _LOG_READ,
                    "previous": "true" if previous else "false",
                },
                accept="*/*",
                within=LOG_TIMEOUT,
            )
        )
        return content[-max_bytes:].decode(errors="replace")

    async def pod_http_get(self, namespace: str, name: str, port: int, path: str, within: float = 5.0) -> bytes:
        """Return what a pod answers to a GET, through the API server: for an operator outside the cluster."""
        return await self._transport.send(
            Request(
                f"GET {path} of {POD.describe(namespace, name)}",
                "GET",
                POD.path(namespace, f"{name}:{port}", "proxy" + path),
                accept="*/*",
                within=within,
            )
        )

    async def ping(self) -> str:
        """Return the API server's version; raises ``ClusterBusy`` when it cannot be reached."""
        answer = await self._transport.send_object(
            Request("read the API server's version", "GET", "/version", within=5.0)
        )
        version = answer.get("gitVersion")
        if not isinstance(version, str):
            raise ClusterBusy("read the API server's version", "the answer names none; is this address an API server?")
        return version


def _address(obj: Object) -> tuple[Kind, str | None, str]:
    metadata: dict[str, Any] = obj["metadata"]
    return kind_of(obj), metadata.get("namespace"), metadata["name"]


def _without_none(value: Any) -> Any:
    """Leave out of objects what is None: in a replacement, absent is how a field is removed."""
    if isinstance(value, dict):
        return {key: _without_none(part) for key, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_without_none(part) for part in value]
    return value

"""Reading a model and all that belongs to it, with the user's own rights: what may not be read is told of."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from tandem.account.seen import LastChange, Seen, Told
from tandem.api.names import DEPLOYMENT_LABEL
from tandem.api.objects import InvalidObject, parse_deployment, parse_revision
from tandem.cli.access import advice
from tandem.cluster.client import Cluster
from tandem.cluster.errors import ClusterRefused
from tandem.cluster.kinds import DEPLOYMENT, EVENT, MODEL_DEPLOYMENT, MODEL_REVISION, POD, Kind, Object
from tandem.cluster.observe import moment, revision_states

logger = logging.getLogger(__name__)

_T = TypeVar("_T")

OWN_KINDS: Final = (MODEL_DEPLOYMENT.kind, MODEL_REVISION.kind)


@dataclass(frozen=True)
class Bodies:
    """The objects as the API server sent them."""

    deployment: Object
    revisions: Sequence[Object] = ()
    workloads: Sequence[Object] = ()
    pods: Sequence[Object] = ()
    events: Sequence[Object] = ()
    unread: Mapping[str, str] = field(default_factory=dict)
    """By kind: why its objects could not be read."""


async def read_bodies(cluster: Cluster, namespace: str, name: str, *, events: bool = False) -> Bodies:
    """Read a model. Raises the errors of ``tandem.cluster.errors`` where the model itself cannot be read."""
    unread: dict[str, str] = {}
    ours = f"{DEPLOYMENT_LABEL}={name}"

    async def listed(kind: Kind, label: str | None = None, fields: str | None = None) -> list[Object]:
        try:
            return (await cluster.list(kind, namespace, label, fields)).items
        except ClusterRefused as error:
            if error.reason != "Forbidden" or kind is MODEL_REVISION:
                raise
            unread[kind.kind] = f"{kind.kind}s: {error.message}; {advice(error.doing)}"
            return []

    deployment = await cluster.get(MODEL_DEPLOYMENT, namespace, name)
    found = [listed(MODEL_REVISION, ours), listed(DEPLOYMENT, ours), listed(POD, ours)]
    if events:
        found += [listed(EVENT, fields=f"involvedObject.kind={kind}") for kind in OWN_KINDS]
    revisions, workloads, pods, *told = await asyncio.gather(*found)
    return Bodies(deployment, revisions, workloads, pods, [event for some in told for event in some], unread)


def seen_of(bodies: Bodies, flags: str = "") -> Seen:
    """Return what the objects say. Raises ``InvalidObject`` for one that this version of Tandem cannot read."""
    deployment = parse_deployment(bodies.deployment)
    revisions = [parse_revision(body) for body in bodies.revisions]
    states = revision_states(revisions, bodies.workloads, bodies.pods, {}, frozenset())
    if DEPLOYMENT.kind in bodies.unread:
        states = {name: replace(state, wanted=state.revision.status.replicas or 0) for name, state in states.items()}
    return Seen(
        deployment=deployment,
        states=states,
        last_change=last_change(bodies.deployment),
        events=tuple(sorted(events_of(bodies.events, {deployment.metadata.name, *states}), key=lambda told: told.at)),
        unread=tuple(bodies.unread.values()),
        pods_read=POD.kind not in bodies.unread,
        flags=flags,
    )


def last_change(body: Mapping[str, Any]) -> LastChange | None:
    """Return the program that changed fields of the spec last, as far as the API server noted it.

    A program whose fields were all taken over by another one is forgotten there, and nobody's name is.
    """
    found = [
        LastChange(entry.get("manager", "?"), at, entry.get("operation", "?"))
        for entry in body["metadata"].get("managedFields") or ()
        if not entry.get("subresource")
        and "f:spec" in (entry.get("fieldsV1") or {})
        and (at := moment(entry.get("time"))) is not None
    ]
    return max(found, key=lambda change: change.at, default=None)


def events_of(bodies: Sequence[Mapping[str, Any]], names: set[str]) -> list[Told]:
    """Return the events about these objects."""
    return [
        Told(
            at=_last_time(body),
            about=body["involvedObject"]["name"],
            reason=body.get("reason", ""),
            message=body.get("message", ""),
            warning=body.get("type") == "Warning",
            count=int(body.get("count") or 1),
        )
        for body in bodies
        if body["involvedObject"]["name"] in names
    ]


def _last_time(body: Mapping[str, Any]) -> datetime:
    """Return when an event happened last: there are three fields for it, and any may be empty."""
    stamps = (body.get("lastTimestamp"), body.get("eventTime"), body["metadata"].get("creationTimestamp"))
    return next((at for stamp in stamps if (at := moment(stamp)) is not None), datetime.min.replace(tzinfo=UTC))


async def list_all(cluster: Cluster, namespace: str | None) -> tuple[list[Object], list[Object]]:
    """Return all models and revisions of a namespace, or of all, as the API server sends them."""
    deployments, revisions = await asyncio.gather(
        cluster.list(MODEL_DEPLOYMENT, namespace), cluster.list(MODEL_REVISION, namespace)
    )
    return deployments.items, revisions.items


def readable(parse: Callable[[Object], _T], bodies: Sequence[Object]) -> Iterator[_T]:
    """Give the objects that this version of Tandem can read; the others are warned of."""
    for body in bodies:
        try:
            yield parse(body)
        except InvalidObject as error:
            logger.warning("passed over: %s", error)

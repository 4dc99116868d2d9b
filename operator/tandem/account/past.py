"""The past of a model: its versions, the orders of people, and the events that the API server still keeps."""

from collections.abc import Iterator
from datetime import datetime

from tandem.account.seen import Seen
from tandem.account.tell import verdict_told
from tandem.api.base import ApiModel
from tandem.api.objects import ModelRevision
from tandem.api.status import Time


class OrderTold(ApiModel):
    """An order of a person, by its id: the object knows no name, the API server's audit log does."""

    revision: str
    verb: str
    id: str
    result: str
    at: Time


class VersionTold(ApiModel):
    """A version, as far as its record goes: when it began to serve is known of the present phase only."""

    revision: str
    number: int
    image: str
    made: Time | None = None
    phase: str | None = None
    since: Time | None = None
    reason: str | None = None
    message: str | None = None
    attempts: int = 0
    served: bool = False
    images_run: list[str] = []
    verdict: str | None = None
    order: OrderTold | None = None


class EventTold(ApiModel):
    """An event that is still kept; most API servers forget them after an hour."""

    at: Time
    about: str
    reason: str
    message: str
    warning: bool
    times: int


class Past(ApiModel):
    """All of it, the newest version first, the oldest event first."""

    model: str
    namespace: str
    versions: list[VersionTold]
    events: list[EventTold]


def past_of(seen: Seen) -> Past:
    """Return the past of a model."""
    newest_first = sorted(seen.states.values(), key=lambda state: -state.revision.spec.number)
    return Past(
        model=seen.name,
        namespace=seen.namespace,
        versions=[version_told(seen, state.revision) for state in newest_first],
        events=list(_events(seen)),
    )


def version_told(seen: Seen, revision: ModelRevision) -> VersionTold:
    """Return the record of one version."""
    spec, status, name = revision.spec, revision.status, revision.metadata.name
    told = verdict_told(status.verdict, name, None)
    return VersionTold(
        revision=name,
        number=spec.number,
        image=spec.image,
        made=revision.metadata.creation_timestamp,
        phase=status.phase,
        since=_since(seen, name) or status.since,
        reason=status.reason,
        message=status.message,
        attempts=status.attempt,
        served=status.served,
        images_run=status.image_ids or [],
        verdict=told.sentence if told else None,
        order=order_told(seen, revision),
    )


def _since(seen: Seen, name: str) -> datetime | None:
    """Return since when a version serves: the slot knows, the record may be a moment behind."""
    stable = seen.deployment.status.stable
    return stable.since if stable is not None and stable.revision == name else None


def order_told(seen: Seen, revision: ModelRevision) -> OrderTold | None:
    """Return the last order about a version; the model's status has it first, the version's own record keeps it."""
    name = revision.metadata.name
    acted = next((each for each in seen.deployment.status.decisions or [] if each.revision == name), None)
    found = acted or revision.status.observed_decision
    if found is None:
        return None
    return OrderTold(revision=name, verb=found.verb, id=found.id, result=found.result, at=found.at)


def _events(seen: Seen) -> Iterator[EventTold]:
    for each in seen.events:
        yield EventTold(
            at=each.at,
            about=each.about,
            reason=each.reason,
            message=each.message,
            warning=each.warning,
            times=each.count,
        )

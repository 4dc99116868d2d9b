"""Many models, a row for each."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from tandem.account.times import lasted
from tandem.api.base import ApiModel
from tandem.api.objects import ModelDeployment, ModelRevision
from tandem.api.status import ModelDeploymentStatus, Time


class Row(ApiModel):
    """A model in short."""

    namespace: str
    name: str
    phase: str
    stable: str | None = None
    image: str | None = None
    ready: int | None = None
    candidate: str | None = None
    candidate_image: str | None = None
    weight: int | None = None
    since: Time | None = None
    """Since when things have been as they are: the attempt, the rejection, or stable's time."""
    note: str | None = None
    """What it waits for, or what is wrong."""


HEADINGS = ("NAME", "PHASE", "SERVES", "TRIED", "WEIGHT", "SINCE", "WAITS FOR")


def rows(deployments: Iterable[ModelDeployment], revisions: Iterable[ModelRevision]) -> list[Row]:
    """Return a row for each model, by namespace and name."""
    images = {(each.metadata.namespace, each.metadata.name): each.spec.image for each in revisions}
    found = (_row(each, images) for each in deployments)
    return sorted(found, key=lambda row: (row.namespace, row.name))


def _row(deployment: ModelDeployment, images: Mapping[tuple[str, str], str]) -> Row:
    meta, status = deployment.metadata, deployment.status
    stable, candidate = status.stable, status.candidate
    return Row(
        namespace=meta.namespace,
        name=meta.name,
        phase=status.phase or "Unknown",
        stable=stable.revision if stable else None,
        image=images.get((meta.namespace, stable.revision)) if stable else None,
        ready=status.ready_replicas,
        candidate=candidate.revision if candidate else None,
        candidate_image=images.get((meta.namespace, candidate.revision)) if candidate else None,
        weight=candidate.weight if candidate else None,
        since=_since(status),
        note=_note(status),
    )


def _since(status: ModelDeploymentStatus) -> datetime | None:
    for slot in (status.candidate, status.stable):
        if status.rejected is not None and status.candidate is None:
            return status.rejected.at
        if slot is not None:
            return slot.since
    return None


def _note(status: ModelDeploymentStatus) -> str | None:
    if status.rejected is not None and status.candidate is None:
        return f"{status.rejected.revision} was sent back: {status.rejected.reason}"
    if status.waiting_for is not None:
        return status.waiting_for.what
    if status.frozen_by is not None:
        return f"frozen by {status.frozen_by}"
    return None


def cells(row: Row, now: datetime) -> tuple[str, ...]:
    """Return a row as texts, in the order of `HEADINGS`."""
    return (
        row.name,
        row.phase,
        version(row.stable, row.image),
        version(row.candidate, row.candidate_image),
        "" if row.weight is None else f"{row.weight} %",
        lasted(row.since, now) if row.since else "",
        row.note or "",
    )


def version(revision: str | None, image: str | None) -> str:
    """Return a revision with its image's tag, which is how people call a version."""
    if revision is None:
        return "-"
    return f"{revision} ({tag(image)})" if image else revision


def tag(image: str) -> str:
    """Return the part of an image's name that tells versions apart: its tag, or the beginning of its digest."""
    name, _, digest = image.partition("@sha256:")
    last = name.rpartition("/")[2]
    return last.partition(":")[2] or (f"sha256:{digest[:12]}" if digest else last)

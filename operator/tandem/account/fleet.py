"""The whole fleet: who owns what, what serves where, and what is about to expire."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from tandem.account.rows import tag
from tandem.account.times import lasted
from tandem.api.base import ApiModel
from tandem.api.dates import day
from tandem.api.objects import ModelDeployment, ModelRevision
from tandem.api.status import Time

SOON: Final = timedelta(days=30)
"""A waiver that holds no longer than this is told of."""


class Expiring(ApiModel):
    """A waiver that ends soon, or has ended."""

    check: str
    until: str
    reason: str
    expired: bool


class Entry(ApiModel):
    """A model of the fleet."""

    namespace: str
    name: str
    tier: str
    purpose: str | None = None
    data_science: str | None = None
    data_science_contact: str | None = None
    engineering: str | None = None
    engineering_contact: str | None = None
    phase: str
    stable: str | None = None
    image: str | None = None
    since: Time | None = None
    """When the version that serves became stable."""
    made: Time | None = None
    """When the model was declared first."""
    review_by: str | None = None
    review_due: bool = False
    findings: int | None = None
    """Open findings of the readiness checks; None where the operator has noted none and no absence of them."""
    expiring: list[Expiring] = []


HEADINGS: Final = ("NAME", "TIER", "OWNER", "CONTACT", "PHASE", "SERVES", "FOR", "FINDINGS", "EXPIRING")


def fleet(
    deployments: Iterable[tuple[ModelDeployment, Mapping[str, Any]]], revisions: Iterable[ModelRevision], now: datetime
) -> list[Entry]:
    """Return an entry for each model, by namespace and name; each comes with its body for what is not modelled yet."""
    images = {(each.metadata.namespace, each.metadata.name): each.spec.image for each in revisions}
    found = (_entry(each, body, images, now) for each, body in deployments)
    return sorted(found, key=lambda entry: (entry.namespace, entry.name))


def _entry(
    deployment: ModelDeployment, body: Mapping[str, Any], images: Mapping[tuple[str, str], str], now: datetime
) -> Entry:
    meta, spec, status = deployment.metadata, deployment.spec, deployment.status
    stable, science, engineering = status.stable, spec.owners.data_science, spec.owners.engineering
    return Entry(
        namespace=meta.namespace,
        name=meta.name,
        tier=spec.tier,
        purpose=spec.purpose,
        data_science=science.team if science else None,
        data_science_contact=science.contact if science else None,
        engineering=engineering.team if engineering else None,
        engineering_contact=engineering.contact if engineering else None,
        phase=status.phase or "Unknown",
        stable=stable.revision if stable else None,
        image=images.get((meta.namespace, stable.revision)) if stable else None,
        since=stable.since if stable else None,
        made=meta.creation_timestamp,
        review_by=spec.review_by,
        review_due=spec.review_by is not None and day(spec.review_by) < now.date(),
        findings=open_findings(body, now),
        expiring=list(_expiring(deployment, now)),
    )


def open_findings(body: Mapping[str, Any], now: datetime) -> int | None:
    """Return how many readiness checks fail and are not waived; None where status says nothing of them."""
    found = (body.get("status") or {}).get("readiness")
    listed = found.get("findings") if isinstance(found, Mapping) else found
    if not isinstance(listed, list):
        return None
    failing = [each for each in listed if isinstance(each, Mapping) and each.get("outcome", "Fail") == "Fail"]
    return sum(1 for each in failing if not waived(each.get("waivedUntil"), now))


def waived(until: Any, now: datetime) -> bool:
    """Whether a waiver that ends on this day still holds."""
    try:
        return day(str(until)) >= now.date() if until else False
    except ValueError:
        return False


def _expiring(deployment: ModelDeployment, now: datetime) -> Iterator[Expiring]:
    for waiver in deployment.spec.waivers or []:
        last = day(waiver.until)
        if last <= (now + SOON).date():
            yield Expiring(check=waiver.check, until=waiver.until, reason=waiver.reason, expired=last < now.date())


def cells(entry: Entry, now: datetime) -> tuple[str, ...]:
    """Return an entry as texts, in the order of `HEADINGS`; the owner is whoever is called when it fails."""
    expiring = [f"{each.check} {'expired' if each.expired else 'until'} {each.until}" for each in entry.expiring]
    expiring += [f"review was due {entry.review_by}"] if entry.review_due else []
    return (
        entry.name,
        entry.tier,
        entry.engineering or entry.data_science or "",
        entry.engineering_contact or entry.data_science_contact or "",
        entry.phase,
        f"{entry.stable} ({tag(entry.image)})" if entry.stable and entry.image else entry.stable or "-",
        lasted(entry.since, now) if entry.since else "",
        "?" if entry.findings is None else str(entry.findings),
        ", ".join(expiring),
    )


def flat(entry: Entry) -> dict[str, str]:
    """Return an entry as a row of a spreadsheet: every key is there, with empty text for what is absent."""
    values = {name: entry.to_dict().get(name) for name in COLUMNS}
    expiring = "; ".join(f"{each.check} until {each.until}" for each in entry.expiring)
    return {name: "" if value is None else safe(str(value)) for name, value in values.items()} | {"expiring": expiring}


def safe(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: what people declared is shown, never run."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


COLUMNS: Final = tuple(field.alias or name for name, field in Entry.model_fields.items() if name != "expiring")

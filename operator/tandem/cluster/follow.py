"""Following objects: what there is, and then every change, across ends of watches and absences of the API server."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from tandem.cluster.client import Cluster, Listing
from tandem.cluster.errors import ClusterBusy
from tandem.cluster.kinds import Kind, Object

LONGEST_PAUSE: Final = 10.0
"""Seconds between two tries while the API server is away."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which objects of a kind."""

    kind: Kind
    namespace: str | None
    labels: str | None = None
    fields: str | None = None

    @property
    def selectors(self) -> Mapping[str, str]:
        """The selectors as the API takes them."""
        given = {"labelSelector": self.labels, "fieldSelector": self.fields}
        return {name: value for name, value in given.items() if value}


@dataclass(frozen=True, slots=True)
class Change:
    """One object was added, changed or deleted."""

    type: str
    object: Object


async def follow(cluster: Cluster, what: Selection) -> AsyncGenerator[Listing | Change]:
    """Give a listing of what there is, then its changes, for ever; after a gap a listing again.

    Raises ``ClusterRefused`` and ``KindMissing``, and ``ClusterBusy`` only if the very first listing fails.
    """
    listing = await cluster.list(what.kind, what.namespace, what.labels, what.fields)
    while True:
        yield listing
        async with aclosing(_changes(cluster, what, listing.resource_version)) as changes:
            async for change in changes:
                yield change
        listing = await _listed_again(cluster, what)


async def _changes(cluster: Cluster, what: Selection, version: str) -> AsyncGenerator[Change]:
    """Give the changes from a version on, until what the API server remembers does not reach back that far."""
    failures = 0
    while True:
        try:
            async with aclosing(_events(cluster, what, version)) as events:
                async for event in events:
                    failures = 0
                    if event["type"] == "ERROR":
                        return
                    version = event["object"]["metadata"]["resourceVersion"]
                    if event["type"] != "BOOKMARK":
                        yield Change(event["type"], event["object"])
        except ClusterBusy:
            failures += 1
            if failures > 1:
                return
        await asyncio.sleep(0)


async def _events(cluster: Cluster, what: Selection, version: str) -> AsyncGenerator[Object]:
    async for event in cluster.watch(what.kind, what.namespace, version, what.selectors):
        yield event


async def _listed_again(cluster: Cluster, what: Selection) -> Listing:
    pause = 0.5
    while True:
        try:
            return await cluster.list(what.kind, what.namespace, what.labels, what.fields)
        except ClusterBusy as error:
            await asyncio.sleep(error.retry_after or pause)
            pause = min(2 * pause, LONGEST_PAUSE)

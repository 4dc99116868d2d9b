"""Watching a model with all that belongs to it: one watch for each kind, and a new picture after each change."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from tandem.account.seen import Seen
from tandem.api.names import DEPLOYMENT_LABEL
from tandem.cli.access import advice
from tandem.cli.reading import Bodies, seen_of
from tandem.cluster.client import Cluster, Listing
from tandem.cluster.errors import ClusterRefused, NotFound
from tandem.cluster.follow import Change, Selection, follow
from tandem.cluster.kinds import DEPLOYMENT, MODEL_DEPLOYMENT, MODEL_REVISION, POD, Object

NEEDED: Final = (MODEL_DEPLOYMENT, MODEL_REVISION)
"""Kinds without which there is nothing to show; others may be forbidden."""


@dataclass
class _Picture:
    """What the watches have told so far."""

    objects: dict[str, dict[str, Object]] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, kind: str, told: Listing | Change) -> None:
        if isinstance(told, Listing):
            self.objects[kind] = {item["metadata"]["name"]: item for item in told.items}
            self.listed.add(kind)
        elif told.type == "DELETED":
            self.objects[kind].pop(told.object["metadata"]["name"], None)
        else:
            self.objects[kind][told.object["metadata"]["name"]] = told.object
        self.news.set()

    def bodies(self, name: str) -> Bodies:
        found = {kind: list(self.objects.get(kind, {}).values()) for kind in (DEPLOYMENT.kind, POD.kind)}
        return Bodies(
            deployment=self.objects[MODEL_DEPLOYMENT.kind][name],
            revisions=list(self.objects[MODEL_REVISION.kind].values()),
            workloads=found[DEPLOYMENT.kind],
            pods=found[POD.kind],
            unread=self.unread,
        )


async def pictures(cluster: Cluster, namespace: str, name: str, flags: str) -> AsyncGenerator[Seen]:
    """Give the model as it is, and again after each change, until it is deleted.

    Raises ``NotFound`` if there is no such model, and ``ClusterRefused`` where the model may not be watched.
    """
    ours = f"{DEPLOYMENT_LABEL}={name}"
    selections = (
        Selection(MODEL_DEPLOYMENT, namespace, fields=f"metadata.name={name}"),
        *(Selection(kind, namespace, labels=ours) for kind in (MODEL_REVISION, DEPLOYMENT, POD)),
    )
    picture = _Picture()
    tasks = [asyncio.create_task(_take_in(cluster, each, picture)) for each in selections]
    shown = False
    try:
        while True:
            await picture.news.wait()
            picture.news.clear()
            for task in tasks:
                if task.done():
                    task.result()  # raises what ended it
            if len(picture.listed) < len(selections):
                continue
            if name not in picture.objects[MODEL_DEPLOYMENT.kind]:
                if shown:
                    return
                raise NotFound(f"watch {MODEL_DEPLOYMENT.describe(namespace, name)}", "there is no such model")
            shown = True
            yield seen_of(picture.bodies(name), flags)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _take_in(cluster: Cluster, what: Selection, picture: _Picture) -> None:
    try:
        async with aclosing(follow(cluster, what)) as news:
            async for told in news:
                picture.take(what.kind.kind, told)
    except ClusterRefused as error:
        if what.kind in NEEDED:
            raise
        picture.unread[what.kind.kind] = f"{what.kind.kind}s: {error.message}; {advice(error.doing)}"
        picture.listed.add(what.kind.kind)
    finally:
        picture.news.set()

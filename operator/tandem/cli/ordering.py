"""Writing an order onto a revision, and waiting until Tandem has acted on it."""

import asyncio
from contextlib import aclosing
from typing import Any

from tandem.account.orders import Order
from tandem.account.seen import Seen
from tandem.cluster.client import Cluster, Listing
from tandem.cluster.follow import Selection, follow
from tandem.cluster.kinds import MODEL_REVISION


async def write(cluster: Cluster, namespace: str, order: Order, id_: str, seen: Seen) -> None:
    """Write the order onto the very revision that was seen. Raises ``Conflict`` where it is another one by now."""
    revision = seen.revision(order.revision)
    assert revision is not None
    patch = {
        "metadata": {"uid": revision.metadata.uid},
        "spec": {"decision": {"verb": order.verb, "id": id_}},
    }
    await cluster.merge_patch(MODEL_REVISION, namespace, order.revision, patch)


async def acted_on(cluster: Cluster, namespace: str, revision: str, id_: str, within: float) -> dict[str, Any] | None:
    """Return what Tandem says that it did about an order, None if it has not within some seconds."""
    selection = Selection(MODEL_REVISION, namespace, fields=f"metadata.name={revision}")
    try:
        async with asyncio.timeout(within), aclosing(follow(cluster, selection)) as news:
            async for each in news:
                for body in each.items if isinstance(each, Listing) else [each.object]:
                    observed: dict[str, Any] = body.get("status", {}).get("observedDecision") or {}
                    if observed.get("id") == id_:
                        return observed
    except TimeoutError:
        return None
    return None

"""Objects as the API server sends them."""

from typing import Any

from tandem.api import names
from tandem.cluster.client import Listing
from tandem.cluster.kinds import KINDS, Kind, Object


def body(kind: Kind, name: str, version: int, uid: str = "u", owner: str | None = None, **content: Any) -> Object:
    labels = {names.MANAGED_BY_LABEL: names.MANAGED_BY, names.DEPLOYMENT_LABEL: owner} if owner else {}
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": {
            "namespace": "demo",
            "name": name,
            "uid": uid,
            "resourceVersion": str(version),
            "labels": labels,
        },
        **content,
    }


def listing(kind: Kind, version: int, *items: Object, namespace: str | None = None) -> Listing:
    assert kind in KINDS.values()
    return Listing(kind, namespace, str(version), list(items))

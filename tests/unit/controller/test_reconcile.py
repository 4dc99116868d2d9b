"""Whose the traffic is that a ModelDeployment finds when it is applied: what a predecessor left says nothing of it."""

import asyncio
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from tandem.api.objects import ModelDeployment, parse_deployment
from tandem.cluster.cache import Cache
from tandem.cluster.config import ConfigReader
from tandem.cluster.connection import Connection, new_configuration
from tandem.cluster.errors import ClusterBusy
from tandem.cluster.events import EventRecorder
from tandem.cluster.kinds import MODEL_DEPLOYMENT, MODEL_REVISION, Object
from tandem.controller.history import Histories
from tandem.controller.parts import Parts
from tandem.controller.reconcile import Reconciler
from tandem.controller.trials import Trials
from tandem.manifests.route import route_manifest
from tandem.manifests.service import cluster_service_manifest
from tandem.signals.prometheus import PrometheusClient
from tandem.signals.scraper import PodScraper
from tandem.signals.sources import Sources
from tests.unit.cluster.recorded import VersionedStore

KEY: Final = ("payments", "fraud")
NOW: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
GOING: Final = {"deletionTimestamp": "2026-03-01T12:00:00Z"}


def declared(uid: str, gateway: bool) -> ModelDeployment:
    return parse_deployment(_body(uid, gateway))


def _body(uid: str, gateway: bool) -> Object:
    spec: Object = {
        "owners": {"engineering": {"team": "payments", "contact": "payments@example.com"}},
        "model": {"image": "fraud:1", "service": "Fraud"},
    }
    if gateway:
        spec["traffic"] = {"gateway": {"parentRefs": [{"name": "public"}], "path": "/fraud"}}
    meta = {"namespace": KEY[0], "name": KEY[1], "uid": uid, "generation": 1}
    kind = {"apiVersion": MODEL_DEPLOYMENT.api_version, "kind": MODEL_DEPLOYMENT.kind}
    return {**kind, "metadata": meta, "spec": spec}


def traffic_of(predecessor: ModelDeployment, **metadata: Any) -> Object:
    """Return the route, or without a gateway the Service, by which a predecessor's first version served."""
    if predecessor.spec.traffic.gateway is None:
        made = cluster_service_manifest(predecessor, "fraud-r1")
    else:
        made = route_manifest(predecessor, {"fraud-r1": 100})
    return {**made, "metadata": {**made["metadata"], **metadata}}


async def applied(gateway: bool, *found: Object) -> VersionedStore:
    """Return what there is after a model was applied where ``found`` was there before."""
    api, cache = VersionedStore(), Cache()
    for obj in (_body("new", gateway), *found):
        cache.feed("ADDED", api.keep(obj))
    connection = Connection(new_configuration(), inside=True)
    parts = Parts(connection, api, cache, EventRecorder(api), ConfigReader(api), lambda _: None, lambda _: None)
    async with PodScraper() as scraper:
        trials = Trials(Sources(scraper, PrometheusClient()), Histories(), lambda _: None)
        reconciler = Reconciler(parts, trials, now=lambda: NOW)
        for _ in range(3):
            try:
                await reconciler.reconcile(KEY)
            except ClusterBusy:  # the predecessor's object is in the way: it is tried again
                continue
        trials.close()
    return api


def status_of(api: VersionedStore) -> Object:
    status: Object = api.objects[MODEL_DEPLOYMENT.kind, *KEY].get("status", {})
    return status


@pytest.mark.parametrize("gateway", [True, False])
@pytest.mark.parametrize(
    "metadata", [GOING, {}, {**GOING, "ownerReferences": []}], ids=["going", "to be deleted", "orphaned and going"]
)
def test_a_predecessors_traffic_does_not_make_a_new_version_stable(gateway: bool, metadata: Object) -> None:
    """Its first revision has the same name: it would be stable without a pod, and without having been examined."""
    left = traffic_of(declared("old", gateway), **metadata)
    status = status_of(asyncio.run(applied(gateway, left)))
    assert ("stable" in status, status["candidate"]["revision"]) == (False, "fraud-r1")


@pytest.mark.parametrize("gateway", [True, False])
def test_what_was_orphaned_goes_on_serving(gateway: bool) -> None:
    first = asyncio.run(applied(gateway))
    revision = first.objects[MODEL_REVISION.kind, KEY[0], "fraud-r1"]
    orphans = [{**revision, "metadata": {**revision["metadata"], "ownerReferences": []}}]
    orphans.append(traffic_of(declared("old", gateway), ownerReferences=[]))
    status = status_of(asyncio.run(applied(gateway, *orphans)))
    assert (status["stable"]["revision"], "candidate" in status) == ("fraud-r1", False)

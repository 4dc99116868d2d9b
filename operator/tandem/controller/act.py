"""Carrying a decision out: the difference between the children that are and those that shall be, write by write.

What gets requests comes first, so that a rollback is one write and waits for nothing. A write that the API server
refuses does not keep the others from being done; it is returned, and becomes a condition.
"""

import copy
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from tandem.api.names import DEPLOYMENT_LABEL
from tandem.api.objects import ModelDeployment, ModelRevision
from tandem.cluster.cache import Cache, Key
from tandem.cluster.client import Cluster
from tandem.cluster.errors import AlreadyExists, ClusterBusy, ClusterRefused
from tandem.cluster.kinds import DEPLOYMENT, HTTP_ROUTE, MODEL_REVISION, POD, SERVICE, Kind, Object, kind_of
from tandem.cluster.ownership import Ownership, owned_by, ownership, says
from tandem.controller.keeping import ExaminerAccounts
from tandem.controller.live_route import in_full, is_as_wanted, with_new_weights
from tandem.controller.outcome import NotOurs, Outcome
from tandem.manifests.budget import budget_manifest
from tandem.manifests.config import config_manifests
from tandem.manifests.declared import Declared
from tandem.manifests.edges import edges, edges_of
from tandem.manifests.examination import Examination, examiner_manifest, plan_manifest
from tandem.manifests.labels import deployment_of
from tandem.manifests.missed import ExaminerRole
from tandem.manifests.revision import revision_manifest
from tandem.manifests.route import route_manifest
from tandem.manifests.service import cluster_service_manifest, revision_service_manifest
from tandem.manifests.smoke import SmokeTest, smoke_manifest
from tandem.manifests.workload import deployment_manifest
from tandem.rollout.decision import Desired

log = logging.getLogger(__name__)

NUDGED_ANNOTATION: Final = "tandem.dev/tried-again-at"
NUDGE_EVERY: Final = timedelta(seconds=20)


class Actor:
    """Brings the children of one ModelDeployment after another in line with what was decided."""

    def __init__(
        self,
        cluster: Cluster,
        cache: Cache,
        examiner_image: str | None = None,
        examiner_role: ExaminerRole | None = None,
    ) -> None:
        self._cluster = cluster
        self._examiner_image = examiner_image
        self._accounts = ExaminerAccounts(cluster, examiner_role)
        self._cache = cache
        self._made: dict[Key, dict[str, tuple[tuple[Kind, str], ...]]] = {}
        self._settled: dict[Key, dict[tuple[str, str], str]] = {}

    async def carry_out(
        self,
        deployment: ModelDeployment,
        declared: Declared | None,
        desired: Desired,
        revisions: Mapping[str, ModelRevision],
        now: datetime,
    ) -> Outcome:
        """Do what is missing; return what was refused, and what is to be tried again."""
        key = (deployment.metadata.namespace, deployment.metadata.name)
        alive = {revision.metadata.uid for revision in revisions.values()}
        self._made[key] = {uid: made for uid, made in self._made.get(key, {}).items() if uid in alive}
        attempt = Outcome()
        await attempt.make(self._route, deployment, desired)
        if desired.service_target is not None:
            await attempt.make(self._ensure, cluster_service_manifest(deployment, desired.service_target))
        if desired.new_revision is not None and declared is not None:
            await attempt.make(self._new_revision, deployment, declared, desired.new_revision, revisions)
        for name, replicas in desired.replicas.items():
            await attempt.make(self._workload, key, revisions[name], replicas)
        if desired.examine is not None and self._examiner_image is not None:
            await attempt.make(self._examine, deployment, revisions[desired.examine.revision], desired.examine)
        if desired.smoke is not None and self._examiner_image is not None:
            aside = Outcome()
            await aside.make(self._smoke, deployment, revisions[desired.smoke.revision], desired.smoke)
            attempt.aside, attempt.busy = aside.refused, attempt.busy or aside.busy
        for name in desired.dismiss:
            await attempt.make(self._dismiss, key, name)
        for name in desired.delete:
            await attempt.make(self._delete, revisions[name])
        for name in desired.nudge:
            await attempt.make(self._nudge, revisions[name], now)
        return attempt

    def forget(self, key: Key) -> None:
        """Drop what was remembered of a ModelDeployment that is gone."""
        self._made.pop(key, None)
        self._settled.pop(key, None)

    async def _route(self, deployment: ModelDeployment, desired: Desired) -> None:
        """Have the route as declared; where that is refused, or its place is another model's, at least its weights.

        Who gets requests must never depend on whether a filter is spelt well.
        """
        if desired.weights is None:
            if deployment.spec.traffic.gateway is None:
                await self._remove_route(deployment)
            return
        wanted, meta = route_manifest(deployment, desired.weights), deployment.metadata
        live = self._cache.get(HTTP_ROUTE, meta.namespace, meta.name)
        if live is not None and desired.weights_only:
            await self._ensure(with_new_weights(live, wanted))
            return
        try:
            await self._ensure(wanted)
        except ClusterRefused:
            if live is not None:
                await self._ensure(with_new_weights(live, wanted))
            raise

    async def _remove_route(self, deployment: ModelDeployment) -> None:
        """The gateway was taken out of the spec: the route that was made for it goes."""
        meta = deployment.metadata
        live = self._cache.get(HTTP_ROUTE, meta.namespace, meta.name)
        owners = live["metadata"].get("ownerReferences", []) if live else []
        if live and any(owner["uid"] == meta.uid for owner in owners):
            await self._cluster.delete(HTTP_ROUTE, meta.namespace, meta.name, live["metadata"]["uid"])
            self._cache.forget(HTTP_ROUTE, meta.namespace, meta.name, live["metadata"]["uid"])

    async def _new_revision(
        self, deployment: ModelDeployment, declared: Declared, number: int, revisions: Mapping[str, ModelRevision]
    ) -> None:
        newest_first = sorted(revisions.values(), key=lambda revision: revision.spec.number, reverse=True)
        grid = edges(deployment.spec.requirements, [edges_of(revision.spec) for revision in newest_first])
        await self._ensure(revision_manifest(deployment, declared, number, grid))

    async def _workload(self, key: Key, revision: ModelRevision, replicas: int) -> None:
        meta, made = revision.metadata, self._made[key]
        if meta.uid not in made or not all(self._is_in_place(revision, *child) for child in made[meta.uid]):
            manifests = [*config_manifests(revision), revision_service_manifest(revision), budget_manifest(revision)]
            for manifest in manifests:
                await self._ensure(manifest)
            made[meta.uid] = tuple((kind_of(manifest), manifest["metadata"]["name"]) for manifest in manifests)
        live = self._cache.get(DEPLOYMENT, meta.namespace, meta.name)
        if live is None or not self._is_in_place(revision, DEPLOYMENT, meta.name):
            live = await self._ensure(deployment_manifest(revision, replicas))
        if live["spec"].get("replicas") != replicas:
            await self._scale(live, replicas)

    def _is_in_place(self, revision: ModelRevision, kind: Kind, name: str) -> bool:
        """Tell whether a child is there as it was made, so that it need not be rendered again to be compared."""
        meta = revision.metadata
        live = self._cache.get(kind, meta.namespace, name)
        if live is None or "deletionTimestamp" in live["metadata"]:
            return False
        whose = owned_by(live, MODEL_REVISION.kind, meta.name, meta.uid, deployment_of(revision))
        return whose is Ownership.OURS and self._is_settled(kind, live)

    async def _scale(self, live: Object, replicas: int) -> None:
        meta = live["metadata"]
        scale = await self._cluster.scale(meta["namespace"], meta["name"], replicas, meta["uid"])
        scaled = copy.deepcopy(live)
        scaled["spec"]["replicas"] = replicas
        scaled["metadata"]["resourceVersion"] = scale["metadata"]["resourceVersion"]
        self._cache.overlay(scaled)

    async def _nudge(self, revision: ModelRevision, now: datetime) -> None:
        """Have its pods tried again: a ReplicaSet waits up to a quarter of an hour after they were refused some times.

        A changed annotation of the Deployment is passed on to the ReplicaSet, and a changed ReplicaSet is looked at.
        """
        meta = revision.metadata
        live = self._cache.get(DEPLOYMENT, meta.namespace, meta.name)
        if live is None:
            return
        last = (live["metadata"].get("annotations") or {}).get(NUDGED_ANNOTATION)
        if last is not None and now - datetime.fromisoformat(last) < NUDGE_EVERY:
            return
        patch = {"metadata": {"uid": live["metadata"]["uid"], "annotations": {NUDGED_ANNOTATION: now.isoformat()}}}
        self._cache.overlay(await self._cluster.merge_patch(DEPLOYMENT, meta.namespace, meta.name, patch))

    async def _examine(self, deployment: ModelDeployment, revision: ModelRevision, examination: Examination) -> None:
        """Have a pod ask the candidate; one that is there already goes on, whatever it was given at its start."""
        assert self._examiner_image is not None
        if self._cache.get(POD, revision.metadata.namespace, examination.name) is not None:
            return
        await self._ensure(plan_manifest(deployment, revision))
        keeping = await self._accounts.keeping(deployment)
        pod = examiner_manifest(deployment, revision, examination, self._examiner_image, keeping)
        self._cache.overlay(await self._cluster.create(pod))

    async def _smoke(self, deployment: ModelDeployment, revision: ModelRevision, smoke: SmokeTest) -> None:
        assert self._examiner_image is not None
        await self._ensure(plan_manifest(deployment, revision))
        pod = smoke_manifest(deployment, revision, smoke, self._examiner_image)
        self._cache.overlay(await self._cluster.create(pod))

    async def _dismiss(self, key: Key, name: str) -> None:
        live = self._cache.get(POD, key[0], name)
        if live is None or "deletionTimestamp" in live["metadata"]:
            return
        uid = live["metadata"]["uid"]
        if await self._cluster.delete(POD, key[0], name, uid) is None:
            self._cache.forget(POD, key[0], name, uid)

    async def _delete(self, revision: ModelRevision) -> None:
        meta = revision.metadata
        await self._cluster.delete(MODEL_REVISION, meta.namespace, meta.name, meta.uid)
        self._cache.forget(MODEL_REVISION, meta.namespace, meta.name, meta.uid)

    async def _ensure(self, manifest: Object) -> Object:
        """Create what is missing, mend what differs, adopt what is orphaned; leave alone what is somebody else's."""
        kind, meta = kind_of(manifest), manifest["metadata"]
        live = self._cache.get(kind, meta["namespace"], meta["name"])
        if live is None:
            try:
                return self._keep(await self._cluster.create(manifest))
            except AlreadyExists:
                live = await self._cluster.get(kind, meta["namespace"], meta["name"])
        whose = ownership(live, meta)
        if whose is Ownership.FOREIGN:
            raise NotOurs(kind, meta["name"])
        if whose is Ownership.PREDECESSOR or "deletionTimestamp" in live["metadata"]:
            raise ClusterBusy(
                f"make {kind.describe(meta['namespace'], meta['name'])}", "the old one is still being deleted"
            )
        self._cache.overlay(live)
        if whose is Ownership.OURS and (self._is_settled(kind, live) or _as_wanted(kind, live, manifest)):
            self._settle(kind, live)
            return live
        applied = self._keep(await self._cluster.apply(_mended(kind, live, manifest), live["metadata"]["uid"]))
        log.info("applied %s", kind.describe(meta["namespace"], meta["name"]))
        return applied

    def _keep(self, live: Object) -> Object:
        self._cache.overlay(live)
        self._settle(kind_of(live), live)
        return live

    def _is_settled(self, kind: Kind, live: Object) -> bool:
        """Children that never change are compared once; only a foreign write makes them worth another look."""
        meta = live["metadata"]
        key = (meta["namespace"], meta["labels"][DEPLOYMENT_LABEL])
        if kind in (SERVICE, HTTP_ROUTE) and meta["name"] == key[1]:
            return False
        return self._settled.get(key, {}).get((kind.kind, meta["name"])) == _edition(live)

    def _settle(self, kind: Kind, live: Object) -> None:
        meta = live["metadata"]
        key = (meta["namespace"], meta["labels"][DEPLOYMENT_LABEL])
        self._settled.setdefault(key, {})[kind.kind, meta["name"]] = _edition(live)


def _edition(live: Object) -> str:
    """What changes when anybody changes the spec."""
    meta = live["metadata"]
    return f"{meta['uid']}/{meta.get('generation') or meta.get('resourceVersion')}"


def _as_wanted(kind: Kind, live: Object, manifest: Object) -> bool:
    if "spec" not in manifest:
        return True
    if kind == HTTP_ROUTE:
        return is_as_wanted(live, manifest)
    return says(live.get("spec"), _without_replicas(kind, manifest)["spec"])


def _mended(kind: Kind, live: Object, manifest: Object) -> Object:
    """What to apply to an existing object: all that Tandem owns of it, replica counts excepted."""
    if kind == MODEL_REVISION:
        return {**manifest, "spec": live["spec"]}
    if kind == HTTP_ROUTE:
        return in_full(live, manifest)
    return _without_replicas(kind, manifest)


def _without_replicas(kind: Kind, manifest: Object) -> Object:
    if kind != DEPLOYMENT:
        return manifest
    return {**manifest, "spec": {key: value for key, value in manifest["spec"].items() if key != "replicas"}}

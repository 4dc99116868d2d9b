"""One reconcile for every cause: read what is, decide, write the decision down, carry it out.

The status is written with the resourceVersion that the decision was made from, before anything is acted on: whoever
reads it after a crash, this operator included, goes on from the same decision.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from tandem.api.objects import InvalidObject, ModelDeployment, ModelRevision, parse_deployment, parse_revision
from tandem.cluster.cache import Key
from tandem.cluster.config import ConfigReader
from tandem.cluster.errors import ClusterBusy, ClusterRefused, Conflict
from tandem.cluster.kinds import CONFIG_MAP_EDITION, HTTP_ROUTE, MODEL_DEPLOYMENT, MODEL_REVISION, SERVICE, Kind, Object
from tandem.cluster.observe import revision_states
from tandem.cluster.ownership import Ownership, owned_by, speaks_for
from tandem.cluster.smoked import asked_meanwhile
from tandem.controller.act import Actor
from tandem.controller.asked import Asked
from tandem.controller.claims import RouteClaims
from tandem.controller.declarations import Declarations, Match
from tandem.controller.examinations import Examinations
from tandem.controller.history import Histories
from tandem.controller.logs import LastLines
from tandem.controller.objectives import Objectives
from tandem.controller.parts import Parts
from tandem.controller.proxies import Proxies
from tandem.controller.reach import api_server_of
from tandem.controller.readiness import Readiness
from tandem.controller.records import Records
from tandem.controller.smokes import Smokes
from tandem.controller.trials import Trials
from tandem.controller.writing import soonest
from tandem.manifests.configs import ConfigContent
from tandem.manifests.declared import config_maps
from tandem.manifests.errors import DeclarationError
from tandem.manifests.examination import row_config_maps
from tandem.manifests.missed import ExaminerRole
from tandem.manifests.route import accepted, read_weights, url
from tandem.manifests.service import cluster_url, selected_revision
from tandem.rollout.decide import decide
from tandem.rollout.decision import Decision
from tandem.rollout.observation import Observation, RouteState, Trouble
from tandem.signals import PodScraper
from tandem.signals.gateway import TIMEOUT as PROXY_TIMEOUT
from tandem.signals.gateway import Gateways
from tandem.signals.pod_client import PodClient
from tandem.signals.prometheus import PrometheusClient
from tandem.signals.sources import Sources
from tandem.signals.tokens import Tokens

log = logging.getLogger(__name__)

CONFIG_LOOK: Final = 30.0
"""Seconds between two looks at the ConfigMaps that a model mentions: they are not watched."""

REFUSAL_LOOK: Final = 1.0
"""Seconds until status is written again where other writes than before were refused, or none any more."""

MISSING_MAX_AGE: Final = 5.0
"""Somebody may be about to make a ConfigMap that is missing: look more often."""


@contextlib.asynccontextmanager
async def reconciler(
    parts: Parts,
    prometheus: Sequence[str] = (),
    tokens: Tokens | None = None,
    examiner_image: str | None = None,
    examiner_role: ExaminerRole | None = None,
) -> AsyncIterator["Reconciler"]:
    """Make the reconciler of a running operator; on leaving, its trials have ended and its connections are closed.

    From outside the cluster pods are read through the API server: their addresses lead nowhere there. ``prometheus``:
    addresses of the Prometheus servers that a ModelDeployment may name as its source of evidence; none means any.
    ``tokens``: for those of them that want one.
    ``examiner_image``: Tandem's own image, for the pods that ask the questions of spec.quality.
    ``examiner_role``: the right of those pods to keep what was missed.
    """
    api_server = None if parts.connection.inside else api_server_of(parts.connection)
    async with (
        PodScraper(api_server) as scraper,
        PrometheusClient(allowed=prometheus, tokens=tokens) as client,
        PodClient(api_server, PROXY_TIMEOUT) as proxies,
    ):
        histories = Histories(Objectives(parts.enqueue))
        learning = asyncio.create_task(histories.run(), name="histories")
        sources = Sources(scraper, client, Gateways(proxies, Proxies(parts.cluster).find))
        trials = Trials(sources, histories, parts.enqueue_urgently)
        try:
            yield Reconciler(parts, trials, examiner_image, examiner_role)
        finally:
            learning.cancel()
            trials.close()


class Reconciler:
    """Brings ModelDeployments to where they should be, one key at a time. ``now`` gives the time in UTC."""

    def __init__(
        self,
        parts: Parts,
        trials: Trials,
        examiner_image: str | None = None,
        examiner_role: ExaminerRole | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._cluster = parts.cluster
        self._cache = parts.cache
        self._events = parts.events
        self._configs = parts.configs
        self._enqueue = parts.enqueue
        self._trials = trials
        self._now = now
        self._actor = Actor(parts.cluster, parts.cache, examiner_image, examiner_role)
        self._declarations = Declarations()
        editions = ConfigReader(parts.cluster, kind=CONFIG_MAP_EDITION)
        self._examinations = Examinations(editions, Asked(parts.cluster), examiner_image)
        self._smokes = Smokes(self._examinations)
        self._lines = LastLines(parts.cluster, parts.enqueue)
        self._claims: RouteClaims | None = None
        self._refused: dict[Key, tuple[Trouble, ...]] = {}
        self._readiness = Readiness(parts.configs, parts.enqueue)
        self._records = Records(parts.cluster, parts.cache, trials)

    async def reconcile(self, key: Key) -> float | None:
        """Do what is to be done for one ModelDeployment; return the seconds after which to look again, if any."""
        body = self._cache.get(MODEL_DEPLOYMENT, *key)
        if body is None or body["metadata"].get("deletionTimestamp"):
            self._forget(key)
            return None
        try:
            deployment = parse_deployment(body)
        except InvalidObject as error:
            await self._records.write_invalid(body, str(error), self._now().replace(microsecond=0))
            return None
        return await self._reconcile(key, body, deployment)

    async def _reconcile(self, key: Key, body: Object, deployment: ModelDeployment) -> float | None:
        now = self._now().replace(microsecond=0)
        revisions = await self._revisions(deployment)
        match, blocked = await self._declared(deployment, revisions)
        seen = self._observe(key, deployment, revisions, match, blocked)
        seen = replace(seen, readiness=self._readiness.findings(deployment, revisions, now))
        pods = self._cache.children(*key).get("Pod", [])
        seen = replace(seen, quality=await self._examinations.state(deployment, seen.revisions, pods, now))
        seen = replace(seen, smoke=await self._smokes.state(key, deployment, seen.revisions, pods, now))
        decision = _with_addresses(decide(deployment, seen, now), deployment)
        try:
            later = await self._records.write_decision(body, deployment, revisions, decision, now)
            self._tell(key, body, decision)
            outcome = await self._actor.carry_out(deployment, match.declared, decision.desired, revisions, now)
            told = self._note_refusals(key, tuple(outcome.refused))
            unasked = self._smokes.note_refused(key, outcome.aside, now)
            # Before the records: pods are read even if a record is refused, so that a bad version is found out.
            self._trials.follow(key, deployment, decision.status, seen)
            records_later = await self._records.write_revisions(key, revisions, decision, now)
        except Conflict as error:
            raise ClusterBusy(error.doing, error.detail) from error
        if outcome.busy is not None:
            raise outcome.busy
        rows = row_config_maps(deployment.spec.quality) if deployment.spec.quality is not None else ()
        look = CONFIG_LOOK if deployment.spec.model.config or rows else None
        dates = self._readiness.look_after(key, now)
        return soonest(decision.wake_after, look, later, records_later, told, dates, unasked)

    def _note_refusals(self, key: Key, refused: tuple[Trouble, ...]) -> float | None:
        """Remember what was refused; where that is something else than before, status has to tell it soon."""
        before, self._refused[key] = self._refused.get(key, ()), refused
        is_news = {trouble.reason for trouble in before} != {trouble.reason for trouble in refused}
        return REFUSAL_LOOK if is_news else None

    def _observe(
        self,
        key: Key,
        deployment: ModelDeployment,
        revisions: Mapping[str, ModelRevision],
        match: Match,
        blocked: Trouble | None,
    ) -> Observation:
        children = self._cache.children(*key)
        pods = children.get("Pod", [])
        states = revision_states(
            revisions.values(),
            children.get("Deployment", []),
            pods,
            self._lines.known(pod["metadata"]["uid"] for pod in pods),
            self._trials.drained(key),
        )
        self._lines.ask(key, (pod for state in states.values() for pod in state.pods))
        asked = asked_meanwhile(pods, self._now())
        judged = self._trials.judge(key, deployment, states, asked)
        service = self._own(SERVICE, deployment)
        return Observation(
            revisions=states,
            declared=match.revision,
            route=self._route(deployment),
            service_target=selected_revision(service) if service else None,
            verdict=judged.verdict,
            evidence_trouble=judged.trouble,
            watched=self._trials.watched(key, deployment),
            unread=self._trials.unread(key, deployment.metadata.namespace, states),
            blind=self._trials.blind(key, deployment.metadata.namespace, states),
            blocked=blocked,
            conflict=self._conflict(key, deployment),
            refusals=self._refused.get(key, ()),
        )

    def _own(self, kind: Kind, deployment: ModelDeployment) -> Object | None:
        """Return the object of this kind that has the ModelDeployment's name, if it is not a predecessor's."""
        meta = deployment.metadata
        live = self._cache.get(kind, meta.namespace, meta.name)
        own = live and speaks_for(live, MODEL_DEPLOYMENT.kind, meta.name, meta.uid, meta.name)
        return live if own else None

    def _route(self, deployment: ModelDeployment) -> RouteState | None:
        route = self._own(HTTP_ROUTE, deployment)
        if route is None:
            return None
        is_accepted, reason, message = accepted(route)
        return RouteState(read_weights(route), is_accepted, reason, message)

    def _conflict(self, key: Key, deployment: ModelDeployment) -> Trouble | None:
        if self._claims is None:
            self._claims = RouteClaims(_parsed(self._cache.deployments()))
        for other in self._claims.put(deployment):
            self._enqueue(other)
        held = self._claims.holder(key)
        if held is None:
            return None
        (namespace, name), (_, gateway, host, path) = held
        where = f"path {path} of {'every host' if host == '*' else 'host ' + host} on gateway {gateway}"
        message = f"{where} belongs to the older ModelDeployment {namespace}/{name}; choose another path or host"
        return Trouble("RouteConflict", message)

    async def _revisions(self, deployment: ModelDeployment) -> dict[str, ModelRevision]:
        """Return the revisions that are this object's own, orphans adopted; those of a predecessor do not count."""
        meta, found = deployment.metadata, {}
        for body in self._cache.children(meta.namespace, meta.name).get(MODEL_REVISION.kind, []):
            whose = owned_by(body, MODEL_DEPLOYMENT.kind, meta.name, meta.uid, meta.name)
            if body["metadata"].get("deletionTimestamp") or whose not in (Ownership.OURS, Ownership.ORPHAN):
                continue
            revision = parse_revision(await self._adopt(deployment, body) if whose is Ownership.ORPHAN else body)
            found[revision.metadata.name] = revision
        return found

    async def _adopt(self, deployment: ModelDeployment, orphan: Object) -> Object:
        meta = orphan["metadata"]
        owner = {
            "apiVersion": MODEL_DEPLOYMENT.api_version,
            "kind": MODEL_DEPLOYMENT.kind,
            "name": deployment.metadata.name,
            "uid": deployment.metadata.uid,
            "controller": True,
            "blockOwnerDeletion": False,
        }
        patch = {
            "metadata": {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"], "ownerReferences": [owner]}
        }
        adopted = await self._cluster.merge_patch(MODEL_REVISION, meta["namespace"], meta["name"], patch)
        self._cache.overlay(adopted)
        log.info("adopted orphaned ModelRevision %s/%s", meta["namespace"], meta["name"])
        return adopted

    async def _declared(
        self, deployment: ModelDeployment, revisions: Mapping[str, ModelRevision]
    ) -> tuple[Match, Trouble | None]:
        """Return what the spec declares, its ConfigMaps read; or why it cannot become a revision."""
        contents: dict[str, ConfigContent] = {}
        try:
            for name in config_maps(deployment.spec):
                config = await self._configs.read(deployment.metadata.namespace, name)
                if config is None:
                    config = await self._configs.read(deployment.metadata.namespace, name, max_age=MISSING_MAX_AGE)
                if config is not None:
                    contents[name] = ConfigContent.of(config)
            return self._declarations.match(deployment, contents, revisions), None
        except DeclarationError as error:
            return Match(), Trouble(error.reason, str(error))
        except ClusterRefused as error:
            return Match(), Trouble(error.reason, str(error))

    def _tell(self, key: Key, body: Object, decision: Decision) -> None:
        for happening in decision.happenings:
            self._events.record(body, happening.type, happening.reason, happening.message)
            log.info("%s/%s: %s: %s", *key, happening.reason, happening.message)

    def _forget(self, key: Key) -> None:
        if self._claims is not None:
            for other in self._claims.drop(key):
                self._enqueue(other)
        self._trials.forget(key)
        self._actor.forget(key)
        self._declarations.forget(key)
        self._lines.ask(key, ())
        self._refused.pop(key, None)
        self._records.forget(key)
        self._readiness.forget(key)
        self._smokes.forget(key)


def _with_addresses(decision: Decision, deployment: ModelDeployment) -> Decision:
    """Return the decision with what its status says of the model's addresses."""
    status = decision.status.with_changes(url=url(deployment), cluster_url=cluster_url(deployment))
    return replace(decision, status=status)


def _parsed(bodies: Iterable[Object]) -> list[ModelDeployment]:
    found = []
    for body in bodies:
        try:
            found.append(parse_deployment(body))
        except InvalidObject:
            continue
    return found

"""What is written down of a decision: its evidence, the status that it is, and the record of each revision.

In this order, so that a crash between any two writes loses nothing. Evidence is written with the counters that it was
taken from and counts on from there. The status is written with the resourceVersion that it was decided from. The
records repeat what the status says, and are made up for by the next reconcile.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from tandem.api.objects import ModelDeployment, ModelRevision, parse_revision
from tandem.api.revision import ModelRevisionStatus
from tandem.api.status import Condition, ModelDeploymentStatus
from tandem.cluster.cache import Cache, Key
from tandem.cluster.client import Cluster
from tandem.cluster.errors import ClusterRefused, NotFound
from tandem.cluster.kinds import MODEL_DEPLOYMENT, MODEL_REVISION, Object
from tandem.controller.trials import Trials
from tandem.controller.writing import deployment_due, revision_due, soonest
from tandem.rollout.decide import AT_ONCE
from tandem.rollout.decision import Decision

log = logging.getLogger(__name__)


class Records:
    """Writes status of ModelDeployments and of their revisions, when it is worth a write."""

    def __init__(self, cluster: Cluster, cache: Cache, trials: Trials) -> None:
        self._cluster = cluster
        self._cache = cache
        self._trials = trials
        self._written: dict[Key, datetime] = {}
        self._recorded: dict[Key, dict[str, datetime]] = {}
        self._put_off: set[Key] = set()

    async def write_decision(
        self,
        body: Object,
        deployment: ModelDeployment,
        revisions: Mapping[str, ModelRevision],
        decision: Decision,
        now: datetime,
    ) -> float | None:
        """Write evidence and status, before anything is done about the decision.

        Return the seconds after which what was not worth a write yet is. Raises ``Conflict`` when somebody wrote first.
        """
        key = (deployment.metadata.namespace, deployment.metadata.name)
        before, status = deployment.status, decision.status
        moved = _slots(status) != _slots(before)
        await self._write_evidence(deployment, revisions, due=moved)
        due = deployment_due(before, status, self._written.get(key), now)
        if due == 0 and (moved or not self._outdated_at_once(key, decision)):
            await self._write_status(body, status.to_dict())
            self._written[key] = now
            self._put_off.discard(key)
        return due or None

    async def write_revisions(
        self, key: Key, revisions: Mapping[str, ModelRevision], decision: Decision, now: datetime
    ) -> float | None:
        """Write the revisions' records; return the seconds after which what was not worth a write yet is."""
        before = self._recorded.get(key, {})
        recorded = self._recorded[key] = {name: before[name] for name in decision.revisions if name in before}
        waits = []
        for name, record in decision.revisions.items():
            due = revision_due(revisions[name].status, record, recorded.get(name), now)
            if due == 0:
                await self._write_record(revisions[name], record)
                recorded[name] = now
            waits.append(due or None)
        return soonest(*waits)

    async def write_invalid(self, body: Object, message: str, now: datetime) -> None:
        """Say that an older schema let a spec in that this Tandem cannot read: what runs keeps running."""
        generation, before = body["metadata"].get("generation", 0), body.get("status", {})
        conditions = _invalid(before.get("conditions", []), message, generation, now)
        status = {**before, "conditions": conditions, "observedGeneration": generation}
        if status != before:
            await self._write_status(body, status)

    def forget(self, key: Key) -> None:
        """Drop what was remembered of a ModelDeployment that is gone."""
        self._written.pop(key, None)
        self._recorded.pop(key, None)
        self._put_off.discard(key)

    def _outdated_at_once(self, key: Key, decision: Decision) -> bool:
        """Tell whether the next decision follows at once and says more. Not twice in a row: something is in its way."""
        if decision.wake_after != AT_ONCE or key in self._put_off:
            return False
        self._put_off.add(key)
        return True

    async def _write_evidence(
        self, deployment: ModelDeployment, revisions: Mapping[str, ModelRevision], due: bool
    ) -> None:
        """Evidence and the counters that it was taken from go together, before the decision that they led to.

        So does the number of the attempt: were it lost in a crash, the next attempt would get the same number, and go
        on with the evidence of this one.
        """
        key = (deployment.metadata.namespace, deployment.metadata.name)
        kept = self._trials.to_persist(key, due)
        if kept is None or kept.revision not in revisions:
            return
        changes: dict[str, object] = {"evidence": kept.evidence, "verdict": kept.verdict}
        candidate = deployment.status.candidate
        if candidate is not None and candidate.revision == kept.revision:
            changes["attempt"] = candidate.attempt
        try:
            await self._write_revision(revisions[kept.revision], **changes)
        except ClusterRefused as error:
            # The older evidence counts on from its own counters after a crash: no reason to hold up a rollback.
            log.warning("evidence is kept in memory only: %s", error)
        self._trials.persisted(key)

    async def _write_status(self, body: Object, status: Object) -> None:
        meta = body["metadata"]
        answer = await self._cluster.update_status(
            MODEL_DEPLOYMENT, meta["namespace"], meta["name"], meta["resourceVersion"], status
        )
        self._cache.overlay(answer)

    async def _write_record(self, revision: ModelRevision, record: ModelRevisionStatus) -> None:
        """Write a revision's record; what its status says of evidence is the trials' alone."""
        fields = {name: getattr(record, name) for name in ModelRevisionStatus.model_fields}
        del fields["evidence"], fields["verdict"]
        await self._write_revision(revision, **fields)

    async def _write_revision(self, revision: ModelRevision, **changes: object) -> None:
        meta = revision.metadata
        current = self._cache.get(MODEL_REVISION, meta.namespace, meta.name)
        if current is None:
            return
        before = parse_revision(current).status
        wanted = before.with_changes(**changes)
        if wanted.to_dict() == before.to_dict():
            return
        version = current["metadata"]["resourceVersion"]
        try:
            answer = await self._cluster.update_status(
                MODEL_REVISION, meta.namespace, meta.name, version, wanted.to_dict()
            )
        except NotFound:
            self._cache.forget(MODEL_REVISION, meta.namespace, meta.name, meta.uid)
            return
        self._cache.overlay(answer)


def _slots(status: ModelDeploymentStatus) -> tuple[object, ...]:
    """What the children follow from: a change of it is written before anything else."""
    return (
        status.stable,
        status.candidate,
        status.fallback,
        status.rejected,
        status.frozen_by,
        status.decisions,
        status.last_revision,
    )


def _invalid(known: list[Object], message: str, generation: int, now: datetime) -> list[Object]:
    """Return the conditions of a model whose spec cannot be read; what is said of what runs stays as it was."""
    said: tuple[tuple[str, Literal["True", "False"]], ...] = (("Ready", "False"), ("Stalled", "True"))
    before = {each["type"]: each for each in known}
    found = {type_: each for type_, each in before.items() if type_ != "Reconciling"}
    for type_, value in said:
        since = before[type_]["lastTransitionTime"] if before.get(type_, {}).get("status") == value else now
        found[type_] = Condition.model_validate({
            "type": type_, "status": value, "reason": "InvalidSpec", "message": message,
            "lastTransitionTime": since, "observedGeneration": generation,
        }).to_dict()  # fmt: skip
    return [found[type_] for type_ in sorted(found)]

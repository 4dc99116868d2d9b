"""The slots while a decision is made: a working copy, its transitions, and what is to be told about them.

Only transitions that are named here change a slot. Each leaves a record with its reason, so that no version changes
its place without saying why.
"""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Final

from tandem.api.contract import Contract
from tandem.api.dates import time_span
from tandem.api.objects import ModelDeployment
from tandem.api.revision import ModelRevisionSpec, RevisionPhase
from tandem.api.status import (
    ActedDecision,
    CandidateSlot,
    Condition,
    FallbackSlot,
    ModelDeploymentStatus,
    RejectedVersion,
    StableSlot,
)
from tandem.api.values import duration_seconds
from tandem.contract import Weakening, contract_of, held, weakenings
from tandem.manifests.changes import changes_beside_image
from tandem.rollout.decision import Happening
from tandem.rollout.observation import Observation, RevisionState

ROLLED_BACK_BY_PERSON: Final = "RolledBackByPerson"


@dataclass(frozen=True)
class Record:
    """The phase that a revision entered, and why."""

    phase: RevisionPhase
    reason: str
    message: str


def promotion_record(slot: StableSlot) -> Record:
    """Return the record of a version that was promoted; one without evidence in its favour is marked as that."""
    marked = f" without evidence: {slot.without_evidence}" if slot.without_evidence else ""
    return Record("Serving", "Promoted", f"serves everything{marked}")


def _restarts(state: RevisionState) -> dict[str, int] | None:
    return {pod.name: pod.restarts for pod in state.pods if pod.restarts} or None


@dataclass
class Draft:
    """A working copy of the slots; lives for one decision."""

    deployment: ModelDeployment
    seen: Observation
    now: datetime
    stable: StableSlot | None
    candidate: CandidateSlot | None
    fallback: FallbackSlot | None
    rejected: RejectedVersion | None
    frozen_by: str | None
    decisions: dict[str, ActedDecision]
    records: dict[str, Record] = field(default_factory=dict)
    tried: dict[str, int] = field(default_factory=dict)
    happenings: list[Happening] = field(default_factory=list)
    _compared: dict[int, tuple[Weakening, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, deployment: ModelDeployment, seen: Observation, now: datetime) -> "Draft":
        """Start from the slots in the object's status; slots whose revision is gone are empty."""
        status = deployment.status
        draft = cls(
            deployment=deployment,
            seen=seen,
            now=now,
            stable=status.stable,
            candidate=status.candidate,
            fallback=status.fallback,
            rejected=status.rejected,
            frozen_by=status.frozen_by,
            decisions={item.revision: item for item in status.decisions or []},
        )
        draft._forget_vanished()
        return draft

    def _forget_vanished(self) -> None:
        known = self.seen.revisions
        if self.candidate and self.candidate.revision not in known:
            self.candidate = None
        if self.fallback and self.fallback.revision not in known:
            self.fallback = None
        if self.stable and self.stable.revision not in known:
            gone, self.stable = self.stable.revision, None
            if self.fallback:
                self._take_over(self.fallback)
            self.tell_warning("StableVanished", f"revision {gone} was deleted while it was stable")
        if self.rejected and self.rejected.revision not in known:
            self.rejected = None
        self.decisions = {name: item for name, item in self.decisions.items() if name in known}
        if not known:
            self.frozen_by = None  # nothing is left that a person could order to resume

    @property
    def previous(self) -> ModelDeploymentStatus:
        """The status that this decision starts from."""
        return self.deployment.status

    def condition_before(self, type_: str) -> Condition | None:
        """Return a condition as that status has it."""
        return next((each for each in self.previous.conditions or [] if each.type == type_), None)

    @cached_property
    def declared_contract(self) -> Contract:
        """What the spec promises."""
        return contract_of(self.deployment.spec)

    def weakenings_from(self, before: Contract) -> tuple[Weakening, ...]:
        """Return what the spec promises less than a contract in a slot; many ask, it is compared once a decision."""
        if id(before) not in self._compared:
            self._compared[id(before)] = weakenings(self.declared_contract, before)
        return self._compared[id(before)]

    def state(self, slot: StableSlot | CandidateSlot | FallbackSlot) -> RevisionState:
        """Return what is seen of the revision in a slot."""
        return self.seen.revisions[slot.revision]

    @property
    def serving(self) -> RevisionState | None:
        """Who gets what the candidate does not: stable, or the fallback for as long as stable has no ready pod."""
        if self.stable is None:
            return None
        return self.state(self.fallback) if self.fallback and self.stands_in else self.state(self.stable)

    @property
    def stands_in(self) -> bool:
        """Whether the fallback stands in for stable; the slots stay as they are, nobody is judged by it."""
        if self.stable is None or self.fallback is None or self.state(self.stable).ready > 0:
            return False
        return self.state(self.fallback).ready > 0

    @property
    def candidate_has_weight(self) -> bool:
        """Whether the candidate gets requests, so that evidence is about it and not about stable."""
        return self.candidate is not None and self.candidate.weight > 0

    def tell(self, reason: str, message: str) -> None:
        """Tell of a normal transition."""
        self.happenings.append(Happening("Normal", reason, message))

    def tell_warning(self, reason: str, message: str) -> None:
        """Tell of a transition that somebody should look at."""
        self.happenings.append(Happening("Warning", reason, message))

    def start(self, revision: str, *, restore: bool = False) -> None:
        """Make a revision the candidate: a new attempt with fresh evidence."""
        replicas = self.deployment.spec.serving.replicas.min
        held = self.state(self.stable).wanted if self.stable else 0
        attempt = self.tried[revision] = self.attempts(revision) + 1
        self.candidate = CandidateSlot(
            revision=revision,
            attempt=attempt,
            since=self.now,
            size=max(replicas, held),
            restore=restore,
            restarts_before=_restarts(self.seen.revisions[revision]),
        )
        if self.rejected and not restore:
            self.rejected = None
        verb = "Restoring" if restore else "Started"
        spec = self.seen.revisions[revision].revision.spec
        serving = self.state(self.stable).revision.spec if self.stable else None
        changed = _changed(spec, serving) if serving else ""
        self.records[revision] = Record("Candidate", verb, f"attempt {attempt} began{changed}")
        against = f"; {self.stable.revision} ({serving.image}) keeps serving" if self.stable and serving else ""
        self.tell(verb, f"{revision} ({spec.image}) is the candidate{against}{changed}")

    def attempts(self, revision: str) -> int:
        """Return how often a revision was tried, the attempt that is on or was on just now included."""
        recorded = self.seen.revisions[revision].revision.status.attempt
        last = self.previous.candidate
        on = last.attempt if last is not None and last.revision == revision else 0
        return max(recorded, on, self.tried.get(revision, 0))

    def supersede(self, by: str) -> None:
        """Push the candidate aside for another version; it is not to blame."""
        assert self.candidate is not None
        name = self.candidate.revision
        message = f"pushed aside by {by} at {self.candidate.weight} % of requests"
        self.candidate = None
        self.records[name] = Record("Superseded", "Superseded", message)
        self.tell("Superseded", f"{name} was {message}")

    def reject(self, reason: str, message: str) -> None:
        """Send the candidate back and remember it for as long as it is what the spec declares."""
        assert self.candidate is not None
        slot, self.candidate = self.candidate, None
        self.remember_rejected(slot.revision, reason, message)
        serves = f"; {self.stable.revision} serves everything" if self.stable else ""
        self.tell_warning("RolledBack", f"{slot.revision} was sent back at {slot.weight} %: {message}{serves}")

    def fall_back(self, reason: str, message: str) -> None:
        """Let the fallback take over from a stable version that turned out bad."""
        assert self.stable is not None and self.fallback is not None
        bad, good = self.stable.revision, self.fallback.revision
        self._take_over(self.fallback)
        self.remember_rejected(bad, reason, message)
        self.records[good] = Record("Serving", "TookOver", f"took over from {bad}")
        self.tell_warning("RolledBack", f"{bad} was sent back after its promotion: {message}; {good} serves everything")

    def _take_over(self, slot: FallbackSlot) -> None:
        self.stable = StableSlot(revision=slot.revision, since=self.now, contract=slot.contract)
        self.fallback = None
        if self.candidate and self.candidate.revision == slot.revision:
            self.candidate = None  # it was on trial to come back, and now it is

    def remember_rejected(self, revision: str, reason: str, message: str) -> None:
        """Remember that a version was sent back; one that the spec declares is not forgotten for another one."""
        self.records[revision] = Record("Rejected", reason, message)
        if self.rejected is not None and self.seen.declared != revision:
            return
        self.rejected = RejectedVersion(
            revision=revision,
            attempt=self.deployment.spec.rollout.attempt,
            reason=reason,
            message=message[:1024],
            at=self.now,
        )

    def forget_rejected(self) -> None:
        """Let a version that was sent back be tried again; its record says Rejected until it is."""
        if self.rejected is not None:
            record = Record("Rejected", self.rejected.reason, self.rejected.message)
            self.records.setdefault(self.rejected.revision, record)
            self.rejected = None

    def promote(self, *, watched: bool) -> None:
        """Make the candidate stable; its predecessor stays at full size while the watch window is open.

        ``watched``: whether there is to be one. A predecessor that is down would take nothing over.
        """
        assert self.candidate is not None
        slot, old = self.candidate, self.stable
        watch = duration_seconds(self.deployment.spec.rollout.watch)
        keeps = watched and old is not None and not slot.restore and watch > 0
        accepted = {*(slot.accepted or []), *(self.deployment.spec.rollout.accept_weakening or [])}
        self.stable = StableSlot(
            revision=slot.revision,
            since=self.now,
            watch_until=self.now + time_span(watch) if keeps else None,
            contract=old.contract
            if old and slot.restore
            else held(self.declared_contract, old.contract if old else None, accepted),
            accepted=slot.accepted if keeps else None,
            without_evidence=slot.without_evidence if slot.promoted_by is None else None,
            restarts_before=_restarts(self.state(slot)),
        )
        self.candidate = None
        if old and keeps:
            size = max(slot.size, self.state(old).wanted)
            self.fallback = FallbackSlot(revision=old.revision, size=size, contract=old.contract)
            self.records[old.revision] = Record("Fallback", "Watching", f"ready to take over from {slot.revision}")
        elif old:
            self.fallback = None
            self._retire_after(old, slot)
        record = self.records[slot.revision] = promotion_record(self.stable)
        before = f", before it {old.revision}" if old else ""
        self.tell("Promoted", f"{slot.revision} {record.message}{before}")

    def _retire_after(self, old: StableSlot, slot: CandidateSlot) -> None:
        if slot.restore:
            message = f"a person rolled it back to {slot.revision}"
            self.records[old.revision] = Record("Rejected", ROLLED_BACK_BY_PERSON, message)
        else:
            self.records[old.revision] = Record("Retired", "Replaced", f"replaced by {slot.revision}")

    def release_fallback(self, reason: str, message: str) -> None:
        """End the watch: the previous version is scaled down once it is drained."""
        assert self.fallback is not None and self.stable is not None
        name, self.fallback = self.fallback.revision, None
        self.stable = self.stable.with_changes(watch_until=None)
        self.records[name] = Record("Retired", reason, message)
        self.tell(reason, f"{name}: {message}")

    def note_stable(self) -> None:
        """Note since when stable has had no ready pod, or that it has one."""
        if self.stable is not None:
            since = None if self.state(self.stable).ready > 0 else self.stable.down_since or self.now
            self.stable = self.stable.with_changes(down_since=since)

    def change_candidate(self, **changes: object) -> None:
        """Replace fields of the candidate slot."""
        assert self.candidate is not None
        self.candidate = self.candidate.with_changes(**changes)

    def set_weight(self, weight: int, why: str) -> None:
        """Give the candidate another share; time and evidence count anew once the gateway has accepted it."""
        assert self.candidate is not None
        before = self.candidate.weight
        self.change_candidate(weight=weight, weight_since=None)
        note = self.tell if weight > before else self.tell_warning
        note("WeightChanged", f"{self.candidate.revision}: {before} % to {weight} %, {why}")


def _changed(new: ModelRevisionSpec, old: ModelRevisionSpec) -> str:
    words = changes_beside_image(new, old)
    return f"; {'changed' if new.image == old.image else 'also changed'}: {words}" if words else ""

"""The trials that are on: pods read twice a second, their counters folded into evidence, evidence put before the judge.

What the judge knows of a version is kept in memory between two writes, and goes into the status of its ModelRevision
together with the counters that it was taken from: whoever comes after a crash counts on from there, and nothing twice.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tandem.api.objects import ModelDeployment
from tandem.api.status import ModelDeploymentStatus
from tandem.cluster.cache import Key
from tandem.controller.exhibits import (
    Subject,
    after_look,
    begin,
    objective_seconds,
    settings_of,
    stable_is_asked,
    subject_of,
)
from tandem.controller.history import Histories
from tandem.controller.left_out import asked_as_versions, lag_of
from tandem.controller.reader import BLIND_TIMES, Reader
from tandem.controller.restored import Restored, restore
from tandem.controller.targets import targets_of, with_ready_pod
from tandem.controller.trial import Trial
from tandem.judge import Verdict
from tandem.rollout.objectives import granted
from tandem.rollout.observation import Observation, RevisionState, Trouble, Watched
from tandem.signals import Fold, drained
from tandem.signals.sources import Sources
from tandem.signals.tallies import GATEWAY_ERRORS

log = logging.getLogger(__name__)

PERSIST_EVERY: Final = 10.0
QUIET_SECONDS: Final = 5.0
"""A version is drained when nothing was in progress and nothing was answered for so long."""


@dataclass(frozen=True)
class Judged:
    """What the judge said, and why it could not say more."""

    verdict: Verdict | None = None
    trouble: Trouble | None = None


@dataclass(frozen=True)
class Kept:
    """What is to be written into a revision's status."""

    revision: str
    evidence: dict[str, Any]
    verdict: dict[str, Any] | None


class Trials:
    """Trials by ModelDeployment. ``enqueue`` has a key reconciled when its pods were read; ``clock`` is monotonic."""

    def __init__(
        self,
        sources: Sources,
        histories: Histories,
        enqueue: Callable[[Key], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sources = sources
        self._histories = histories
        self._enqueue = enqueue
        self._clock = clock
        self._trials: dict[Key, Trial] = {}

    def judge(
        self,
        key: Key,
        deployment: ModelDeployment,
        states: Mapping[str, RevisionState],
        asked: frozenset[str] = frozenset(),
    ) -> Judged:
        """Take in what was read since the last time, and return what the judge makes of it.

        ``asked``: uids of the pods that Tandem asks meanwhile; what they count is no evidence.
        """
        subject = subject_of(deployment)
        if subject is None and key not in self._trials:
            return Judged()
        trial = self._trial(key, deployment)
        # One moment for both: what was read before it may lack the last that Tandem asked, and is not the end of it.
        now = self._clock()
        trial.left_out.note(asked | asked_as_versions(deployment, states), lag_of(trial.reader.source), now)
        if subject is None:
            trial.exhibit = trial.verdict = None
        elif trial.exhibit is None or trial.exhibit.subject.other_than(subject):
            self._open(key, trial, subject, deployment, states)
        objectives = objective_seconds(deployment)
        counted = trial.fold(objectives, states.keys(), now)
        self._note_objectives(key, deployment, counted)
        if subject is None or trial.exhibit is None:
            return Judged()
        trial.exhibit = after_look(trial.exhibit, subject, deployment, counted.counts, counted.turned_away)
        with_tallies = trial.reader.trouble_with_tallies()
        unseen = {GATEWAY_ERRORS} if with_tallies is not None else set()
        verdict = trial.exhibit.verdict(settings_of(deployment, subject), unseen)
        trial.verdict = trial.if_seen(subject, verdict)
        return Judged(trial.verdict, trial.trouble_with_pods() or with_tallies or trial.trouble)

    def follow(self, key: Key, deployment: ModelDeployment, status: ModelDeploymentStatus, seen: Observation) -> None:
        """Read the pods that matter from now on: of the versions in a slot while one is tried, and of draining ones."""
        self._learn(key, deployment, status, seen)
        slots = {slot.revision for slot in (status.stable, status.candidate, status.fallback) if slot is not None}
        draining = {name for name, state in seen.revisions.items() if name not in slots and state.pods}
        candidate = status.candidate if status.stable is not None else None
        tried = candidate is not None and seen.revisions[candidate.revision].ready > 0
        wanted = draining | (slots if tried or status.fallback is not None else set())
        targets = tuple(targets_of(deployment, seen, wanted))
        if not targets:
            if status.candidate is None and status.fallback is None:
                self._end(key)
            return
        reader = self._trial(key, deployment).reader
        reader.follow(f"{key[0]}/{key[1]}", targets, self._sources.tallies(deployment))

    def _note_objectives(self, key: Key, deployment: ModelDeployment, counted: Fold) -> None:
        """Have stable's objectives looked at while something is tried, too, but for what Tandem itself asks it."""
        stable = deployment.status.stable
        if stable is not None and not stable_is_asked(deployment):
            edgeless = counted.missing_edges.get(stable.revision, ()) if stable.revision in counted.counts else None
            note = self._histories.objectives.note
            note(key, stable.revision, counted.counts.get(stable.revision, {}), edgeless)

    def _learn(self, key: Key, deployment: ModelDeployment, status: ModelDeploymentStatus, seen: Observation) -> None:
        """Have stable looked at now and then while it serves alone.

        Without a gateway nothing will be compared with it, but it may have objectives to keep.
        """
        theirs = seen.smoke.asked | asked_as_versions(deployment, seen.revisions)
        self._histories.leave_out(key, theirs, lag_of(deployment.spec.rollout.evidence.source))
        looked_at = deployment.spec.traffic.gateway is not None or granted(deployment)
        asked = status.stable is not None and status.stable.asked_since is not None
        if status.candidate is not None or status.fallback is not None or asked or not looked_at:
            self._histories.rest(key)
        elif status.stable is not None:
            name = status.stable.revision
            targets = targets_of(deployment, seen, {name})
            scraper = self._sources.scraper(key, deployment.spec.rollout.evidence.source)
            tallies = self._sources.tallies(deployment)
            self._histories.learn(key, name, scraper, targets, objective_seconds(deployment), tallies)

    def watched(self, key: Key, deployment: ModelDeployment) -> Watched | None:
        """Return what the version that serves has answered lately, to hold its objectives against."""
        return self._histories.objectives.seen(key, granted(deployment))

    def unread(self, key: Key, namespace: str, states: Mapping[str, RevisionState]) -> frozenset[str]:
        """Return the revisions with a ready pod whose counters have never been read."""
        trial = self._trials.get(key)
        return with_ready_pod(namespace, states, lambda pod: trial is None or not trial.reader.has_read(pod))

    def blind(self, key: Key, namespace: str, states: Mapping[str, RevisionState]) -> frozenset[str]:
        """Return the revisions with a ready pod that could not be read for some time.

        A Prometheus that cannot be read says nothing of the pods: their weight stays as it is.
        """
        trial = self._trials.get(key)
        if trial is None or trial.reader.source is not None:
            return frozenset()
        missed = trial.reader.missed
        return with_ready_pod(namespace, states, lambda pod: missed(pod) >= BLIND_TIMES)

    def drained(self, key: Key) -> frozenset[str]:
        """Return the revisions whose pods have had no request for some seconds."""
        trial = self._trials.get(key)
        if trial is None:
            return frozenset()
        pods: dict[str, list[str]] = {}
        for target in trial.reader.targets:
            pods.setdefault(target.revision, []).append(target.key)
        return frozenset(name for name, keys in pods.items() if drained(trial.ledger, keys, QUIET_SECONDS))

    def to_persist(self, key: Key, due: bool) -> Kept | None:
        """Return what is to be written now: always before a decision (``due``), otherwise every few seconds."""
        trial = self._trials.get(key)
        if trial is None or trial.exhibit is None:
            return None
        if not due and self._clock() - trial.persisted_at < PERSIST_EVERY:
            return None
        verdict = trial.verdict.to_dict() if trial.verdict is not None else None
        return Kept(trial.exhibit.subject.revision, trial.exhibit.to_dict(trial.ledger, trial.tallies), verdict)

    def persisted(self, key: Key) -> None:
        """Note that it was written."""
        self._trials[key].persisted_at = self._clock()

    def forget(self, key: Key) -> None:
        """Drop everything about a ModelDeployment that is gone."""
        self._end(key)
        self._histories.forget(key)
        self._sources.forget(key)

    def _trial(self, key: Key, deployment: ModelDeployment) -> Trial:
        """Return the trial of a ModelDeployment, begun if need be, and read from the source that its spec names."""
        source = deployment.spec.rollout.evidence.source
        trial = self._trials.get(key)
        if trial is not None and trial.reader.source == source:
            return trial
        reader = Reader(self._sources.scraper(key, source), source, lambda: self._enqueue(key))
        if trial is None:
            trial = self._trials[key] = Trial(reader)
        else:
            trial.read_by(reader)
        return trial

    def _end(self, key: Key) -> None:
        trial = self._trials.pop(key, None)
        if trial is not None:
            trial.reader.stop()

    def close(self) -> None:
        """End all trials; what was persisted is where the next operator goes on."""
        for key in list(self._trials):
            self._end(key)

    def _open(
        self,
        key: Key,
        trial: Trial,
        subject: Subject,
        deployment: ModelDeployment,
        states: Mapping[str, RevisionState],
    ) -> None:
        """Begin a trial, or go on with one that was on before a restart or before a promotion."""
        trial.trouble = None
        if trial.exhibit is not None and subject.continues(trial.exhibit.subject):
            trial.exhibit = trial.exhibit.promoted(subject, deployment)
            return
        found = Restored()
        if subject.revision in states:
            known = states[subject.revision].revision.status
            found = restore(known.evidence, subject, deployment, known.attempt)
        trial.trouble = found.trouble
        if found.exhibit is not None:
            trial.exhibit, trial.ledger = found.exhibit, found.ledger or trial.ledger
            trial.tallies = found.tallies or trial.tallies
            trial.behind = frozenset(trial.ledger.pods)
            log.info("evidence on %s goes on where it was", subject.revision)
        else:
            history = self._histories.of(key, subject.stable) if subject.stable is not None else None
            trial.exhibit = begin(subject, deployment, history)

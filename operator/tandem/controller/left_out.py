"""What pods count while Tandem itself asks them: nobody's evidence, until it can be told from their users' requests."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tandem.api.objects import ModelDeployment
from tandem.api.sources import EvidenceSource
from tandem.controller.exhibits import stable_is_asked
from tandem.rollout.observation import RevisionState
from tandem.signals import Fold, Ledger, PodSample
from tandem.signals.users import fold_users, still_asked

PROMETHEUS_LAG: Final = 60.0
"""Seconds after which what a pod has counted is in a Prometheus that scrapes it, too."""


def lag_of(source: EvidenceSource | None) -> float:
    """Return the seconds after which what a pod has counted can be read."""
    return PROMETHEUS_LAG if source is not None else 0.0


def asked_as_versions(deployment: ModelDeployment, states: Mapping[str, RevisionState]) -> frozenset[str]:
    """Return the uids of the pods of versions that Tandem asks all questions, and of stable where it is compared."""
    status = deployment.status
    if deployment.spec.quality is None:
        return frozenset()
    slots = [slot for slot in (status.candidate, status.stable) if slot is not None]
    names = {slot.revision for slot in slots if slot.asked_since is not None}
    if stable_is_asked(deployment) and status.stable is not None:
        names.add(status.stable.revision)
    return frozenset(pod.uid for name in names & states.keys() for pod in states[name].pods)


@dataclass(slots=True)
class LeftOut:
    """The pods (uids) that are asked, and until when what was asked of others may not be in their samples.

    It is in memory only: after a restart of the operator it is not known who was asked just before.
    """

    asked: frozenset[str] = frozenset()
    lag: float = 0.0
    _until: dict[str, float] = field(default_factory=dict)

    def note(self, asked: frozenset[str], lag: float, now: float) -> None:
        """Note who is asked from now on; those that were have been until now. ``lag``: see `lag_of`."""
        self._until |= dict.fromkeys(self.asked | asked, now + lag)
        self.asked, self.lag = asked, lag

    def forget_gone(self, there: Collection[str]) -> None:
        """Forget all pods but these."""
        self._until = {uid: until for uid, until in self._until.items() if uid in there}

    def fold(
        self,
        ledger: Ledger,
        samples: Sequence[PodSample],
        objectives: Mapping[str, float],
        present: set[str] | None,
        now: float,
    ) -> Fold:
        """Return what users' requests add to the evidence (see `fold_users`)."""
        self._until |= dict.fromkeys(self.asked, now + self.lag)
        folded = fold_users(ledger, samples, objectives, present, self._until)
        self._until = still_asked(self._until, samples, now)
        return folded

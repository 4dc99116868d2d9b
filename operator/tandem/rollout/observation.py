"""What is: the state of the cluster and the evidence, as one value, gathered before anything is decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from tandem.api.objects import ModelRevision
from tandem.api.revision import QualityReport, Smoke
from tandem.api.status import ReadinessFinding
from tandem.judge import Counts, Verdict

QUOTA_EXCEEDED: Final = "QuotaExceeded"
PODS_REFUSED: Final = frozenset({QUOTA_EXCEEDED, "PodsRefused"})
"""Reasons of a trouble that lies in making the pods at all."""


@dataclass(frozen=True)
class Trouble:
    """Something that keeps a version from working, said so that a person can act on it."""

    reason: str
    """One word, UpperCamelCase."""
    message: str
    """What is wrong, quoting the cluster's or the pod's own words, and what to do."""
    own_fault: bool = False
    """Whether the version itself is to blame (it exits, it cannot load) and not what surrounds it (quota, registry)."""


@dataclass(frozen=True)
class PodState:
    """One pod of a revision."""

    name: str
    uid: str
    ip: str | None
    ready: bool
    terminating: bool = False
    created: datetime | None = None
    ready_since: datetime | None = None
    restarts: int = 0
    last_exit: datetime | None = None
    failing_since: datetime | None = None
    """Since when its container has run, or tried to, without the pod being ready; None if it is, or has not begun."""
    image_id: str | None = None
    trouble: Trouble | None = None


@dataclass(frozen=True)
class QualityState:
    """What is known of the examination of a version: of the candidate before it gets requests, or of what serves."""

    revision: str
    inputs: str
    """Digest of all that the verdict depends on; empty while that cannot be told."""
    outcome: Literal["Passed", "Failed"] | None = None
    """The verdict that is on record in the revision's status; no other counts."""
    message: str = "not begun"
    """What came of it, or how far it is: in counts and names."""
    report: QualityReport | None = None
    """A verdict that is not on record yet."""
    trouble: str | None = None
    """Why it cannot be carried out, and what to do."""
    obsolete: tuple[str, ...] = ()
    """Pods of examinations that nobody waits for any more."""
    asked: tuple[str, ...] = ()
    """Uids of the pods that a verdict which is not on record yet is about."""


@dataclass(frozen=True)
class SmokeState:
    """What is known of the short questions to pods that came after their version's verdict."""

    able: frozenset[str] = frozenset()
    """Versions that have passed what is asked now, so that their later pods can be held to it."""
    on: str | None = None
    """The version whose pods are being asked, or have just been; no others are asked meanwhile."""
    report: Smoke | None = None
    """What came of it, of the pods that were asked this time, while it is not on record."""
    trouble: str | None = None
    """Why pods could not be asked."""
    asked: frozenset[str] = frozenset()
    """Uids of the pods that are asked now, beside their users."""
    obsolete: tuple[str, ...] = ()
    """Pods that asked and that nobody waits for any more."""


@dataclass(frozen=True)
class RevisionState:
    """One revision: its record, its Deployment and its pods."""

    revision: ModelRevision
    workload: bool
    """Its Deployment exists."""
    wanted: int
    """Pods that its Deployment asks for."""
    pods: tuple[PodState, ...] = ()
    trouble: Trouble | None = None
    """The first thing that keeps its pods from being ready, if any."""
    drained: bool = False
    """Its counters have been flat and nothing has been in progress for some seconds."""

    @property
    def name(self) -> str:
        """Name of the ModelRevision."""
        return self.revision.metadata.name

    @property
    def ready(self) -> int:
        """Pods that answer now."""
        return sum(1 for pod in self.pods if pod.ready and not pod.terminating)

    @property
    def within_reach(self) -> tuple["PodState", ...]:
        """Its ready pods that have an address."""
        return tuple(pod for pod in self.pods if pod.ready and not pod.terminating and pod.ip is not None)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where its ready pods are."""
        return tuple(pod.ip for pod in self.within_reach if pod.ip is not None)

    @property
    def images(self) -> frozenset[str]:
        """What its pods run, as their nodes report it."""
        return frozenset(pod.image_id for pod in self.pods if pod.image_id and not pod.terminating)


@dataclass(frozen=True)
class RouteState:
    """The live HTTPRoute."""

    weights: Mapping[str, int]
    accepted: bool
    """Every parent has accepted the generation that was written last, references resolved."""
    reason: str = ""
    message: str = ""
    as_declared: bool = True
    """Hosts, path, gateways and what else the spec declares of it are written; the weights are another question."""


@dataclass(frozen=True)
class Watched:
    """What stable has answered, by metric: in the last hour, and in its last five minutes.

    ``seconds``: for how long it has been watched; ``silent``: since it was last read. ``edgeless``: latency metrics
    that its histogram has no edge for.
    """

    revision: str
    hour: Mapping[str, Counts]
    lately: Mapping[str, Counts]
    seconds: float
    silent: float
    edgeless: tuple[str, ...] = ()


@dataclass(frozen=True)
class Observation:
    """Everything that a decision is made from, besides the object itself and the time."""

    revisions: Mapping[str, RevisionState]
    declared: str | None
    """Name of the revision that the spec declares; None if there is none yet."""
    route: RouteState | None = None
    service_target: str | None = None
    """Revision that the in-cluster Service points at."""
    verdict: Verdict | None = None
    """The judge's word on the candidate, or on stable while it is watched."""
    evidence_trouble: Trouble | None = None
    """Why evidence cannot be had, if it cannot."""
    unread: frozenset[str] = frozenset()
    """Revisions with a ready pod whose counters have never been read."""
    blind: frozenset[str] = frozenset()
    """Revisions with a ready pod whose counters could not be read for some time."""
    quality: QualityState | None = None
    """The examination that is on or was; None where spec.quality is not declared."""
    smoke: SmokeState = SmokeState()
    """The short questions to pods that came later."""
    blocked: Trouble | None = None
    """Why the declared version cannot become a revision (a ConfigMap is missing, the spec cannot be read)."""
    conflict: Trouble | None = None
    """An older object claims the same host and path."""
    watched: Watched | None = None
    """What the version that serves has answered lately; None while nobody has looked."""
    readiness: tuple[ReadinessFinding, ...] | None = None
    """Readiness checks that do not pass; None: they have not been looked at, and what was found last stands."""
    refusals: tuple[Trouble, ...] = field(default=())
    """What the API server refused when the last decision was carried out."""

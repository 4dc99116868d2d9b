"""What shall be: the outcome of a decision, as one value, before anything is done about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from tandem.api.revision import ModelRevisionStatus
from tandem.api.status import ModelDeploymentStatus
from tandem.manifests.examination import Examination
from tandem.manifests.smoke import SmokeTest

NOBODY: Final = ""
"""A target of the in-cluster Service that no pod has."""


@dataclass(frozen=True)
class Happening:
    """A transition worth a Kubernetes Event."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str


@dataclass(frozen=True)
class Desired:
    """The children as they shall be; what is not named is left alone."""

    new_revision: int | None
    """Number of the revision to make for the declared version, if it has none."""
    replicas: Mapping[str, int]
    """Pods per revision; a revision whose Deployment is missing gets one."""
    weights: Mapping[str, int] | None
    """Backends of the route, summing to 100, or none where nobody may serve; None: leave the route as it is."""
    service_target: str | None
    """Revision that the in-cluster Service points at, or ``NOBODY``; None: leave it as it is."""
    delete: tuple[str, ...] = ()
    """Revisions that are no longer kept."""
    examine: Examination | None = None
    """The examination that shall be on before the candidate gets requests."""
    smoke: SmokeTest | None = None
    """Later pods that shall be asked now."""
    dismiss: tuple[str, ...] = ()
    """Pods of examinations that nobody waits for any more."""
    weights_only: bool = False
    """The place that is declared is another model's: a route that exists keeps its own."""
    nudge: tuple[str, ...] = ()
    """Revisions whose pods were refused (a quota): to be tried again soon, not after the long waits of a ReplicaSet."""


@dataclass(frozen=True)
class Decision:
    """Status to write first, children to bring about after it, events to tell of it."""

    status: ModelDeploymentStatus
    revisions: Mapping[str, ModelRevisionStatus]
    desired: Desired
    happenings: tuple[Happening, ...]
    wake_after: float | None
    """Seconds until time alone changes the decision; None: only a change in the cluster does."""

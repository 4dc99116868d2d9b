"""What was read of a model, as one value: everything that a person is told is worked out from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tandem.api.objects import ModelDeployment, ModelRevision
from tandem.rollout.observation import Observation, RevisionState


@dataclass(frozen=True)
class LastChange:
    """The last change of a spec, as ``metadata.managedFields`` tells: by which program, not by whom."""

    manager: str
    at: datetime
    operation: str


@dataclass(frozen=True)
class Told:
    """A Kubernetes Event about a model or one of its revisions; the API server keeps them for an hour by default."""

    at: datetime
    about: str
    reason: str
    message: str
    warning: bool = False
    count: int = 1


@dataclass(frozen=True)
class Seen:
    """A model with all that belongs to it, as it was read at one time."""

    deployment: ModelDeployment
    states: Mapping[str, RevisionState]
    """State of each revision by name."""
    last_change: LastChange | None = None
    events: tuple[Told, ...] = ()
    unread: tuple[str, ...] = ()
    """What could not be read, each with the right that is missing."""
    pods_read: bool = True
    """Whether the pods could be read; if not, the numbers are those that the operator wrote down."""
    flags: str = ""
    """Options that lead to this very cluster; commands to copy repeat them."""

    @property
    def name(self) -> str:
        """Name of the ModelDeployment."""
        return self.deployment.metadata.name

    @property
    def namespace(self) -> str:
        """Namespace of the ModelDeployment."""
        return self.deployment.metadata.namespace

    @property
    def newest(self) -> str | None:
        """Name of the newest revision, if there is any."""
        found = max(self.states.values(), key=lambda state: state.revision.spec.number, default=None)
        return found.name if found is not None else None

    def revision(self, name: str | None) -> ModelRevision | None:
        """Return a revision, None where it is not kept."""
        state = self.states.get(name or "")
        return state.revision if state is not None else None

    def ready(self, state: RevisionState) -> int:
        """Return how many pods of a revision are ready, as far as is known."""
        return state.ready if self.pods_read else state.revision.status.ready_replicas or 0

    def observation(self) -> Observation:
        """Return it as the operator's own rules take it. What was sent back is what the spec declares."""
        rejected = self.deployment.status.rejected
        return Observation(revisions=self.states, declared=rejected.revision if rejected else None)

"""The account of a model that a person gets, and a machine reads: its JSON keys are stable within a format."""

from typing import Any, Final, Literal

from pydantic import Field

from tandem.account.remedies import Side
from tandem.api.base import ApiModel
from tandem.api.spec import Consumer
from tandem.api.status import Time, WaitingFor

FORMAT: Final = 1
Role = Literal["serves", "tried", "fallback", "sent back"]


class Subject(ApiModel):
    """The model itself."""

    name: str
    namespace: str
    purpose: str | None = None
    tier: str
    phase: str
    url: str | None = None
    cluster_url: str | None = None
    being_deleted: bool = False


class Slot(ApiModel):
    """A version that has a part to play, and how it stands."""

    role: Role
    revision: str
    image: str | None = None
    weight: int | None = Field(None, description="Percent of requests, as the live route says.")
    ready: int | None = None
    wanted: int | None = None
    since: Time | None = None
    remark: str | None = Field(None, description="What else is to be said: its step, its attempt, until when.")


class PodTold(ApiModel):
    """A pod."""

    name: str
    ready: bool
    restarts: int = 0
    ending: bool = False
    since: Time | None = Field(None, description="Since when it is ready, or has existed.")
    reason: str | None = Field(None, description="One word: what keeps it from being ready.")
    message: str | None = Field(None, description="The cluster's or the pod's own words.")


class RevisionTold(ApiModel):
    """A revision that is kept."""

    name: str
    number: int
    image: str
    phase: str | None = None
    reason: str | None = None
    message: str | None = None
    since: Time | None = None
    attempts: int = 0
    weight: int | None = None
    ready: int = 0
    wanted: int = 0
    pods: list[PodTold] = []


class Counted(ApiModel):
    """What was counted of a version, and between which bounds its true rate lies."""

    revision: str
    requests: int
    bad: int
    rate: float
    low: float
    high: float


class EvidenceTold(ApiModel):
    """The judge's last word."""

    revision: str
    verdict: str
    metric: str
    sentence: str
    counted: list[Counted] = Field([], description="The judged version first, then what it was compared with.")


class Amiss(ApiModel):
    """Something that is not as it should be."""

    type: str
    reason: str
    message: str
    since: Time | None = None
    side: Side
    remedy: str | None = None


class FindingTold(ApiModel):
    """A readiness check that the declaration does not pass; nobody is called at night for it."""

    check: str
    severity: Literal["Error", "Warning", "Info"]
    side: Literal["DataScience", "Engineering", "Both"]
    message: str
    fix: str


class ChangesTold(ApiModel):
    """What a version changes against the one it would replace, or has replaced."""

    revision: str
    against: str
    lines: list[str]


class SpecChange(ApiModel):
    """The last change of the spec: the program that made it, as the API server noted. Not the person."""

    manager: str
    operation: str
    at: Time


class NextStep(ApiModel):
    """An order that makes sense now."""

    verb: str
    revision: str
    effect: str
    caution: str | None = None
    command: str
    kubectl: str


class Contact(ApiModel):
    """An owner."""

    side: Side
    team: str
    contact: str
    because: str | None = Field(None, description="Why this one is to be called first, if anything is wrong.")


class Account(ApiModel):
    """Everything that a person who is called at night wants to know of a model."""

    model: Subject
    slots: list[Slot]
    waiting_for: WaitingFor | None = None
    frozen_by: str | None = None
    amiss: list[Amiss] = []
    findings: list[FindingTold] = Field([], description="Readiness checks that do not pass and are not waived.")
    evidence: EvidenceTold | None = None
    revisions: list[RevisionTold] = []
    changes: ChangesTold | None = None
    last_change: SpecChange | None = None
    next: list[NextStep] = []
    look: list[str] = Field([], description="Commands that show more, and change nothing.")
    page: list[Contact] = Field([], description="Owners, whom to call first first.")
    runbook: str | None = None
    fallback: str | None = None
    consumers: list[Consumer] = []
    unread: list[str] = Field([], description="What could not be read, and which right is missing.")

    def document(self) -> dict[str, Any]:
        """Return it as JSON values, with the number of their format."""
        return {"format": FORMAT, **self.to_dict()}

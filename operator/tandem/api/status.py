"""What Tandem answers: the status of a ModelDeployment, the one home of the truth about its slots."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, PlainSerializer

from tandem.api.base import ApiModel
from tandem.api.contract import Contract, WeakenedTerm
from tandem.api.marks import list_map


def _rfc3339(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


Time = Annotated[datetime, PlainSerializer(_rfc3339, return_type=str)]
"""A moment, in UTC, written with whole seconds as Kubernetes does."""


class Condition(ApiModel):
    """A standard Kubernetes condition."""

    type: str = Field(max_length=63, description="What the condition is about.")
    status: Literal["True", "False", "Unknown"] = Field(description="Whether it holds.")
    reason: str = Field(max_length=128, description="One word for a machine: why.")
    message: str = Field(max_length=4096, description="One sentence for a person: why, in numbers, and what to do.")
    last_transition_time: Time = Field(description="When the status last changed.")
    observed_generation: int = Field(description="Generation of the object that this speaks of.")


class StableSlot(ApiModel):
    """The version that serves."""

    revision: str = Field(description="Name of its ModelRevision.")
    since: Time = Field(description="When it became stable.")
    watch_until: Time | None = Field(
        None, description="Until when its predecessor is ready to take over again by itself."
    )
    down_since: Time | None = Field(None, description="Since when none of its pods has been ready.")
    without_evidence: str | None = Field(
        None, description="Why it was promoted without evidence in its favour, if it was."
    )
    restarts_before: dict[str, int] | None = Field(
        None, description="Container restarts of its pods before its promotion; they do not count while it is watched."
    )
    contract: Contract | None = Field(
        None, description="What it is held to: what was declared when it served alone last."
    )
    accepted: list[str] | None = Field(
        None, description="Hashes of what a person let it promise less than its predecessor did; for the watch window."
    )
    asked_since: Time | None = Field(
        None,
        description="Since when it is asked the questions of spec.quality anew; what is counted then is no evidence.",
    )


class CandidateSlot(ApiModel):
    """The version that is being tried."""

    revision: str = Field(description="Name of its ModelRevision.")
    attempt: int = Field(description="Which attempt of this revision; evidence starts afresh with each.")
    since: Time = Field(description="When the attempt began.")
    step: int = Field(
        0,
        description="Index into rollout.steps of the step it is at or getting ready for; past the last: everything.",
    )
    weight: int = Field(0, description="Percent of requests that the route is to give it.")
    weight_since: Time | None = Field(
        None, description="When the gateway had accepted this weight; hold times count from here."
    )
    asked_since: Time | None = Field(
        None,
        description="Since when it is asked the questions of spec.quality; what is counted meanwhile is no evidence.",
    )
    judged_since: Time | None = Field(
        None,
        description="When it first got requests, or a person last resumed it; evidence.maxDuration counts from here.",
    )
    size: int = Field(
        description="Pods of stable when the rollout began; stable keeps that many, the candidate needs them for 100 %."
    )
    paused: bool = Field(False, description="A person paused it: it keeps its weight, and can still be sent back.")
    promoted_by: str | None = Field(
        None, description="Id of the Promote decision that lets it pass without further evidence."
    )
    restore: bool = Field(
        False,
        description="A return to an earlier version on a person's order: full size first, then everything at once.",
    )
    shortfall_since: Time | None = Field(
        None, description="Since when its ready pods carry less than its step's weight."
    )
    without_evidence: str | None = Field(
        None, description="Why it passed a step without evidence in its favour, if it did."
    )
    restarts_before: dict[str, int] | None = Field(
        None, description="Container restarts of its pods before this attempt; they do not count against it."
    )
    accepted: list[str] | None = Field(
        None, description="Hashes of what a person lets it promise less than stable does, by Accept or Promote."
    )

    @property
    def has_had_requests(self) -> bool:
        """Whether it has had requests in this attempt, or is to have some."""
        return self.weight > 0 or self.judged_since is not None


class FallbackSlot(ApiModel):
    """The previous version, at full size, ready to take over."""

    revision: str = Field(description="Name of its ModelRevision.")
    size: int = Field(description="Pods that it keeps.")
    contract: Contract | None = Field(
        None, description="What it was held to; its successor is held to it too while it is watched."
    )


class RejectedVersion(ApiModel):
    """The declared version, if it was sent back; remembered for as long as it is what the spec declares."""

    revision: str = Field(description="Name of its ModelRevision.")
    attempt: str | None = Field(
        None, description="spec.rollout.attempt when it was sent back; another string tries again."
    )
    reason: str = Field(description="One word: why.")
    message: str = Field(description="Why, in numbers.")
    at: Time = Field(description="When.")


class TrafficShare(ApiModel):
    """What share of requests a revision gets, as the live route says."""

    revision: str = Field(description="Name of the ModelRevision.")
    weight: int = Field(description="Percent of requests.")


class ActedDecision(ApiModel):
    """An order of a person that was acted on; recorded with the slots, so that no crash makes it act twice."""

    revision: str = Field(description="Name of the ModelRevision.")
    id: str = Field(description="Id of the decision.")
    verb: str = Field(description="Its verb.")
    result: str = Field(description="What Tandem did, or why it did nothing.")
    at: Time = Field(description="When.")


class WaitingFor(ApiModel):
    """Who or what the rollout waits for."""

    what: str = Field(description="Who or what.")
    since: Time = Field(description="Since when.")


class ReadinessFinding(ApiModel):
    """A readiness check that fails, or of which nobody can tell; docs/readiness.md explains each."""

    check: str = Field(description="Id of the check.")
    outcome: Literal["Fail", "Unknown"] = Field(description="Fail, or Unknown where it cannot be found out.")
    severity: Literal["Error", "Warning", "Info"] = Field(description="How much it weighs at this tier.")
    side: Literal["DataScience", "Engineering", "Both"] = Field(description="Who can put it right.")
    message: str = Field(max_length=400, description="What is wrong, in numbers.")
    fix: str = Field(max_length=400, description="What to do.")
    waived_until: str | None = Field(None, description="Last day of the waiver that holds for it.")


class ModelDeploymentStatus(ApiModel):
    """State of a ModelDeployment."""

    observed_generation: int | None = Field(None, description="Generation of the spec that this status speaks of.")
    phase: str | None = Field(
        None,
        description="One word: Starting, RollingOut, Promoting, Watching, Serving, Paused, RolledBack, Degraded, ...",
    )
    stable: StableSlot | None = Field(None, description="The version that serves.")
    candidate: CandidateSlot | None = Field(None, description="The version that is being tried.")
    fallback: FallbackSlot | None = Field(None, description="The previous version, ready to take over.")
    rejected: RejectedVersion | None = Field(None, description="The declared version, if it was sent back.")
    frozen_by: str | None = Field(None, description="Id of the Freeze decision that keeps new versions from starting.")
    decisions: list[ActedDecision] | None = Field(
        None, description="The last order of a person per revision.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["revision"]},
    )  # fmt: skip
    last_revision: int = Field(0, description="Highest revision number given so far.")
    ready_replicas: int | None = Field(None, description="Ready pods of the stable version.")
    traffic: list[TrafficShare] | None = Field(None, description="Shares of requests, as the live route says.")
    url: str | None = Field(None, description="Address through the gateway.")
    cluster_url: str | None = Field(None, description="Address inside the cluster.")
    waiting_for: WaitingFor | None = Field(None, description="Who or what the rollout waits for.")
    readiness: list[ReadinessFinding] | None = Field(
        None, description="Readiness checks that do not pass, what weighs most first; they hold up nothing that runs.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["check"]},
    )  # fmt: skip
    weakened: list[WeakenedTerm] | None = Field(
        None,
        description="What the declared version promises less than its predecessor, and nobody has accepted yet.",
        json_schema_extra=list_map("hash"),
    )
    conditions: list[Condition] | None = Field(
        None, description="Available, Ready, Reconciling, Stalled and what else needs saying.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    )  # fmt: skip

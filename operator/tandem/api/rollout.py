"""spec.rollout and spec.rollback: how a new version is tried, and what sends it back."""

from typing import Annotated, Literal

from pydantic import Field

from tandem.api.base import ApiModel
from tandem.api.marks import SET, list_map, rules
from tandem.api.metrics import JudgedMetric
from tandem.api.sources import EvidenceSource, GatewayEvidence
from tandem.api.values import Duration, PositivePercent, matching

Pace = Literal["Evidence", "Time"]
WhenUndecided = Literal["Hold", "Promote", "RollBack"]
WeakeningHash = Annotated[
    str,
    matching(
        r"^w[0-9a-f]{11}$", 12, "name a difference by the hash that status.weakened gives it, such as w3f9a0c21d4e"
    ),
]


class Step(ApiModel):
    """One step of a canary."""

    weight: int = Field(ge=1, le=100, description="Percent of requests that the candidate gets.")
    hold: Duration = Field(
        "30s", description="Shortest time at this weight, counted from when the gateway has accepted it."
    )


class EvidenceSettings(ApiModel):
    """How sure the judge must be, and how long it may take."""

    model_config = {
        "json_schema_extra": rules(
            (
                "!has(self.whenUndecided) || self.whenUndecided == 'Hold' || has(self.maxDuration)",
                "whenUndecided speaks of what comes after maxDuration: give that too, such as 2h",
            ),
            (
                "!has(self.metrics) || has(self.source) || self.metrics.all(m, !has(m.query))",
                "a metric's query is asked of a Prometheus: name it in source.prometheus",
            ),
        )
    }
    false_rollback: PositivePercent = Field(
        "1%",
        description=(
            "Largest probability that a version that is as good as stable is sent back, over the whole rollout."
        ),
    )
    budget: PositivePercent = Field(
        "0.5%",
        description="Bad responses a rollout may add, as a share of all traffic. Smaller needs more requests per step.",
    )
    max_duration: Duration | None = Field(
        None,
        description=(
            "How long evidence may take, from when the candidate first gets requests; a Resume begins it anew. "
            "Absent: as long as it takes."
        ),
    )
    when_undecided: WhenUndecided = Field(
        "Hold",
        description=(
            "What becomes of a candidate that evidence has not settled in maxDuration. Hold: it stays at its weight, "
            "and a person decides. Promote: it passes without evidence, unless it is suspicious or cannot be seen. "
            "RollBack: it is sent back."
        ),
    )
    metrics: list[JudgedMetric] | None = Field(
        None,
        max_length=8,
        json_schema_extra=list_map("name"),
        description=(
            "Counters of your own that a version is judged by, besides errors and latency: it must not be bad by any "
            "of them more often than stable."
        ),
    )
    source: EvidenceSource | None = Field(
        None, description="Where the evidence is read, if not from the pods themselves."
    )
    gateway: GatewayEvidence | None = Field(
        None,
        description=(
            "Read what the gateway counts too, and judge by it under the name gateway-errors: requests to a pod that "
            "ended in a 5xx at the gateway, such as 502, 503 or 504, which the pod itself does not see."
        ),
    )


class Rollout(ApiModel):
    """How a new version is tried."""

    pace: Pace = Field(
        "Evidence",
        description=(
            "What ends a step once its hold time is over. Evidence: that the candidate is good enough. Time: nothing "
            "more; evidence can only stop it."
        ),
    )
    steps: list[Step] = Field(
        [Step(weight=10), Step(weight=50)],
        max_length=20,
        description="Weights in rising order. After the last step the candidate gets everything, and is promoted.",
        json_schema_extra=rules(
            (
                "self.all(a, self.exists_one(b, b.weight == a.weight))",
                "each weight may appear once: remove the repeated step",
            ),
            ("self.map(s, s.weight).isSorted()", "weights must rise from step to step: put the steps in rising order"),
        ),
    )
    evidence: EvidenceSettings = Field(EvidenceSettings(), description="How sure the judge must be.")
    watch: Duration = Field(
        "10m",
        description=(
            "After promotion the previous version stays at full size for this long, "
            "and takes over again if the new one is bad."
        ),
    )
    accept_weakening: list[WeakeningHash] | None = Field(
        None,
        max_length=100,
        json_schema_extra=SET,
        description=(
            "Hashes of differences that ContractWeakened names and that are meant: the version is then held to what is "
            "declared. The way to accept from Git; by hand it is the decision Accept."
        ),
    )
    attempt: str | None = Field(
        None, max_length=64, description="Any new string tries a rejected version again: the way to retry from Git."
    )


class Rollback(ApiModel):
    """What sends a version back."""

    automatic: bool = Field(
        True,
        description="Send a bad version back without asking. If false, it is held at its weight and a person decides.",
    )
    keep_revisions: int = Field(3, ge=1, le=20, description="Revisions kept, scaled to zero, to go back to.")

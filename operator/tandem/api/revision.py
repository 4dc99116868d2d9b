"""ModelRevision: one declared version of what decides a model's behaviour, with its rendered pods, immutable."""

from typing import Any, Literal

from pydantic import Field, JsonValue

from tandem.api.base import ApiModel
from tandem.api.marks import ANY_OBJECT, rules
from tandem.api.status import Time

Verb = Literal["Promote", "Abort", "Retry", "Pause", "Resume", "Rollback", "Freeze", "Accept"]
RevisionPhase = Literal["Candidate", "Serving", "Fallback", "Superseded", "Rejected", "Retired"]


class PersonDecision(ApiModel):
    """A person's order about this revision, acted on once per id."""

    verb: Verb = Field(
        description=(
            "Promote: pass without further evidence. Abort: send the candidate back. "
            "Retry: try a rejected version again. Pause / Resume: stay at this weight / go on. "
            "Rollback: leave this stable version for the last good one before it. "
            "Freeze: start no new version until Resume. "
            "Accept: it may promise less than its predecessor, as ContractWeakened lists it; it is still judged."
        )
    )
    id: str = Field(
        min_length=1, max_length=64, description="Any new string; an id that was acted on is not acted on again."
    )


class ModelRevisionSpec(ApiModel):
    """The declared version and its rendering. Immutable but for decision."""

    model_config = {
        "json_schema_extra": rules(
            *(
                (
                    f"self.{field} == oldSelf.{field}",
                    f"a revision's {field} never changes: change the ModelDeployment, and Tandem makes a new revision",
                )
                for field in ("number", "image", "declared", "defaulted", "configs", "template", "renderer")
            )
        )
    }
    number: int = Field(ge=1, description="Number of the revision, counted from 1.")
    image: str = Field(max_length=512, description="The bento's image.")
    declared: str = Field(
        max_length=262144, description="What decides behaviour, as declared, with defaults filled in (YAML)."
    )
    defaulted: list[str] = Field(
        [], max_length=64, description="Fields of declared that the author left to Tandem's defaults of that time."
    )
    configs: str = Field(
        "{}",
        max_length=524288,
        description="Content of the ConfigMaps when the revision was made: object name to keys (YAML).",
    )
    template: str = Field(max_length=262144, description="The complete pod template (YAML); never rendered again.")
    renderer: str = Field(max_length=32, description="Version of the renderer that made the template.")
    decision: PersonDecision | None = Field(None, description="A person's order: patch it here, Git does not own it.")


class ObservedDecision(ApiModel):
    """The last order of a person, and what came of it."""

    verb: str = Field(description="The verb.")
    id: str = Field(description="Its id.")
    result: str = Field(description="What Tandem did, or why it did nothing.")
    at: Time = Field(description="When.")


class QualityFinding(ApiModel):
    """A question that did not come out well, by name."""

    name: str = Field(max_length=200, description="Name of the case, or of the figure and group.")
    outcome: str = Field(max_length=20, description="Missed, or TooFew: too few rows to tell, which stops nobody.")
    why: str = Field(max_length=400, description="Why, in names, pointers and figures; never out of a row or answer.")


class QualityGate(ApiModel):
    """One gate's questions."""

    name: str = Field(max_length=40, description="interface, edgeCases, slices, compare or deterministic.")
    met: int = Field(description="Questions that came out well.")
    missed: int = Field(description="Questions that did not.")
    too_few: int = Field(description="Questions for which there are too few rows to tell.")
    findings: list[QualityFinding] | None = Field(
        None, max_length=20, description="Those that did not come out well, the first of them."
    )


class QualityCases(ApiModel):
    """Where what was asked, expected and got is kept, of what was missed."""

    secret: str | None = Field(
        None, max_length=253, description="Secret of the same namespace that holds it; `tandem cases` prints it."
    )
    kept: int | None = Field(None, description="How many of those missed are in it.")
    left_out: int | None = Field(None, description="How many are not: it is bounded.")
    trouble: str | None = Field(
        None, max_length=400, description="Why there is no such Secret, though there was to be."
    )


class QualityReport(ApiModel):
    """What came of the questions of spec.quality."""

    inputs: str = Field(
        max_length=80,
        description="Digest of what it depends on: questions, rows, and who serves where that is asked too.",
    )
    questions: str | None = Field(
        None, max_length=80, description="The same without who serves: what a version that serves is held to."
    )
    attempt: int = Field(description="Attempt at which it was asked; what failed is asked again at the next.")
    outcome: Literal["Passed", "Failed"] = Field(description="Passed or Failed.")
    message: str = Field(max_length=1024, description="The same in a sentence.")
    at: Time = Field(description="When the last answer was in.")
    asked: int = Field(description="Requests that it took.")
    gates: list[QualityGate] = Field(max_length=8, description="Counts and names by gate.")
    cases: QualityCases | None = Field(
        None, description="Where request, expectation and answer are of what was missed; absent where none is kept."
    )


class MissedPod(ApiModel):
    """A pod that does not answer as its version did when it was asked before its first request."""

    uid: str = Field(max_length=64, description="Its uid: a pod that takes its place is another one.")
    name: str = Field(max_length=253, description="Its name.")
    why: str = Field(max_length=400, description="Why, in names, pointers and figures; never out of a row or answer.")


class Smoke(ApiModel):
    """Which pods were asked questions of spec.quality: with the version, or shortly when they came later."""

    attempt: int = Field(description="Attempt at which they were asked.")
    at: Time = Field(description="When the last answer was in.")
    pods: list[str] | None = Field(None, max_length=1000, description="Uids of those that answered as they should.")
    missed: list[MissedPod] | None = Field(None, max_length=20, description="Those that did not.")


class ModelRevisionStatus(ApiModel):
    """Derived record of a revision: the slots are in the ModelDeployment."""

    phase: RevisionPhase | None = Field(
        None, description="Candidate, Serving, Fallback, Superseded, Rejected or Retired."
    )
    reason: str | None = Field(None, description="One word: why it is in this phase.")
    message: str | None = Field(None, description="Why, in numbers.")
    since: Time | None = Field(None, description="When it entered this phase.")
    attempt: int = Field(0, description="Attempts so far.")
    served: bool = Field(False, description="It was promoted once: it may be gone back to.")
    last_served: Time | None = Field(
        None, description="When it last left off serving; of those that served, the last one is gone back to."
    )
    weight: int | None = Field(None, description="Percent of requests, as the live route says.")
    replicas: int | None = Field(None, description="Pods wanted.")
    ready_replicas: int | None = Field(None, description="Pods ready.")
    image_ids: list[str] | None = Field(None, description="Digests that its pods really ran, in order of first sight.")
    observed_decision: ObservedDecision | None = Field(
        None, description="The last order of a person and what came of it."
    )
    quality: QualityReport | None = Field(None, description="What its answers were worth before it got requests.")
    smoke: Smoke | None = Field(None, description="Which of its pods were asked, and what the later ones answered.")
    evidence: dict[str, JsonValue] | None = Field(
        None,
        description="Evidence and the counters that it was taken from, so that a restart goes on.",
        json_schema_extra=ANY_OBJECT,
    )
    verdict: dict[str, Any] | None = Field(
        None,
        description="The last verdict: metric, counts, rates, strength of the evidence, one sentence.",
        json_schema_extra=ANY_OBJECT,
    )

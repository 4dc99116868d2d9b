"""spec.quality: the questions that a new version has to answer before any user's request reaches it.

The rows themselves are no part of the object: they lie in ConfigMaps, in Secrets where they are personal data, or in
the bento's image, so that they travel with the model.
"""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from tandem.api.base import ApiModel
from tandem.api.marks import ANY_OBJECT, rules
from tandem.api.values import Duration, Folder, ObjectName, Percent, PositivePercent, UrlPath, matching

Metric = Literal["accuracy", "recall", "precision", "f1", "mae", "rmse"]

Pointer = Annotated[
    str,
    matching(
        r"^(/([^/~]|~0|~1)*)*$",
        256,
        "a JSON Pointer is empty (the whole answer) or begins with '/', such as /progression or /scores/0",
    ),
]
FieldName = Annotated[
    str,
    matching(r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", 100, "a field has letters, digits, '_', '-' and '.' only, such as sex"),
]

_HIGHER_IS_BETTER = "self.metric in ['accuracy', 'recall', 'precision', 'f1']"


class RowSource(ApiModel):
    """Where rows are kept: JSON lines, one row a line."""

    model_config = {
        "json_schema_extra": rules(
            (
                "[has(self.configMap), has(self.secret), has(self.path)].filter(given, given).size() == 1",
                "rows come from one place: configMap, secret or path",
            )
        )
    }
    config_map: ObjectName | None = Field(
        None, description="Name of a ConfigMap in the same namespace; the rows of all its keys are taken."
    )
    secret: ObjectName | None = Field(
        None, description="Name of a Secret in the same namespace, for rows that are personal data; the same."
    )
    path: Folder | None = Field(
        None, description="Absolute path of a file in the bento's image, such as /home/bentoml/bento/src/cases.jsonl."
    )


class EdgeCases(ApiModel):
    """Recorded requests whose answers are known: {"name": ..., "request": ..., "expect": ..., "must": true}."""

    rows: list[RowSource] = Field(min_length=1, max_length=16, description="Where the cases are kept.")
    share: Percent = Field(
        "100%", description="Share of the cases without `must` that have to be met. One with `must` always has to be."
    )


class SliceGate(ApiModel):
    """One measure of quality: of all rows, or of each group of them, so that none is served worse unseen."""

    model_config = {
        "json_schema_extra": rules(
            (
                "has(self.min) || has(self.max) || has(self.maxGap) || has(self.maxLossAgainstStable)",
                "say what is demanded: min or max, maxGap, maxLossAgainstStable",
            ),
            (
                f"{_HIGHER_IS_BETTER} ? !has(self.max) : !has(self.min)",
                "accuracy, recall, precision and f1 have a floor (min); mae and rmse, being errors, a ceiling (max)",
            ),
            ("has(self.field) || !has(self.maxGap)", "maxGap is between groups: name the field that makes them"),
            ("has(self.field) || !has(self.edges)", "edges cut a field into groups: name the field"),
        )
    }
    field: FieldName | None = Field(
        None,
        description=(
            "What makes the groups: a key of the row's `groups`, or else of its request, such as sex. "
            "Absent: all rows are one group."
        ),
    )
    edges: list[float] | None = Field(
        None,
        min_length=1,
        max_length=20,
        description="Cut a field of numbers, such as age, into groups at these values, in rising order.",
        json_schema_extra=rules(("self.isSorted()", "edges rise from one to the next: put them in order")),
    )
    metric: Metric = Field(description="How quality is measured.")
    min: float | None = Field(None, ge=0, le=1, description="Floor of accuracy, recall, precision or f1 in each group.")
    max: float | None = Field(None, ge=0, description="Ceiling of mae or rmse in each group.")
    max_gap: float | None = Field(None, ge=0, description="Largest difference between any two groups.")
    max_loss_against_stable: float | None = Field(
        None, ge=0, description="How much worse than the stable version it may be, in each group, on the same rows."
    )


class Slices(ApiModel):
    """Labelled rows, {"request": ..., "label": ..., "groups": {...}}, and what is demanded of the answers to them."""

    rows: list[RowSource] = Field(min_length=1, max_length=16, description="Where the labelled rows are kept.")
    answer: Pointer = Field(description="Where in the answer the prediction is, such as /progression.")
    threshold: float | None = Field(
        None, description="The prediction is a number, and positive from here on: labels are then true and false."
    )
    positive: JsonValue = Field(
        None,
        description="Label that counts as positive for recall, precision and f1. Absent: true.",
        json_schema_extra=ANY_OBJECT,
    )
    sureness: PositivePercent = Field(
        "99%",
        description=(
            "A gate fails only where it is this sure that the demand is missed: over all groups and gates together a "
            "version that meets them is refused at most in the rest of cases."
        ),
    )
    gates: list[SliceGate] = Field(min_length=1, max_length=20, description="What is demanded.")


class Compare(ApiModel):
    """The requests of all rows and cases, asked of stable too."""

    max_changed: Percent = Field(description="Largest share of answers that may differ from stable's.")
    answer: Pointer = Field("", description="What of the answer is compared. Default: all of it.")
    tolerance: float = Field(
        0, ge=0, description="Numbers that differ by no more than this count as the same. Default: 0."
    )


class Limits(ApiModel):
    """Bounds of what the questions may cost the pods that answer them."""

    rate: float = Field(50, ge=0.1, le=10_000, description="Most requests a second, all pods together.")
    timeout: Duration = Field("10s", description="Longest time to wait for one answer.")
    duration: Duration = Field("15m", description="Longest time for all of it.")


class Quality(ApiModel):
    """What a new version is asked before any user's request reaches it. Changing it starts no rollout."""

    path: UrlPath | None = Field(
        None,
        description="Route that is asked, for rows that name none. Absent: the only route of model.interface.",
    )
    edge_cases: EdgeCases | None = Field(None, description="Recorded requests whose answers are known.")
    slices: Slices | None = Field(None, description="Labelled rows: quality overall, by group, and against stable.")
    compare: Compare | None = Field(None, description="How far its answers may differ from those of stable.")
    deterministic: bool = Field(
        True, description="The same request always has the same answer, from every worker and pod. Tested if true."
    )
    limits: Limits = Field(Limits(), description="What the questions may cost.")
    report: Literal["Secret", "None"] = Field(
        "Secret",
        description=(
            "Secret: what was asked, expected and got where something was missed is kept in a Secret of this "
            "namespace, deleted with the version; `tandem cases` prints it. None: only counts and names are kept. "
            "The verdict is the same."
        ),
    )

    @property
    def asks_stable(self) -> bool:
        """Whether the version that serves is asked the same."""
        gates = self.slices.gates if self.slices is not None else []
        return self.compare is not None or any(gate.max_loss_against_stable is not None for gate in gates)

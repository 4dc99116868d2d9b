"""spec.rollout.evidence.metrics: pairs of counters that a version is judged by too."""

from typing import Annotated, Final

from pydantic import Field

from tandem.api.base import ApiModel
from tandem.api.marks import rules
from tandem.api.values import matching

MetricName = Annotated[
    str,
    matching(
        r"^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$",
        40,
        "a metric's name has at most 40 lower case letters, digits and '-', and begins with a letter, "
        "such as low-confidence",
        (
            "!(self in ['errors', 'turned-away', 'gateway-errors']) && !self.startsWith('latency-')",
            "errors, turned-away, gateway-errors and latency-... are judged by themselves: name your metric otherwise",
        ),
    ),
]
CounterName = Annotated[
    str,
    matching(
        r"^[a-zA-Z_:][a-zA-Z0-9_:]*$",
        200,
        "the name of a Prometheus counter has letters, digits, '_' and ':' only, such as predictions_total; "
        "labels have a field of their own",
    ),
]
LabelValue = Annotated[str, Field(max_length=200)]


class Counter(ApiModel):
    """A counter that the bento exposes."""

    counter: CounterName = Field(
        description="Name of a Prometheus counter on the bento's /metrics, with or without its _total."
    )
    labels: dict[str, LabelValue] | None = Field(
        None,
        max_length=8,
        description="Labels that a series must have to count; the others do not matter. All that have them are summed.",
    )


REVISION_VARIABLE: Final = r"\$revision\b"
"""What a query has in place of the name of the version that it is asked for."""

PromQL = Annotated[
    str,
    matching(
        REVISION_VARIABLE,
        2000,
        "a query says which version it is about: write $revision for the name of its ModelRevision, such as "
        'sum by (pod) (scored_total{namespace="payments", pod=~"$revision-.*"})',
    ),
]


class CounterQueries(ApiModel):
    """Two PromQL queries that give counters of one version: whole numbers that only grow."""

    model_config = {
        "json_schema_extra": rules(
            ("self.bad != self.total", "bad and total are the same query: all would be bad, and always")
        )
    }
    bad: PromQL = Field(
        description=(
            "Gives what went badly, with $revision for the version. The counters themselves, not rate() or increase(), "
            "and the same labels as `total`: best one series a pod."
        )
    )
    total: PromQL = Field(description="Gives all, good and bad, in the same way.")


class JudgedMetric(ApiModel):
    """A metric of the user's own: how often something went badly, of how many times."""

    model_config = {
        "json_schema_extra": rules(
            (
                "has(self.query) ? !has(self.bad) && !has(self.total) : has(self.bad) && has(self.total)",
                "a metric is counted by bad and total, or by query: give the two, or the one",
            ),
            (
                # Field by field: two objects are of two types to CEL, and cannot be compared.
                (
                    "!has(self.bad) || !has(self.total) || "
                    "self.bad.counter != self.total.counter || has(self.bad.labels) != has(self.total.labels)"
                    " || (has(self.bad.labels) && self.bad.labels != self.total.labels)"
                ),
                "bad and total are the same counter: all would be bad, and always",
            ),
        )
    }
    name: MetricName = Field(description="What it is called in status, events and messages.")
    bad: Counter | None = Field(
        None, description="Counts what went badly, on the bento's /metrics. Each of these is counted by `total` too."
    )
    total: Counter | None = Field(None, description="Counts all, good and bad, on the bento's /metrics.")
    query: CounterQueries | None = Field(
        None, description="Counted by queries to source.prometheus instead, for what the bento does not count itself."
    )

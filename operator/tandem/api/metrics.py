"""spec.rollout.evidence.metrics: pairs of the bento's own counters that a version is judged by too."""

from typing import Annotated

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


class JudgedMetric(ApiModel):
    """A metric of the user's own: how often something went badly, of how many times."""

    model_config = {
        "json_schema_extra": rules(
            (
                # Field by field: two objects are of two types to CEL, and cannot be compared.
                (
                    "self.bad.counter != self.total.counter || has(self.bad.labels) != has(self.total.labels)"
                    " || (has(self.bad.labels) && self.bad.labels != self.total.labels)"
                ),
                "bad and total are the same counter: all would be bad, and always",
            )
        )
    }
    name: MetricName = Field(description="What it is called in status, events and messages.")
    bad: Counter = Field(description="Counts what went badly. Each of these is counted by `total` too.")
    total: Counter = Field(description="Counts all, good and bad.")

"""spec.requirements: what production needs of the model."""

from pydantic import Field

from tandem.api.base import ApiModel
from tandem.api.marks import rules
from tandem.api.values import Duration, Percent


class Latency(ApiModel):
    """Latency objectives: the named share of requests is answered within the duration."""

    p50: Duration | None = Field(None, description="Half of all requests are answered within this.")
    p90: Duration | None = Field(None, description="90 % of all requests are answered within this.")
    p95: Duration | None = Field(None, description="95 % of all requests are answered within this.")
    p99: Duration | None = Field(None, description="99 % of all requests are answered within this.")


class Throughput(ApiModel):
    """Requests that production sends, so that pods and rollouts are planned for them."""

    model_config = {
        "json_schema_extra": rules(
            (
                "!has(self.peak) || !has(self.night) || double(self.night) <= double(self.peak)",
                "throughput.night is the quietest time and cannot be more than throughput.peak",
            )
        )
    }
    peak: float | None = Field(
        None, ge=0.001, le=1_000_000, description="Requests a second at the busiest time of a usual day."
    )
    night: float | None = Field(
        None, ge=0, le=1_000_000, description="Requests a second at the quietest time; rollouts take longest then."
    )


class Requirements(ApiModel):
    """What production needs of the model. The same objectives judge every new version."""

    latency: Latency | None = Field(None, description="Latency objectives; each needs a unit, such as 150ms.")
    availability: Percent | None = Field(
        None, description="Share of requests that must not fail with a server error, such as 99.9%."
    )
    throughput: Throughput | None = Field(
        None, description="How many requests it gets, by day and by night: pods and rollouts are planned for them."
    )
    max_age: Duration | None = Field(
        None, description="Longest time from model.trained until the model must have been trained anew, such as 180d."
    )

    @property
    def latency_objectives(self) -> dict[str, str]:
        """The latency objectives by name (p50, p90 ...), as people wrote them."""
        return self.latency.to_dict() if self.latency else {}

"""spec.requirements: what production needs of the model."""

from pydantic import Field

from tandem.api.base import ApiModel
from tandem.api.values import Duration, Percent


class Latency(ApiModel):
    """Latency objectives: the named share of requests is answered within the duration."""

    p50: Duration | None = Field(None, description="Half of all requests are answered within this.")
    p90: Duration | None = Field(None, description="90 % of all requests are answered within this.")
    p95: Duration | None = Field(None, description="95 % of all requests are answered within this.")
    p99: Duration | None = Field(None, description="99 % of all requests are answered within this.")


class Requirements(ApiModel):
    """What production needs of the model. The same objectives judge every new version."""

    latency: Latency | None = Field(None, description="Latency objectives; each needs a unit, such as 150ms.")
    availability: Percent | None = Field(
        None, description="Share of requests that must not fail with a server error, such as 99.9%."
    )

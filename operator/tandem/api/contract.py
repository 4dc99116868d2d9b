"""What a version was held to when it began to serve alone, as it is kept with its slot: bounded in size."""

from pydantic import Field

from tandem.api.base import ApiModel
from tandem.api.requirements import Requirements


class PromisedRoute(ApiModel):
    """A route that others call, as it was declared. A schema is JSON text without what is only said for readers.

    One that is too large to be kept is remembered by its digest, ``sha256:…``: that it changed is known, not how.
    """

    path: str = Field(description="Path of the route.")
    method: str = Field(description="Method that it is called with.")
    request: str | None = Field(
        None, description="JSON Schema of the request's body, without titles and descriptions; or its digest."
    )
    response: str | None = Field(
        None, description="JSON Schema of the answer's body, without titles and descriptions; or its digest."
    )


class PromisedDemand(ApiModel):
    """A demand of spec.quality on the answers of a new version."""

    term: str = Field(description="What is demanded, such as quality.slices recall by sex.")
    least: float | None = Field(None, description="The least that is granted.")
    most: float | None = Field(None, description="The most that is granted.")


class Contract(Requirements):
    """Requirements, and what else a version promises.

    What is absent was not declared, or was not known to the Tandem that wrote it.
    """

    consumers: list[str] | None = Field(None, description="Teams that call the model.")
    interface: list[PromisedRoute] | None = Field(None, description="Routes that others call.")
    quality: list[PromisedDemand] | None = Field(None, description="What its answers were asked for before requests.")
    automatic_rollback: bool | None = Field(None, description="A bad version is sent back without asking.")


class WeakenedTerm(ApiModel):
    """One difference that weakens what was promised."""

    hash: str = Field(description="Names this difference: rollout.acceptWeakening takes it.")
    term: str = Field(description="What was promised, such as latency.p99 or interface POST /predict.")
    difference: str = Field(description="What is weaker now.")

"""What people write: the spec of a ModelDeployment.

Everything under ``model`` and ``serving`` except ``replicas`` decides how a version behaves and is therefore part of
its revision. Those fields carry no schema default: a default that the API server wrote into the object would turn
every change of a default into a new revision of every model (see ``tandem.manifests.declared``).
"""

from pydantic import Field

from tandem.api.base import ApiModel
from tandem.api.marks import rules
from tandem.api.model import Model
from tandem.api.requirements import Requirements
from tandem.api.rollout import Rollback, Rollout
from tandem.api.serving import Serving
from tandem.api.traffic import Traffic


class Owner(ApiModel):
    """A team and how to reach it."""

    team: str = Field(min_length=1, max_length=100, description="Name of the team.")
    contact: str = Field(
        min_length=1, max_length=253, description="Where to reach the team at any hour: an address, a channel, a pager."
    )


class Owners(ApiModel):
    """Who answers for the model and who for running it; one team may be both."""

    model_config = {
        "json_schema_extra": rules(
            (
                "has(self.dataScience) || has(self.engineering)",
                "name at least one owner: owners.dataScience or owners.engineering",
            )
        )
    }
    data_science: Owner | None = Field(None, description="The team that made the model and answers for its answers.")
    engineering: Owner | None = Field(None, description="The team that runs it and is called when it fails.")


class ModelDeploymentSpec(ApiModel):
    """One model in production: what it is for, who owns it, what it needs, how it runs, how new versions are tried."""

    model_config = {
        "json_schema_extra": rules(
            (
                "!has(self.requirements.latency) || has(self.model.service)",
                (
                    "requirements.latency needs model.service: name the bento's service (its class), "
                    "so that its histogram gets an edge at each objective"
                ),
            )
        )
    }
    purpose: str | None = Field(None, max_length=500, description="What the model is for, in one sentence.")
    owners: Owners = Field(description="Who answers for the model and who for running it.")
    model: Model = Field(description="What data science hands over.")
    requirements: Requirements = Field(Requirements(), description="What production needs of it.")
    serving: Serving = Field(Serving(), description="How it is run.")
    rollout: Rollout = Field(Rollout(), description="How a new version is tried.")
    rollback: Rollback = Field(Rollback(), description="What sends a version back.")
    traffic: Traffic = Field(Traffic(), description="How requests reach it.")

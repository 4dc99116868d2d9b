"""What people write: the spec of a ModelDeployment.

Everything under ``model`` and ``serving``, except ``replicas`` and what is only said about a model, decides how a
version behaves and is therefore part of its revision. Those fields carry no schema default: a default that the API
server wrote into the object would turn every change of a default into a new revision of every model (see
``tandem.manifests.declared``).
"""

from typing import Annotated, Literal

from pydantic import Field

from tandem.api.base import ApiModel
from tandem.api.marks import list_map, rules
from tandem.api.model import Model
from tandem.api.quality import Quality
from tandem.api.requirements import Requirements
from tandem.api.rollout import Rollback, Rollout
from tandem.api.serving import Serving
from tandem.api.traffic import Traffic
from tandem.api.values import Date, Duration, ObjectName, Url, matching

Tier = Literal["Experiment", "Standard", "Critical"]


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


class Consumer(ApiModel):
    """Somebody whose software calls the model."""

    team: str = Field(min_length=1, max_length=100, description="Name of the team.")
    contact: str | None = Field(None, min_length=1, max_length=253, description="Where to reach the team.")
    timeout: Duration | None = Field(
        None, description="How long its software waits for an answer before it goes on without."
    )


class Waiver(ApiModel):
    """A readiness check that may fail for some time, and why."""

    check: Annotated[str, matching(r"^TDM[0-9]{3}$", 6, "a check is named by its id, such as TDM014")] = Field(
        description="Id of the readiness check."
    )
    reason: str = Field(min_length=1, max_length=500, description="Why it may fail, for those who review it.")
    until: Date = Field(description="Last day on which the waiver holds.")


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
            ),
            (
                "!has(self.rollout.evidence.gateway) || has(self.traffic.gateway)",
                "rollout.evidence.gateway reads what a gateway counts: declare traffic.gateway too",
            ),
        )
    }
    purpose: str | None = Field(None, max_length=500, description="What the model is for, in one sentence.")
    tier: Tier = Field(
        "Experiment",
        description=(
            "How much depends on it, and so which readiness checks bind. Experiment: an image and an owner suffice. "
            "Standard: what production needs must be said. Critical: everything, with a fallback and a runbook."
        ),
    )
    owners: Owners = Field(description="Who answers for the model and who for running it.")
    consumers: list[Consumer] | None = Field(
        None,
        max_length=50,
        json_schema_extra=list_map("team"),
        description="Who calls it: they are asked before its interface changes.",
    )
    runbook: Url | None = Field(None, description="What to do when it fails: a page for whoever is called at night.")
    fallback: str | None = Field(
        None, min_length=1, max_length=500, description="What callers do while the model does not answer."
    )
    review_by: Date | None = Field(None, description="Day until which both teams look at this declaration again.")
    model: Model = Field(description="What data science hands over.")
    requirements: Requirements = Field(Requirements(), description="What production needs of it.")
    serving: Serving = Field(Serving(), description="How it is run.")
    quality: Quality | None = Field(
        None, description="What a new version is asked before any user's request reaches it."
    )
    rollout: Rollout = Field(Rollout(), description="How a new version is tried.")
    rollback: Rollback = Field(Rollback(), description="What sends a version back.")
    traffic: Traffic = Field(Traffic(), description="How requests reach it.")
    profile: ObjectName | None = Field(
        None,
        description="Name of the ConfigMap, in the same namespace, that `tandem profile` wrote: what was measured.",
    )
    waivers: list[Waiver] | None = Field(
        None,
        max_length=50,
        json_schema_extra=list_map("check"),
        description="Readiness checks that may fail for some time.",
    )

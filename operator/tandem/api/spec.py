"""What people write: the spec of a ModelDeployment.

Everything under ``model`` and ``serving`` except ``replicas`` decides how a version behaves and is therefore part of
its revision. Those fields carry no schema default: a default that the API server wrote into the object would turn
every change of a default into a new revision of every model (see ``tandem.manifests.declared``).
"""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from tandem.api.base import ApiModel
from tandem.api.marks import ANY_OBJECT, SET, list_map, rules
from tandem.api.values import (
    Duration,
    Folder,
    Hostname,
    Namespace,
    ObjectName,
    Percent,
    PositivePercent,
    Quantity,
    RouteDuration,
    UrlPath,
    matching,
)


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


Word = Annotated[
    str,
    matching(r"^[A-Za-z_][A-Za-z0-9_]*$", 128, "use letters, digits and '_' only, and no digit at the start"),
]
Amounts = Annotated[
    dict[str, Quantity | int],
    Field(
        max_length=16,
        json_schema_extra=rules(
            (
                (
                    "self.all(name, type(self[name]) == int ? self[name] >= 0 : "
                    "isQuantity(self[name]) && !self[name].startsWith('-') && !self[name].startsWith('+'))"
                ),
                "an amount is a whole number or a string such as 500m (half a CPU) or 1Gi (memory)",
            )
        ),
    ),
]


class EnvVar(ApiModel):
    """An environment variable of the bento's container."""

    name: Word = Field(description="Name of the variable.")
    value: str = Field(max_length=8192, description="Its value, taken literally. Secrets belong in model.secrets.")


class ConfigRef(ApiModel):
    """A ConfigMap that belongs to the version: its content is copied when the revision is made."""

    config_map: ObjectName = Field(description="Name of a ConfigMap in the same namespace.")
    mount_path: Folder = Field(description="Folder in which its keys appear as files.")


class SecretRef(ApiModel):
    """A Secret, used live: rotating it is no release and starts no rollout."""

    model_config = {
        "json_schema_extra": rules(
            (
                "(has(self.env) && self.env) != has(self.mountPath)",
                "say how the secret is used: env: true (every key becomes a variable) or mountPath: /some/folder",
            )
        )
    }
    secret: ObjectName = Field(description="Name of a Secret in the same namespace.")
    env: bool | None = Field(None, description="Give every key as an environment variable.")
    mount_path: Folder | None = Field(None, description="Folder in which the keys appear as files.")


class Model(ApiModel):
    """What data science hands over: the bento's image and what it needs beside it."""

    model_config = {
        "json_schema_extra": rules(
            (
                (
                    "!has(self.config) || !has(self.secrets) || "
                    "self.config.all(c, self.secrets.all(s, !has(s.mountPath) || s.mountPath != c.mountPath))"
                ),
                "a folder holds one ConfigMap or one Secret: give each a mountPath of its own",
            )
        )
    }
    image: Annotated[
        str,
        matching(r"^[^\s]+$", 512, "an image is a name with a tag or digest, such as registry.example.com/fraud:2.1.0"),
    ] = Field(description="Image made by `bentoml containerize`. Prefer a tag that is never pushed again, or a digest.")
    service: Word | None = Field(
        None,
        description=(
            "Name of the bento's service (its class). "
            "Needed for latency objectives: the histogram edges are configured under this name."
        ),
    )
    env: list[EnvVar] | None = Field(
        None, max_length=100, description="Environment variables.", json_schema_extra=list_map("name")
    )
    config: list[ConfigRef] | None = Field(
        None,
        max_length=20,
        json_schema_extra=list_map("mountPath"),
        description="ConfigMaps that belong to the version: copied, so that they roll out and back with it.",
    )
    secrets: list[SecretRef] | None = Field(
        None,
        max_length=20,
        json_schema_extra=list_map("secret"),
        description="Secrets, used live: rotation starts no rollout.",
    )
    image_pull_secrets: list[ObjectName] | None = Field(
        None, max_length=10, description="Names of Secrets with registry credentials.", json_schema_extra=SET
    )


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


class Replicas(ApiModel):
    """How many pods serve the stable version."""

    min: int = Field(
        1, ge=1, le=1000, description="Pods of the version that serves. Changing it scales, and starts no rollout."
    )


class Resources(ApiModel):
    """Compute resources of one pod."""

    requests: Amounts | None = Field(None, description="What the scheduler reserves: cpu, memory, GPUs.")
    limits: Amounts | None = Field(None, description="What a pod may use at most.")


class WarmupRequest(ApiModel):
    """A request that a pod answers to itself before it counts as ready."""

    path: UrlPath = Field(description="Path of the bento's route, such as /predict.")
    body: JsonValue = Field(None, description="JSON body; the request is a POST. Without it a GET is sent.")


class Startup(ApiModel):
    """How a pod starts."""

    deadline: Duration | None = Field(
        None,
        description="Longest time from a pod's start until it is ready, loading and warm-up included. Default: 3m.",
    )
    warmup: list[WarmupRequest] | None = Field(
        None,
        max_length=16,
        description="Requests that each pod answers to itself before it gets traffic, restarts included.",
    )


class Toleration(ApiModel):
    """A pod toleration, as in Kubernetes."""

    key: str | None = Field(
        None, max_length=317, description="Taint key; empty with operator Exists tolerates everything."
    )
    operator: Literal["Exists", "Equal"] | None = Field(None, description="Exists or Equal. Default: Equal.")
    value: str | None = Field(None, max_length=63, description="Taint value.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(
        None, description="Taint effect; empty matches all effects."
    )
    toleration_seconds: int | None = Field(None, ge=0, description="With NoExecute: how long the pod may stay.")


class Serving(ApiModel):
    """How engineering runs it."""

    timeout: Duration | None = Field(
        None, description="The bento's own request timeout; grace periods follow from it. Default: 60s (BentoML's own)."
    )
    replicas: Replicas = Field(Replicas(), description="Number of pods.")
    resources: Resources | None = Field(None, description="Compute resources of one pod.")
    startup: Startup | None = Field(None, description="Deadline and warm-up.")
    read_only_root: bool | None = Field(
        None, description="Mount the image read-only; /tmp and BentoML's own folders stay writable. Default: true."
    )
    node_selector: dict[str, str] | None = Field(None, description="Labels that a node must have.")
    tolerations: list[Toleration] | None = Field(None, max_length=32, description="Taints that the pods tolerate.")
    affinity: dict[str, JsonValue] | None = Field(
        None, description="Pod affinity, as in a pod's spec.", json_schema_extra=ANY_OBJECT
    )
    topology_spread_constraints: list[dict[str, JsonValue]] | None = Field(
        None, max_length=8,
        description="As in a pod's spec; without a labelSelector the pods of the same revision are spread.",
    )  # fmt: skip
    priority_class_name: ObjectName | None = Field(None, description="Priority class of the pods.")
    service_account_name: ObjectName | None = Field(
        None, description="Service account of the pods; its token is not mounted."
    )


class Step(ApiModel):
    """One step of a canary."""

    weight: int = Field(ge=1, le=100, description="Percent of requests that the candidate gets.")
    hold: Duration = Field(
        "30s", description="Shortest time at this weight, counted from when the gateway has accepted it."
    )


class EvidenceSettings(ApiModel):
    """How sure the judge must be."""

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


class Rollout(ApiModel):
    """How a new version is tried."""

    steps: list[Step] = Field(
        [Step(weight=10), Step(weight=50)],
        max_length=20,
        description="Weights in rising order. After the last step the candidate gets everything.",
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


class ParentRef(ApiModel):
    """A Gateway that serves the model."""

    name: ObjectName = Field(description="Name of the Gateway.")
    namespace: Namespace | None = Field(None, description="Its namespace; default: the model's own.")
    section_name: str | None = Field(None, max_length=253, description="Name of one listener of the Gateway.")
    port: int | None = Field(None, ge=1, le=65535, description="Port of one listener of the Gateway.")


class RouteTimeouts(ApiModel):
    """Timeouts of the route, in Gateway API's notation."""

    model_config = {
        "json_schema_extra": rules(
            (
                (
                    "!has(self.request) || !has(self.backendRequest) || duration(self.request) == duration('0s') || "
                    "duration(self.backendRequest) <= duration(self.request)"
                ),
                "timeouts.backendRequest, one attempt, must not be longer than timeouts.request, all of them",
            )
        )
    }
    request: RouteDuration | None = Field(None, description="For the whole request as the client sees it.")
    backend_request: RouteDuration | None = Field(None, description="For one attempt against a pod.")


class Gateway(ApiModel):
    """The route through a Gateway API gateway, owned wholly by Tandem."""

    parent_refs: list[ParentRef] = Field(min_length=1, max_length=8, description="Gateways that serve the model.")
    hostnames: list[Hostname] | None = Field(
        None, max_length=16, description="Host names; without any, every host of the gateway.", json_schema_extra=SET
    )
    path: UrlPath = Field(
        "/",
        description=(
            "Path prefix; it is removed before the request reaches the bento, "
            "unless filters rewrite the URL themselves."
        ),
    )
    filters: list[dict[str, JsonValue]] | None = Field(
        None, max_length=16, description="Gateway API HTTPRoute filters, applied to every request."
    )
    timeouts: RouteTimeouts | None = Field(None, description="Timeouts of the route.")


class Traffic(ApiModel):
    """How requests reach the model."""

    gateway: Gateway | None = Field(
        None,
        description="Weighted canaries through a gateway. Without it a rollout switches the in-cluster Service.",
    )


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

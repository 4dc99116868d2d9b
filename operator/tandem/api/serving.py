"""spec.serving: how engineering runs the model.

Everything here but ``replicas`` is part of the revision, so those fields have no schema default (see
``tandem.api.spec``).
"""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from tandem.api.base import ApiModel
from tandem.api.marks import ANY_OBJECT, rules
from tandem.api.values import Duration, ObjectName, Quantity, UrlPath

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

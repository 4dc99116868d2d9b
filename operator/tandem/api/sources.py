"""spec.rollout.evidence.source and .gateway: where the evidence is read, if not from the pods themselves alone."""

from typing import Annotated

from pydantic import Field

from tandem.api.base import ApiModel
from tandem.api.values import Namespace, matching

PrometheusAddress = Annotated[
    str,
    matching(
        r"^https?://([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?$",
        512,
        "an address is http:// or https://, a host, perhaps a port and a path, and nothing else, "
        "such as http://prometheus.monitoring:9090",
    ),
]
LabelName = Annotated[
    str,
    matching(
        r"^[a-zA-Z_][a-zA-Z0-9_]*$",
        128,
        "the name of a Prometheus label has letters, digits and '_' only, such as kubernetes_pod_name",
    ),
]


class PrometheusSource(ApiModel):
    """A Prometheus that scrapes the pods."""

    address: PrometheusAddress = Field(
        description="Where its HTTP API is, without /api/v1, such as http://prometheus.monitoring:9090."
    )
    pod_label: LabelName = Field("pod", description="Label that its series have the pod's name in.")
    namespace_label: LabelName = Field("namespace", description="Label that its series have the namespace in.")


class EvidenceSource(ApiModel):
    """Where the evidence is read."""

    prometheus: PrometheusSource = Field(
        description="A Prometheus that scrapes the pods of this model, for where Tandem cannot reach them itself."
    )


class EnvoyGateway(ApiModel):
    """Envoy Gateway, set to count by endpoint (``enablePerEndpointStats`` in its EnvoyProxy)."""

    namespace: Namespace = Field(
        "envoy-gateway-system",
        description="Namespace that the proxies of this model's gateways run in. Tandem lists pods there.",
    )


class GatewayEvidence(ApiModel):
    """The gateway's own counts of what it answers for this model's pods."""

    envoy: EnvoyGateway = Field(
        description=(
            "The gateways of traffic.gateway are Envoy Gateway's, whose EnvoyProxy has "
            "telemetry.metrics.enablePerEndpointStats: true. An empty object takes the default."
        )
    )

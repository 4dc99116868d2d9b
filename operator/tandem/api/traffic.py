"""spec.traffic: how requests reach the model."""

from pydantic import Field, JsonValue

from tandem.api.base import ApiModel
from tandem.api.marks import SET, rules
from tandem.api.values import Hostname, Namespace, ObjectName, RouteDuration, UrlPath


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

"""The HTTPRoute of a ModelDeployment: written whole by Tandem, and read back as the truth about who gets requests."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tandem.api.names import SERVICE_PORT
from tandem.api.objects import ModelDeployment
from tandem.api.traffic import Gateway
from tandem.manifests.labels import metadata_of_deployment

GATEWAY_GROUP: Final = "gateway.networking.k8s.io"
_REWRITING: Final = frozenset({"URLRewrite", "RequestRedirect"})


def route_manifest(md: ModelDeployment, weights: Mapping[str, int]) -> dict[str, Any]:
    """Return the route, with a backend for each revision named in ``weights``, in percent.

    Without any revision the gateway answers 500. Raises ``ValueError`` for weights that are not 100 together, or
    for a deployment without a gateway: both are mistakes of the caller.
    """
    gateway = md.spec.traffic.gateway
    if gateway is None:
        raise ValueError(f"{md.metadata.name} declares no gateway: there is no route to make")
    if weights and (sum(weights.values()) != 100 or min(weights.values()) < 0):
        raise ValueError(f"weights of {md.metadata.name} must be 100 together, not {dict(weights)}")
    spec: dict[str, Any] = {
        "parentRefs": [ref.to_dict() for ref in gateway.parent_refs],
        "rules": [_rule(gateway, _timeouts(md, gateway), weights)],
    }
    if gateway.hostnames:
        spec["hostnames"] = list(gateway.hostnames)
    return {
        "apiVersion": f"{GATEWAY_GROUP}/v1",
        "kind": "HTTPRoute",
        "metadata": metadata_of_deployment(md, md.metadata.name),
        "spec": spec,
    }


def read_weights(route: Mapping[str, Any]) -> dict[str, int]:
    """Return the weights of a live route by revision; a backend without a weight has 1, as in the Gateway API."""
    weights: dict[str, int] = {}
    for rule in (route.get("spec") or {}).get("rules") or []:
        for backend in rule.get("backendRefs") or []:
            weights[backend["name"]] = weights.get(backend["name"], 0) + int(backend.get("weight", 1))
    return weights


def accepted(route: Mapping[str, Any]) -> tuple[bool, str, str]:
    """Say whether every parent has taken over the route as it is now, and if not why: a reason and a sentence.

    An answer for an earlier generation counts for nothing: the gateway may still route by the one before.
    """
    generation = (route.get("metadata") or {}).get("generation")
    for parent in (route.get("spec") or {}).get("parentRefs") or []:
        problem = _not_accepted(route, parent, generation)
        if problem:
            return (False, *problem)
    return (True, "Accepted", f"accepted by every gateway for generation {generation}")


def url(md: ModelDeployment) -> str | None:
    """Return the address through the gateway; None without a host name, since only the gateway knows its own."""
    gateway = md.spec.traffic.gateway
    names = [name for name in (gateway.hostnames or [] if gateway else []) if not name.startswith("*")]
    return f"http://{names[0]}{gateway.path}" if gateway and names else None


def _timeouts(md: ModelDeployment, gateway: Gateway) -> dict[str, str]:
    """Where only the bento's own timeout is declared, the gateway waits as long: Envoy's default is 15 s.

    Without either nothing is said: route timeouts are an extended feature that not every gateway has.
    """
    if gateway.timeouts is not None:
        declared: dict[str, str] = gateway.timeouts.to_dict()
        return declared
    return {"request": md.spec.serving.timeout} if md.spec.serving.timeout else {}


def _rule(gateway: Gateway, timeouts: Mapping[str, str], weights: Mapping[str, int]) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "matches": [{"path": {"type": "PathPrefix", "value": gateway.path}}],
        "backendRefs": [
            {"name": name, "port": SERVICE_PORT, "weight": weights[name]} for name in sorted(weights, key=_by_number)
        ],
    }
    filters = _filters(gateway)
    if filters:
        rule["filters"] = filters
    if timeouts:
        rule["timeouts"] = dict(timeouts)
    return rule


def _filters(gateway: Gateway) -> list[dict[str, Any]]:
    filters: list[dict[str, Any]] = [dict(each) for each in gateway.filters or []]
    if gateway.path == "/" or any(each.get("type") in _REWRITING for each in filters):
        return filters
    rewrite = {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}
    return [*filters, {"type": "URLRewrite", "urlRewrite": rewrite}]


def _by_number(revision: str) -> tuple[int, str]:
    number = revision.rpartition("-r")[2]
    return (int(number) if number.isdigit() else 0, revision)


def _not_accepted(route: Mapping[str, Any], parent: Mapping[str, Any], generation: Any) -> tuple[str, str] | None:
    name = parent.get("name")
    answers = list(_answers(route, parent))
    if not answers:
        return "NoAnswer", f"no gateway {name} has answered yet: does it exist, and does its class have a controller?"
    for condition_type in ("Accepted", "ResolvedRefs"):
        found = [each for answer in answers if (each := _condition(answer, condition_type))]
        current = [each for each in found if each.get("observedGeneration") == generation]
        if not current:
            return (
                "Pending",
                f"gateway {name} has not looked at generation {generation} of the route yet ({condition_type})",
            )
        refused = next((each for each in current if each.get("status") != "True"), None)
        if refused:
            why = refused.get("message") or "no message"
            return str(
                refused.get("reason") or condition_type
            ), f"gateway {name}: {condition_type} is {refused.get('status')}: {why}"
    return None


def _answers(route: Mapping[str, Any], parent: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    own_namespace = (route.get("metadata") or {}).get("namespace")
    for answer in (route.get("status") or {}).get("parents") or []:
        if _identity(answer.get("parentRef") or {}, own_namespace) == _identity(parent, own_namespace):
            yield answer


def _identity(parent: Mapping[str, Any], own_namespace: Any) -> tuple[Any, ...]:
    return (
        parent.get("group", GATEWAY_GROUP),
        parent.get("kind", "Gateway"),
        parent.get("namespace") or own_namespace,
        parent.get("name"),
        parent.get("sectionName"),
        parent.get("port"),
    )


def _condition(answer: Mapping[str, Any], condition_type: str) -> Mapping[str, Any] | None:
    conditions: list[Mapping[str, Any]] = answer.get("conditions") or []
    return next((each for each in conditions if each.get("type") == condition_type), None)

"""The live HTTPRoute beside the one that is declared: what is left over in it, and its weights by themselves. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from tandem.api.objects import ModelDeployment
from tandem.cluster.kinds import MODEL_DEPLOYMENT, Object
from tandem.cluster.ownership import says, speaks_for
from tandem.manifests.route import accepted, read_weights, route_manifest
from tandem.rollout.observation import RouteState

_OF_ROUTE: Final = ("hostnames",)
_OF_RULE: Final = ("filters", "timeouts")
_OF_PARENT: Final = ("namespace", "sectionName", "port")
"""What Tandem writes where it is declared, and the API server adds to no route by itself: else it is to go."""


def own(live: Object | None, deployment: ModelDeployment) -> Object | None:
    """Return a live route, or Service, unless it is somebody else's.

    That of a predecessor of the same name, which Kubernetes is about to remove, says nothing of this one: its weights
    would make a new revision, whose name is that of an old one, a version that serves.
    """
    meta = deployment.metadata
    if live is None or not speaks_for(live, MODEL_DEPLOYMENT.kind, meta.name, meta.uid, meta.name):
        return None
    return live


def is_as_wanted(live: Object, wanted: Object) -> bool:
    """Tell whether a live route is what shall be written: nothing is missing in it, and nothing left over."""
    is_spec, spec = live.get("spec") or {}, wanted["spec"]
    if not says(is_spec, spec) or _is_left_over(is_spec, spec, _OF_ROUTE):
        return False
    return not any(
        _is_left_over(is_part, part, names)
        for key, names in (("rules", _OF_RULE), ("parentRefs", _OF_PARENT))
        for is_part, part in zip(is_spec[key], spec[key], strict=True)
    )


def route_state(live: Object | None, deployment: ModelDeployment) -> RouteState | None:
    """Return what is known of the live route; None where there is none."""
    if live is None:
        return None
    as_declared = True
    if deployment.spec.traffic.gateway is not None:
        as_declared = is_as_wanted(live, _with_backends(route_manifest(deployment, {}), _backends(live)))
    return RouteState(read_weights(live), *accepted(live), as_declared)


def in_full(live: Object, wanted: Object) -> Object:
    """Return what to apply so that nothing is left over.

    The rules and the gateways are replaced as a whole by any apply. Host names stay if they are only left out: they
    belong to whom made the route, which is the same Tandem by another kind of request.
    """
    if not _is_left_over(live.get("spec") or {}, wanted["spec"], _OF_ROUTE):
        return wanted
    return {**wanted, "spec": {**wanted["spec"], "hostnames": []}}


def with_new_weights(live: Object, wanted: Object) -> Object:
    """Return the live route with the weights of the wanted one, and nothing else of it."""
    return _with_backends({**wanted, "spec": live["spec"]}, _backends(wanted))


def _with_backends(route: Object, backends: Any) -> Object:
    rules = [{**rule, "backendRefs": backends} for rule in route["spec"].get("rules") or []]
    return {**route, "spec": {**route["spec"], "rules": rules}}


def _backends(route: Object) -> Any:
    rules = (route.get("spec") or {}).get("rules") or [{}]
    return rules[0].get("backendRefs") or []


def _is_left_over(live: Mapping[str, Any], wanted: Mapping[str, Any], names: Iterable[str]) -> bool:
    return any(live.get(name) and not wanted.get(name) for name in names)

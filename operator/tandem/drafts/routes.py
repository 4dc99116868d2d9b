"""Routes and Ingresses of other hands that lead to a Service, read as ``spec.traffic``."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Object = Mapping[str, Any]

_REWRITING = frozenset({"URLRewrite", "RequestRedirect"})


@dataclass(frozen=True, slots=True)
class Part:
    """What was read of a route that holds more: the rest is other people's, or leads to the Service as before."""

    place: str
    """Where it is in the route, as a JSON pointer."""
    value: Object


@dataclass(frozen=True, slots=True)
class Traffic:
    """How requests reach a Service."""

    gateway: dict[str, Any] | None
    route: Object | None
    """The HTTPRoute that it was read from."""
    part: Part | None = None
    """What was read of it; None where that is all."""
    sharers: tuple[str, ...] = ()
    """Other Services that get some of the same requests today."""
    lost: tuple[str, ...] = ()


def read_traffic(service: str, routes: Sequence[Object], ingresses: Sequence[Object]) -> Traffic:
    """Return spec.traffic.gateway as the oldest route to the Service has it, and what could not be carried over."""
    leading = [route for route in routes if _rules(route, service)]
    leading.sort(key=lambda route: (route["metadata"].get("creationTimestamp", ""), route["metadata"]["name"]))
    lost = [*_lost_of_ingresses(service, ingresses)]
    if not leading:
        return Traffic(None, None, lost=tuple(lost))
    route, others = leading[0], leading[1:]
    lost.extend(
        f"HTTPRoute {other['metadata']['name']} leads to the Service too: a model has one host and path"
        for other in others
    )
    rules = _rules(route, service)
    if len(rules) > 1:
        lost.append(
            f"HTTPRoute {route['metadata']['name']} has {len(rules)} rules to the Service: only the first is taken; "
            "the others go on leading to the Service"
        )
    rule = rules[0]
    lost.extend(_lost_of_rule(rule))
    path = _path(rule)
    gateway: dict[str, Any] = {"parentRefs": [_parent(ref) for ref in route["spec"].get("parentRefs") or []]}
    if route["spec"].get("hostnames"):
        gateway["hostnames"] = list(route["spec"]["hostnames"])
    gateway["path"] = path
    filters = _filters(rule, path)
    if filters:
        gateway["filters"] = filters
    if rule.get("timeouts"):
        gateway["timeouts"] = dict(rule["timeouts"])
    sharers = tuple(ref["name"] for ref in rule["backendRefs"] if ref["name"] != service)
    return Traffic(gateway, route, _part(route, rule), sharers, tuple(lost))


def _part(route: Object, rule: Object) -> Part | None:
    """Return the one rule or match that the model's route takes over, where the route has others beside it."""
    rules: Sequence[Object] = route["spec"]["rules"]
    place = f"/spec/rules/{next(index for index, each in enumerate(rules) if each is rule)}"
    matches: Sequence[Object] = rule.get("matches") or []
    if len(matches) > 1:
        return Part(f"{place}/matches/0", matches[0])
    return Part(place, rule) if len(rules) > 1 else None


def _rules(route: Object, service: str) -> list[Object]:
    return [
        rule
        for rule in route["spec"].get("rules") or []
        if any(
            ref["name"] == service and ref.get("kind", "Service") == "Service" for ref in rule.get("backendRefs") or []
        )
    ]


def _path(rule: Object) -> str:
    matches = rule.get("matches") or [{}]
    value: str = (matches[0].get("path") or {}).get("value", "/")
    return value


def _parent(reference: Object) -> dict[str, Any]:
    return {key: reference[key] for key in ("name", "namespace", "sectionName", "port") if key in reference}


def _filters(rule: Object, path: str) -> list[Any]:
    """Return the filters that have requests reach the bento under the same path as today.

    Tandem takes the prefix off a path unless a filter rewrites it.
    """
    filters = list(rule.get("filters") or [])
    taken_off = {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}
    if {"type": "URLRewrite", "urlRewrite": taken_off} in filters:
        filters.remove({"type": "URLRewrite", "urlRewrite": taken_off})
        return filters
    if path == "/" or any(each.get("type") in _REWRITING for each in filters):
        return filters
    kept = {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": path}}
    return [*filters, {"type": "URLRewrite", "urlRewrite": kept}]


def _lost_of_rule(rule: Object) -> Iterator[str]:
    matches = rule.get("matches") or []
    if len(matches) > 1:
        yield (
            f"the route's rule has {len(matches)} matches: only the first path is taken; the others go on leading to "
            "the Service"
        )
    for match in matches[:1]:
        if (match.get("path") or {}).get("type", "PathPrefix") != "PathPrefix":
            yield f"the route matches {match['path']['type']} {match['path'].get('value')}: Tandem's matches the prefix"
        for key in ("headers", "queryParams", "method"):
            if match.get(key):
                yield f"the route matches by {key}: Tandem's takes every request of its host and path"
    if len(rule.get("backendRefs") or []) > 1:
        yield "the route shares requests out to several Services: Tandem's gives all of them to the model"
    for key in ("sessionPersistence", "retry"):
        if rule.get(key):
            yield f"the route's {key}: it has no counterpart"


def _lost_of_ingresses(service: str, ingresses: Sequence[Object]) -> Iterator[str]:
    for ingress in ingresses:
        for rule in ingress["spec"].get("rules") or []:
            for path in (rule.get("http") or {}).get("paths") or []:
                if ((path.get("backend") or {}).get("service") or {}).get("name") == service:
                    place = f"{rule.get('host', '*')}{path.get('path', '/')}"
                    yield (
                        f"Ingress {ingress['metadata']['name']} ({place}) leads to the Service: it goes on doing so, "
                        "and follows the version that serves; canaries by weight need a gateway"
                    )

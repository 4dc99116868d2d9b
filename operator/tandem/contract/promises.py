"""What a spec promises, in the bounded form in which it is kept: see `tandem.api.contract`."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from tandem.api.contract import Contract, PromisedRoute
from tandem.api.model import Route
from tandem.api.spec import ModelDeploymentSpec
from tandem.contract.demands import demands
from tandem.manifests.canonical import identity, plain, unordered

MOST_KEPT: Final = 32 * 1024
"""Characters of schemas that are kept with a slot, all routes together, the smallest first: status is written often."""

DEEPEST: Final = 64
"""Schemas that are nested more deeply are kept as a digest."""

DIGEST: Final = "sha256:"

ANNOTATIONS: Final = frozenset({
    "$comment", "$schema", "default", "deprecated", "description", "example", "examples", "readOnly", "title",
    "writeOnly",
})  # fmt: skip
"""Words that are for readers, and say nothing about what is valid."""

_NAMED: Final = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_LISTED: Final = ("anyOf", "oneOf", "allOf", "prefixItems")
_SETS: Final = ("required", "enum", "type")


class TooDeepError(Exception):
    """A schema that is nested more deeply than `DEEPEST`."""


def contract_of(spec: ModelDeploymentSpec) -> Contract:
    """Return what a spec promises. The same spec gives the same contract, however it is written."""
    return Contract(
        **{name: getattr(spec.requirements, name) for name in type(spec.requirements).model_fields},
        consumers=sorted(consumer.team for consumer in spec.consumers or []) or None,
        interface=_interface(spec.model.interface or []) or None,
        quality=demands(spec.quality) or None,
        automatic_rollback=spec.rollback.automatic,
    )


def _interface(routes: list[Route]) -> list[PromisedRoute]:
    texts = {
        (route.method, route.path, part): _text(schema)
        for route in routes
        for part, schema in (("request", route.request), ("response", route.response))
        if schema is not None
    }
    kept, room = {}, MOST_KEPT
    for key, text in sorted(texts.items(), key=lambda item: (len(item[1]), item[0])):
        room -= len(text)
        kept[key] = text if room >= 0 else digest(text)
    return [
        PromisedRoute(
            path=route.path,
            method=route.method,
            request=kept.get((route.method, route.path, "request")),
            response=kept.get((route.method, route.path, "response")),
        )
        for route in sorted(routes, key=lambda route: (route.path, route.method))
    ]


def _text(schema: Mapping[str, Any]) -> str:
    """Return a schema as canonical JSON, without what is only said for readers."""
    try:
        return json.dumps(_said(schema, 0), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    except TooDeepError:
        return digest(identity(schema))


def digest(text: str) -> str:
    """Return what stands for a schema that is too large to be kept; a digest stands for itself."""
    return text if text.startswith(DIGEST) else f"{DIGEST}{hashlib.sha256(text.encode()).hexdigest()}"


def _said(schema: Any, depth: int) -> Any:
    """Return what a schema says about values. Names of properties are not taken for words."""
    if depth > DEEPEST:
        raise TooDeepError
    if not isinstance(schema, Mapping):
        return plain(schema)
    return {word: _argument(word, value, depth) for word, value in schema.items() if word not in ANNOTATIONS}


def _argument(word: str, value: Any, depth: int) -> Any:
    if word in _NAMED and isinstance(value, Mapping):
        return {name: _said(each, depth + 1) for name, each in value.items()}
    if word in _LISTED and isinstance(value, list):
        return [_said(each, depth + 1) for each in value]
    if word in _SETS and isinstance(value, list):
        return unordered(value)
    return plain(value) if word in ("const", "enum") else _said(value, depth + 1)

"""Schemas of requests and answers, from JSON Schema or an OpenAPI document: made to stand by themselves.

References are not written out, but followed once each and gathered in ``$defs``: so a schema that refers to itself
stays as it is, and one whose references stand for billions stays small.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from tandem.api.model import Route

MOST_NODES: Final = 20_000
"""Mappings, lists and values of a document."""

DEEPEST: Final = 64
LARGEST: Final = 128 * 1024
"""Characters of all schemas of a model: they are kept in the object, and the API server takes no more than 1.5 MB."""

MOST_ROUTES: Final = 50
PATTERNED: Final = frozenset({"properties", "$defs", "patternProperties", "dependentSchemas"})
"""Words whose arguments are schemas by name."""

_JSON: Final = ("application/json", "application/*", "*/*")
_JSON_TYPES: Final = (Mapping, list, str, int, float, bool, type(None))
LITERAL: Final = frozenset({"const", "enum", "default", "example", "examples"})
"""Words whose arguments are values."""

Schema = dict[str, Any]


class InvalidSchema(Exception):
    """A schema that cannot be used; the message says where, and what to change."""


@dataclass(frozen=True, slots=True)
class Interface:
    """The routes of a document, and what of it cannot be one."""

    routes: tuple[Route, ...]
    left_out: tuple[str, ...] = ()


def read_interface(document: Any, path: str = "/predict") -> Interface:
    """Return the routes that a document declares: OpenAPI, or JSON Schemas of ``request`` and ``response``.

    ``path`` is for the second form, which may name one itself. Raises `InvalidSchema`.
    """
    check_size(document)
    if not isinstance(document, Mapping):
        raise InvalidSchema("the schema is no mapping: give an OpenAPI document, or schemas of request and response")
    if isinstance(document.get("paths"), Mapping):
        return _from_openapi(document)
    named = {str(name).lower(): f"#/$defs/{name}" for name in _mapping(document.get("$defs"))}
    request, response = (
        _mapping(document[name]) if name in document else {"$ref": named[name]} if name in named else None
        for name in ("request", "response")
    )
    if response is None:
        raise InvalidSchema(
            "the schema says nothing of the answer: give an OpenAPI document with `paths`, or a document with the "
            "JSON Schemas `request` and `response` (or the same under `$defs`)"
        )
    body = {"path": document.get("path", path), "response": standing_alone(response, document)}
    if request is not None:
        body["request"] = standing_alone(request, document)
    return checked_interface(Interface((_route(body),)))


def standing_alone(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Schema:
    """Return a schema with all that it refers to in its own ``$defs``. Raises `InvalidSchema`."""
    names: dict[str, str] = {}
    found = _translated(schema, names)
    definitions: Schema = {}
    while len(definitions) < len(names):
        pointer = list(names)[len(definitions)]
        definitions[names[pointer]] = _translated(_resolved(pointer, document, schema), names)
    alone = {key: value for key, value in found.items() if key not in ("$defs", "definitions", "$schema", "$id")}
    whole = {**alone, **({"$defs": definitions} if definitions else {})}
    try:
        Draft202012Validator.check_schema(whole)
    except SchemaError as error:
        where = "/".join(str(part) for part in error.absolute_path)
        raise InvalidSchema(f"this is no JSON Schema: at /{where}: {error.message[:200]}") from error
    return whole


def check_size(document: Any) -> None:
    """Raises `InvalidSchema` for what is nested more deeply or has more parts than anybody would write."""
    pending, seen = [(document, 0)], 0
    while pending:
        node, depth = pending.pop()
        seen += 1
        if depth > DEEPEST:
            raise InvalidSchema(f"the schema is nested more than {DEEPEST} levels deep: name its parts in $defs")
        if seen > MOST_NODES:
            raise InvalidSchema(f"the schema has more than {MOST_NODES} parts: leave out what callers do not rely on")
        if not isinstance(node, _JSON_TYPES) or (isinstance(node, float) and not math.isfinite(node)):
            raise InvalidSchema(
                f"the schema holds {str(node)[:60]!r}, which is no JSON: put it in quotes, if it is text"
            )
        children = node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else ()
        pending.extend((child, depth + 1) for child in children)


def _from_openapi(document: Mapping[str, Any]) -> Interface:
    routes, left_out = [], []
    for path, item in document["paths"].items():
        for method, operation in _mapping(item).items():
            if method not in ("get", "post", "put", "patch", "delete"):
                continue
            problem = _unfit(str(path), method)
            if problem:
                left_out.append(f"{method.upper()} {path}: {problem}")
                continue
            body, not_json = _operation(str(path), _mapping(operation), document)
            routes.append(_route(body))
            left_out += [f"{method.upper()} {path}: {each}; declare it by hand" for each in not_json]
    if not routes:
        raise InvalidSchema("; ".join(["the document has no route that a bento can serve", *left_out]))
    return checked_interface(Interface(tuple(routes), tuple(left_out)))


def _unfit(path: str, method: str) -> str | None:
    if method != "post":
        return "a bento's own routes are called by POST"
    return "a bento's own routes have no parameters in their path" if "{" in path else None


def _operation(path: str, operation: Mapping[str, Any], document: Mapping[str, Any]) -> tuple[Schema, list[str]]:
    """Return a route, and what of it is no JSON."""
    body: Schema = {"path": path}
    not_json = []
    answers = {str(code): answer for code, answer in _mapping(operation.get("responses")).items()}
    good = next((answers[code] for code in sorted(answers) if code.startswith("2")), answers.get("default"))
    for name, holder in (("request", operation.get("requestBody")), ("response", good)):
        content = _mapping(_followed(holder, document).get("content"))
        schema = _json_schema(content)
        if schema is not None:
            body[name] = standing_alone(schema, document)
        elif content and not _json_kinds(content):
            not_json.append(f"its {name} is {', '.join(map(str, content))}, and no JSON")
    return body, not_json


def _json_schema(content: Mapping[str, Any]) -> Mapping[str, Any] | None:
    schemas = (_mapping(content[kind]).get("schema") for kind in _json_kinds(content))
    return next((schema for schema in schemas if isinstance(schema, Mapping)), None)


def _json_kinds(content: Mapping[str, Any]) -> list[str]:
    """Return the media types that are JSON, or any: they may have parameters, and the exact one comes first."""
    kinds = {kind: str(kind).partition(";")[0].strip().lower() for kind in content}
    return sorted((kind for kind in kinds if kinds[kind] in _JSON), key=lambda kind: _JSON.index(kinds[kind]))


def _followed(node: Any, document: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = _mapping(node).get("$ref")
    return _mapping(node) if not isinstance(reference, str) else _resolved(reference, document, {})


def _route(body: Mapping[str, Any]) -> Route:
    try:
        return Route.model_validate(body)
    except ValueError as error:
        raise InvalidSchema(f"{body.get('path')!r} is no path of a route: it begins with '/', as /predict") from error


def checked_interface(interface: Interface) -> Interface:
    """Return an interface that fits into a ModelDeployment. Raises `InvalidSchema`."""
    if len(interface.routes) > MOST_ROUTES:
        raise InvalidSchema(f"there are {len(interface.routes)} routes, at most {MOST_ROUTES} can be declared")
    length = sum(len(json.dumps(route.to_dict())) for route in interface.routes)
    if length > LARGEST:
        raise InvalidSchema(
            f"the schemas are {length // 1024} KiB as text, at most {LARGEST // 1024} KiB fit into a ModelDeployment: "
            "leave out what callers do not rely on"
        )
    return interface


def _translated(node: Any, names: dict[str, str], *, is_schema: bool = True) -> Any:
    """Return a copy whose references point into ``$defs``; their names are noted by what they pointed to."""
    if isinstance(node, list):
        return [_translated(child, names) for child in node]
    if not isinstance(node, Mapping):
        return node
    if not is_schema:
        return {str(key): _translated(child, names) for key, child in node.items()}
    translated = {
        str(key): value if key in LITERAL else _translated(value, names, is_schema=key not in PATTERNED)
        for key, value in node.items()
        if key not in ("$defs", "definitions")
    }
    reference = translated.get("$ref")
    if isinstance(reference, str):
        translated["$ref"] = f"#/$defs/{_name(reference, names)}"
    found = dict(_as_in_json_schema(translated))
    # Beside a type it is a second type (see below); beside references and the like, another possibility.
    if translated.get("nullable") is True and not isinstance(translated.get("type"), str):
        return {"anyOf": [found, {"type": "null"}]}
    return found


def _as_in_json_schema(schema: Schema) -> Iterator[tuple[str, Any]]:
    """Say in JSON Schema what OpenAPI 3.0 says in words of its own; BentoML's own mark is left out."""
    for key, value in schema.items():
        if key in ("nullable", "root_input", "discriminator", "xml", "externalDocs"):
            continue
        if key == "type" and schema.get("nullable") is True and isinstance(value, str):
            yield key, [value, "null"]
        elif key in ("exclusiveMinimum", "exclusiveMaximum") and isinstance(value, bool):
            bound = schema.get(key.replace("exclusiveM", "m"))
            if value and bound is not None:
                yield key, bound
        elif key == "example":
            yield "examples", [value]
        else:
            yield key, value


def _name(pointer: str, names: dict[str, str]) -> str:
    if not pointer.startswith("#"):
        raise InvalidSchema(f"{pointer[:200]!r} refers to another document: copy what it points to into this one")
    if pointer not in names:
        wanted = "".join(letter if letter.isalnum() else "_" for letter in pointer.rpartition("/")[2]) or "Schema"
        taken = set(names.values())
        names[pointer] = next(
            name
            for number in range(len(taken) + 1)
            if (name := wanted if not number else f"{wanted}{number}") not in taken
        )
    return names[pointer]


def _resolved(pointer: str, document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a local pointer, in the schema itself first and then in the document around it."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.removeprefix("#").split("/") if part]
    for root in (schema, document):
        node: Any = root
        for part in parts:
            node = node.get(part) if isinstance(node, Mapping) else None
        if isinstance(node, Mapping):
            return node
    raise InvalidSchema(f"{pointer[:200]!r} points to nothing in this document")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}

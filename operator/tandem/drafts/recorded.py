"""What one run of a bento gives a draft: the interface that it declares, edge cases from its answers, its size."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, Final

from tandem.api.model import Route
from tandem.api.profile import Profile
from tandem.drafts.schemas import (
    LITERAL,
    PATTERNED,
    Interface,
    InvalidSchema,
    check_size,
    checked_interface,
    standing_alone,
)

MOST_CASES: Final = 10
MOST_PARTS: Final = 12
"""Places of an answer that a drafted case looks at."""

MOST_APPLIED: Final = 200 * 1024
"""Bytes of drafted cases as `kubectl apply` keeps them in an annotation, which holds 256 KiB."""

TOLERANCE: Final = 0.01
"""Share of a number by which an answer may differ: a person is to say how much it really may."""

_MEBI: Final = 1024 * 1024
_STEP: Final = 32
"""Mebibytes to which memory is rounded up."""


def own_interface(schema: Any) -> tuple[str, Interface]:
    """Return the service's name and its routes from BentoML's ``/schema.json``. Raises `InvalidSchema`."""
    check_size(schema)
    if not isinstance(schema, Mapping) or not isinstance(schema.get("routes"), list):
        raise InvalidSchema("the bento's /schema.json has no routes: is it a bento of BentoML 1.2 or newer?")
    routes: list[Route] = []
    left_out: list[str] = []
    for each in schema["routes"]:
        path, given, answer = each.get("route"), deepcopy(each.get("input") or {}), deepcopy(each.get("output") or {})
        parts = [*_schemas(given), *_schemas(answer)]
        if each.get("is_task") or any(part.get("type") == "file" for part in parts):
            left_out.append(f"{path}: files and tasks have no JSON Schema; declare it by hand")
            continue
        for part in parts:
            _say_in_json_schema(part)
        body = {"path": path}
        try:
            body |= {"request": standing_alone(given, given), "response": standing_alone(answer, answer)}
        except InvalidSchema as error:
            left_out.append(f"{path}: its schemas: {error}; declare them by hand")
        routes.append(Route.model_validate(body))
    return str(schema.get("name", "")), checked_interface(Interface(tuple(routes), tuple(left_out)))


def drafted_cases(recorded: Sequence[tuple[str, Any, Any]]) -> list[dict[str, Any]]:
    """Return edge cases of (path, request, answer): numbers within a tolerance, all else as it is."""
    return [
        {"name": f"recorded-{number}", "path": path, "request": request, "expect": list(_expected(answer))}
        for number, (path, request, answer) in enumerate(recorded[:MOST_CASES], start=1)
    ]


def cases_that_fit(cases: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return those that `kubectl apply` takes together in one ConfigMap; one that is too large makes none the less."""
    kept: list[dict[str, Any]] = []
    room = MOST_APPLIED
    for case in cases:
        size = _applied(case_lines([case]))
        if size <= room:
            kept.append(case)
            room -= size
    return kept


def _applied(text: str) -> int:
    """Return its bytes as text within JSON, as Go writes it: it escapes what could be taken for HTML too."""
    return len(json.dumps(text, ensure_ascii=False).encode()) + 5 * sum(text.count(each) for each in "<>&")


def case_lines(cases: Sequence[Mapping[str, Any]]) -> str:
    """Return JSON lines."""
    return "".join(json.dumps(case, ensure_ascii=False) + "\n" for case in cases)


def measured_serving(profile: Profile) -> dict[str, Any]:
    """Return ``spec.serving`` for a pod like the one that was measured, with room to spare."""
    requested, limit = (_mebibytes(profile.memory.load_bytes * factor) for factor in (1.25, 2.0))
    deadline = max(60, math.ceil(profile.startup.seconds * 5 / 30) * 30)
    return {
        "replicas": {"min": 1},
        "resources": {"requests": {"cpu": "500m", "memory": requested}, "limits": {"memory": limit}},
        "startup": {"deadline": f"{deadline}s"},
    }


def _schemas(node: Any, *, is_schema: bool = True) -> Iterator[dict[str, Any]]:
    """Yield a schema and every one in it."""
    if isinstance(node, list):
        for child in node:
            yield from _schemas(child)
    elif isinstance(node, dict):
        if is_schema:
            yield node
        for key, child in node.items():
            if not is_schema or key not in LITERAL:
                yield from _schemas(child, is_schema=not is_schema or key not in PATTERNED)


def _say_in_json_schema(schema: dict[str, Any]) -> None:
    """Replace what BentoML says of arrays and tables in words of its own: by little, as it takes many forms."""
    kind = schema.get("type")
    if kind in ("tensor", "dataframe"):
        for word in ("type", "format", "dtype", "shape", "dim", "orient", "columns"):
            schema.pop(word, None)
    if kind == "tensor":
        schema["type"] = "array"


def _mebibytes(size: float) -> str:
    return f"{math.ceil(size / _MEBI / _STEP) * _STEP}Mi"


def _expected(answer: Any) -> Iterator[dict[str, Any]]:
    for number, (pointer, value) in enumerate(_leaves(answer, "")):
        if number >= MOST_PARTS:
            return
        if isinstance(value, float):
            yield {"at": pointer, "equals": value, "within": float(f"{max(abs(value) * TOLERANCE, 1e-6):.2g}")}
        else:
            yield {"at": pointer, "equals": value}


def _leaves(node: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    if isinstance(node, Mapping) and node:
        for key, child in node.items():
            yield from _leaves(child, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")
    elif isinstance(node, list) and node:
        for index, child in enumerate(node):
            yield from _leaves(child, f"{pointer}/{index}")
    else:
        yield pointer, node

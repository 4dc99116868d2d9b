# ruff: noqa: E501
"""Interfaces from OpenAPI and JSON Schema: standing by themselves, and bounded whatever they refer to."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tandem.drafts.notation import schema_of_fields
from tandem.drafts.schemas import InvalidSchema, Schema, read_interface

PERSON: Schema = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string", "nullable": True}, "friends": {"type": "array", "items": {"$ref": "#/components/schemas/Person"}}},
}  # fmt: skip
OPENAPI: Schema = {
    "openapi": "3.0.2",
    "paths": {
        "/predict": {
            "post": {
                "requestBody": {"$ref": "#/components/requestBodies/Ask"},
                "responses": {
                    "400": {"content": {"application/json": {"schema": {"type": "string"}}}},
                    "200": {"content": {"application/json": {"schema": {"type": "number", "minimum": 0, "exclusiveMinimum": True}}}},
                },
            }
        },
        "/item/{id}": {"post": {"responses": {"200": {"description": "never"}}}},
        "/health": {"get": {}, "summary": "fine"},
    },
    "components": {
        "schemas": {"Person": PERSON, "Unused": {}},
        "requestBodies": {"Ask": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Person"}}}}},
    },
}  # fmt: skip


def test_openapi_gives_the_routes_that_a_bento_can_serve() -> None:
    found = read_interface(OPENAPI)
    [route] = found.routes
    assert (route.path, route.method) == ("/predict", "POST")
    assert route.response == {"type": "number", "minimum": 0, "exclusiveMinimum": 0}
    assert route.request is not None
    assert (
        route.request["$ref"] == "#/$defs/Person"
        and isinstance(route.request["$defs"], dict)
        and list(route.request["$defs"]) == ["Person"]
    )
    validator = Draft202012Validator(route.request)
    assert validator.is_valid({"name": None, "friends": [{"name": "Eve"}]})
    assert not validator.is_valid({"name": "Ann", "friends": [{}]})
    assert [each.partition(":")[0] for each in found.left_out] == ["POST /item/{id}", "GET /health"]


@pytest.mark.parametrize(
    "score",
    [
        {"nullable": True, "$ref": "#/components/schemas/Score"},
        {"nullable": True, "allOf": [{"$ref": "#/components/schemas/Score"}]},
        {"nullable": True, "type": "number"},
    ],
    ids=["reference", "all-of", "type"],
)
def test_what_may_be_null_in_openapi_may_be_null(score: Schema) -> None:
    answer = {"type": "object", "properties": {"score": score}}
    document = openapi({"application/json": {}}, {"application/json": {"schema": answer}})
    [route] = read_interface({**document, "components": {"schemas": {"Score": {"type": "number"}}}}).routes
    assert route.response is not None
    validator = Draft202012Validator(route.response)
    assert [validator.is_valid({"score": each}) for each in (None, 0.5, "no")] == [True, True, False]


@pytest.mark.parametrize(
    ("kind", "declared"),
    [
        ("application/json", True),
        ("application/json; charset=utf-8", True),
        ("Application/JSON;charset=utf-8", True),
        ("*/*", True),
        ("multipart/form-data", False),
    ],
)
def test_bodies_are_declared_as_json_or_told_of(kind: str, declared: bool) -> None:
    found = read_interface(openapi({kind: {"schema": {"type": "object"}}}, {"application/json": {}}))
    [route] = found.routes
    assert route.request == ({"type": "object"} if declared else None)
    told = f"POST /predict: its request is {kind}, and no JSON; declare it by hand"
    assert found.left_out == (() if declared else (told,))


def openapi(request: Schema, answer: Schema) -> Schema:
    operation = {"requestBody": {"content": request}, "responses": {"200": {"content": answer}}}
    return {"openapi": "3.0.3", "paths": {"/predict": {"post": operation}}}


@pytest.mark.parametrize(
    "document",
    [
        {"request": {"type": "object"}, "response": {"type": "number"}, "path": "/score"},
        {"path": "/score", "$defs": {"Request": {"type": "object"}, "Response": {"type": "number"}}},
    ],
)
def test_json_schemas_of_request_and_response_are_one_route(document: Schema) -> None:
    [route] = read_interface(document).routes
    assert route.path == "/score"
    assert route.response is not None and Draft202012Validator(route.response).is_valid(0.5)


def test_two_definitions_of_one_name_stay_two() -> None:
    document = {"response": {"anyOf": [{"$ref": "#/a/X"}, {"$ref": "#/b/X"}]}, "a": {"X": {"const": 1}}, "b": {"X": {"const": 2}}}  # fmt: skip
    [route] = read_interface(document).routes
    assert route.response is not None
    assert route.response["$defs"] == {"X": {"const": 1}, "X1": {"const": 2}}


def nested(levels: int) -> Any:
    schema: Any = {}
    for _ in range(levels):
        schema = {"items": schema}
    return schema


SELF: Schema = {"type": "object"}
SELF["properties"] = {"again": SELF}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "is no mapping"),
        ({}, "says nothing of the answer"),
        ({"paths": {}}, "no route that a bento can serve"),
        ({"response": {"type": "strin"}}, "no JSON Schema: at /type"),
        ({"response": {"$ref": "https://example.com/x.json"}}, "another document"),
        ({"response": {"$ref": "#/nowhere"}}, "points to nothing"),
        ({"response": nested(100)}, "nested more than 64"),
        ({"response": SELF}, "nested more than 64"),
        ({"response": {"enum": list(range(30_000))}}, "more than 20000 parts"),
        ({"response": {"description": "x" * 200_000}}, "KiB as text"),
        ({"response": {"default": float("nan")}}, "no JSON"),
        ({"response": {}, "path": "predict"}, "no path of a route"),
        ({"paths": {f"/r{n}": {"post": {}} for n in range(60)}}, "60 routes"),
    ],
    ids=["list", "empty", "none", "type", "remote", "nothing", "deep", "itself", "huge", "long", "nan", "path", "many"],
)
def test_what_cannot_be_used_is_told_with_what_to_do(document: Any, said: str) -> None:
    with pytest.raises(InvalidSchema, match=said):
        read_interface(document)


def test_references_in_a_circle_stay_small() -> None:
    circle = {f"N{n}": {"allOf": [{"$ref": f"#/$defs/N{(n + 1) % 50}"}] * 9} for n in range(50)}
    [route] = read_interface({"response": {"$ref": "#/$defs/N0"}, "$defs": circle}).routes
    assert route.response is not None
    definitions = route.response["$defs"]
    assert isinstance(definitions, dict) and len(definitions) == 50


@pytest.mark.parametrize(
    ("text", "schema"),
    [
        ("a: number", {"type": "object", "properties": {"a": {"type": "number"}}, "required": ["a"]}),
        ("a?: text", {"type": "object", "properties": {"a": {"type": "string"}}}),
        ("a: number 0..0.5", {"type": "object", "properties": {"a": {"type": "number", "minimum": 0, "maximum": 0.5}}, "required": ["a"]}),
        ("a: x|y z", {"type": "object", "properties": {"a": {"enum": ["x", "y z"]}}, "required": ["a"]}),
        ("a: [number -1..1] x 64", {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "number", "minimum": -1, "maximum": 1}, "minItems": 64, "maxItems": 64}}, "required": ["a"]}),
    ],
)  # fmt: skip
def test_fields_in_a_line(text: str, schema: Schema) -> None:
    assert schema_of_fields(text) == schema


@pytest.mark.parametrize("text", ["", "a", "a: nombre", "a: number 0..x", "1: number", "a: |"])
def test_what_is_no_field_is_told_how_to_write_one(text: str) -> None:
    with pytest.raises(InvalidSchema, match=r"give name: type|no number"):
        schema_of_fields(text)

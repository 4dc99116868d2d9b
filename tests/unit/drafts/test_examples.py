# ruff: noqa: E501
"""Examples fit their schema, are always the same, and stay small whatever the schema asks for."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tandem.drafts.examples import NoExample, example, examples
from tandem.drafts.patterns import matching_text

TREE = {
    "$defs": {"Node": {"type": "object", "properties": {"value": {"type": "integer"}, "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}}}, "required": ["value", "children"]}},
    "$ref": "#/$defs/Node",
}  # fmt: skip

FITTING: list[Any] = [
    {},
    True,
    {"type": "number"},
    {"type": "number", "minimum": 0, "maximum": 1},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1e-9},
    {"type": "number", "maximum": -5},
    {"type": "number", "minimum": 1e300},
    {"type": "number", "multipleOf": 0.1, "minimum": 0.25},
    {"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 5},
    {"type": "integer", "multipleOf": 2.5, "minimum": 1},
    {"type": "integer", "minimum": -9.5, "maximum": -8.5},
    {"type": "string", "minLength": 20, "maxLength": 21},
    {"type": "string", "maxLength": 0},
    {"type": "string", "pattern": "^[A-Z]{2}[0-9]{4}(-x|_y)?$"},
    {"type": "string", "pattern": r"^\d{3}\.\w+[^a-z]$"},
    {"type": "string", "format": "date-time"},
    {"type": ["string", "null"]},
    {"type": "boolean"},
    {"type": "null"},
    {"const": {"a": 1}},
    {"enum": ["AT", "DE", None]},
    {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 16}, "minItems": 64, "maxItems": 64},
    {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False},
    {"type": "array", "items": {"enum": ["a", "b", "c"]}, "uniqueItems": True, "minItems": 2},
    {"type": "object", "required": ["any"]},
    {"type": "object", "required": ["x"], "additionalProperties": {"type": "integer"}, "minProperties": 3},
    {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False},
    {"allOf": [{"type": "object", "properties": {"a": {"type": "integer", "minimum": 3}}}, {"required": ["a"]}, {"properties": {"a": {"maximum": 4}}}]},
    {"anyOf": [{"type": "string"}, {"type": "integer"}]},
    {"oneOf": [False, {"type": "object", "required": ["kind"], "properties": {"kind": {"const": "card"}}}]},
    {"$defs": {"A": {"type": "number", "minimum": 5}}, "properties": {"a": {"$ref": "#/$defs/A"}}, "required": ["a"]},
    {"type": "object", "properties": {"day": {"type": "string", "examples": ["Monday"]}}},
    TREE,
]  # fmt: skip


@pytest.mark.parametrize("schema", FITTING, ids=str)
def test_examples_fit_and_are_always_the_same(schema: Any) -> None:
    found = examples(schema)
    assert found == examples(schema)
    for each in found:
        Draft202012Validator(schema).validate(each)


ENDLESS = {"$defs": {"A": {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "required": ["a"]}}, "$ref": "#/$defs/A"}  # fmt: skip
LOOP = {"$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"$ref": "#/$defs/A"}}, "$ref": "#/$defs/A"}
BRANCHING = {
    "$defs": {"A": {"type": "object", "properties": {name: {"$ref": "#/$defs/A"} for name in "abcdefgh"}, "required": list("abcdefgh")}},
    "$ref": "#/$defs/A",
}  # fmt: skip
BOMB = {
    "$defs": {
        **{f"L{n}": {"type": "array", "minItems": 10, "items": {"$ref": f"#/$defs/L{n + 1}"}} for n in range(12)},
        "L12": {"type": "string"},
    },
    "$ref": "#/$defs/L0",
}


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (ENDLESS, "describes nothing that ends"),
        (LOOP, "describes nothing that ends"),
        (BRANCHING, "describes nothing that ends, or is too large"),
        (BOMB, "too large"),
        (False, "allows nothing"),
        ({"type": "array", "minItems": 10**9}, "at least 1000000000 items"),
        ({"type": "string", "minLength": 10**9}, "at least 1000000000 characters"),
        ({"type": "string", "pattern": "^(?=a)b"}, "no text is found for its pattern"),
        ({"type": "string", "pattern": "a{100000}"}, "no text is found for its pattern"),
        ({"type": "integer", "minimum": 3, "maximum": 2}, "leave no number"),
        ({"type": "string", "examples": [3]}, "no example is found that fits"),
    ],
    ids=["endless", "loop", "branching", "bomb", "false", "list", "text", "look-ahead", "repeats", "bounds", "wrong"],
)
def test_what_has_no_example_is_told_with_what_to_do(schema: Any, said: str) -> None:
    with pytest.raises(NoExample, match=said):
        example(schema)


def test_optional_fields_are_left_out_now_and_then() -> None:
    schema = {"type": "object", "properties": {"a": {"const": 1}, "b": {"const": 2}}, "required": ["a"]}
    assert {"a": 1} in examples(schema) and {"a": 1, "b": 2} in examples(schema)


SCALARS = st.one_of(
    st.builds(lambda low, span: {"type": "integer", "minimum": low, "maximum": low + span}, st.integers(-1000, 1000), st.integers(0, 50)),
    st.builds(lambda low, span: {"type": "number", "exclusiveMinimum": low, "maximum": low + span}, st.floats(-1e6, 1e6), st.floats(0.001, 1e6)),
    st.builds(lambda least, more: {"type": "string", "minLength": least, "maxLength": least + more}, st.integers(0, 40), st.integers(0, 9)),
    st.builds(lambda values: {"enum": values}, st.lists(st.one_of(st.integers(), st.text(), st.none()), min_size=1)),
    st.just({"type": "boolean"}),
)  # fmt: skip
SCHEMAS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.builds(lambda items, least: {"type": "array", "items": items, "minItems": least}, inner, st.integers(0, 4)),
        st.builds(
            lambda parts, closed: {"type": "object", "properties": parts, "required": sorted(parts)[::2], "additionalProperties": not closed},
            st.dictionaries(st.text(max_size=5), inner, max_size=4), st.booleans(),
        ),
        st.builds(lambda branches: {"anyOf": branches}, st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=10,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(SCHEMAS, st.integers(0, 9))
def test_any_schema_of_usual_parts_has_examples_that_fit(schema: Any, choice: int) -> None:
    Draft202012Validator(schema).validate(example(schema, choice))


@given(st.integers(0, 50))
def test_a_class_gives_one_of_its_letters(choice: int) -> None:
    assert matching_text("[a-f]", choice) in "abcdef"

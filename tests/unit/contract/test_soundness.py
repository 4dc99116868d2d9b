"""Nothing that is called compatible is not: whatever schemas and values, held against a validator of its own."""

import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.contract.specs import between, predicting

NAMES = ["a", "b", "c"]
values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 6) | st.sampled_from([0.5, 2.5]) | st.sampled_from(["", "x", "xy"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=6,
)
bounds = st.integers(-2, 5)
lengths = st.integers(0, 3)


def some(**words: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=words)


def inner_schemas(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    typed = st.one_of(
        some(minimum=bounds, exclusiveMaximum=bounds, multipleOf=st.integers(1, 3)).map(
            lambda w: {"type": "number"} | w
        ),
        some(exclusiveMinimum=bounds, maximum=bounds).map(lambda w: {"type": "integer"} | w),
        some(minLength=lengths, maxLength=lengths).map(lambda w: {"type": "string"} | w),
        some(items=children, minItems=lengths, maxItems=lengths, uniqueItems=st.booleans()).map(
            lambda w: {"type": "array"} | w
        ),
        some(
            properties=st.dictionaries(st.sampled_from(NAMES), children, max_size=3),
            required=st.lists(st.sampled_from(NAMES), unique=True, max_size=2),
            additionalProperties=st.booleans() | children,
        ).map(lambda w: {"type": "object"} | w),
    )
    return st.one_of(
        typed,
        st.lists(values, min_size=1, max_size=3).map(lambda several: {"enum": several}),
        st.lists(st.sampled_from(["null", "boolean", "string", "integer"]), min_size=1, unique=True).map(
            lambda types: {"type": types}
        ),
        st.lists(children, min_size=1, max_size=3).map(lambda several: {"anyOf": several}),
        st.lists(children, min_size=1, max_size=2).map(lambda several: {"allOf": several}),
    )


every_schema: st.SearchStrategy[Any] = st.recursive(
    st.just({}) | inner_schemas(st.just({})), inner_schemas, max_leaves=8
)
schemas = every_schema.filter(lambda schema: isinstance(schema, dict))


def is_type(value: Any, name: str) -> bool:
    if name in ("number", "integer"):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and (name == "number" or float(value).is_integer())
    kinds = {"null": type(None), "boolean": bool, "string": str, "array": list, "object": dict}
    return isinstance(value, kinds[name])


def same(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def is_valid(value: Any, schema: Any) -> bool:
    """Validate as JSON Schema says, word by word."""
    if isinstance(schema, bool):
        return schema
    return all(_fulfils(value, word, argument, schema) for word, argument in schema.items())


def _fulfils(value: Any, word: str, given: Any, schema: dict[str, Any]) -> bool:
    if word == "type":
        return any(is_type(value, name) for name in ([given] if isinstance(given, str) else given))
    if word == "enum":
        return any(same(value, each) for each in given)
    if word in ("anyOf", "allOf"):
        return (any if word == "anyOf" else all)(is_valid(value, each) for each in given)
    if is_type(value, "number"):
        return _number(value, word, given)
    if isinstance(value, str | list) and (length := re.fullmatch("(min|max)(Length|Items)", word)):
        if (length[2] == "Items") != isinstance(value, list):
            return True
        return bool(len(value) >= given if length[1] == "min" else len(value) <= given)
    if isinstance(value, list):
        if word == "uniqueItems" and given:
            return not any(same(one, other) for i, one in enumerate(value) for other in value[i + 1 :])
        return word != "items" or all(is_valid(each, given) for each in value)
    return not isinstance(value, dict) or _object(value, word, given, schema)


def _number(value: float, word: str, given: float) -> bool:
    fulfilled = {
        "minimum": value >= given if word == "minimum" else True,
        "maximum": value <= given if word == "maximum" else True,
        "exclusiveMinimum": value > given if word == "exclusiveMinimum" else True,
        "exclusiveMaximum": value < given if word == "exclusiveMaximum" else True,
        "multipleOf": float(value / given).is_integer() if word == "multipleOf" else True,
    }
    return bool(fulfilled.get(word, True))


def _object(value: dict[str, Any], word: str, given: Any, schema: dict[str, Any]) -> bool:
    if word == "required":
        return set(given) <= value.keys()
    if word == "properties":
        return all(is_valid(value[name], each) for name, each in given.items() if name in value)
    if word == "additionalProperties":
        return all(is_valid(each, given) for name, each in value.items() if name not in schema.get("properties", {}))
    return True


@settings(max_examples=400, deadline=None)
@given(old=schemas, new=schemas, value=values)
def test_an_answer_that_fits_the_new_schema_fits_the_old_one(old: Any, new: Any, value: Any) -> None:
    if not between(predicting(response=old), predicting(response=new)) and is_valid(value, new):
        assert is_valid(value, old)


def closed(schema: Any) -> Any:
    """Say of every object whether it has further properties: what is not said of a request is not held against it."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {word: argument if word == "enum" else closed(argument) for word, argument in schema.items()}
    is_object = found.get("type") == "object" or "type" not in found
    return found | ({"additionalProperties": True} if is_object and "additionalProperties" not in found else {})


@settings(max_examples=400, deadline=None)
@given(old=schemas, new=schemas, value=values)
def test_a_request_that_fitted_the_old_schema_fits_the_new_one(old: Any, new: Any, value: Any) -> None:
    old, new = closed(old), closed(new)
    if not between(predicting(request=old), predicting(request=new)) and is_valid(value, old):
        assert is_valid(value, new)


@settings(max_examples=200, deadline=None)
@given(schema=schemas)
def test_a_schema_breaks_nothing_of_itself(schema: Any) -> None:
    assert not between(predicting(request=schema), predicting(request={**schema, "title": "again"}))

"""Rows, schemas and answers as somebody careless or hostile writes them: bounded, and named clearly."""

import json
from typing import Any

import pytest

from tandem.quality.answers import LARGEST_ANSWER, read_answer
from tandem.quality.errors import NotFinite, NotJson, RowInvalid, SchemaUnusable
from tandem.quality.expectations import read_expected
from tandem.quality.json_text import parse_json, same_json
from tandem.quality.pointer import Missing, at, is_pointer
from tandem.quality.rows import LONGEST_GROUP, LONGEST_LINE, group_name, read_cases, read_rows
from tandem.quality.schemas import Schema


@pytest.mark.parametrize("text", [b"NaN", b"[1, Infinity]", b'{"a": -Infinity}', b"1e999"])
def test_what_is_not_finite_is_no_number(text: bytes) -> None:
    with pytest.raises(NotFinite):
        parse_json(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"<html>", "not JSON"),
        (b"\xff", "UTF-8"),
        (b"", "not JSON"),
        (b"[" * 100 + b"]" * 100, "levels deep"),
        (b"[" * 200_000, "levels deep"),
        (b"1" * 10_000, "too many digits"),
        (b'{"a": -1' + b"0" * 300 + b"}", "too many digits"),
        (b"[" + b"[]," * 600_000 + b"1]", "more than 500000 parts"),
    ],
)
def test_what_is_not_json_is_named(text: bytes, says: str) -> None:
    with pytest.raises(NotJson, match=says):
        parse_json(text)


@pytest.mark.parametrize(
    ("one", "other", "within", "same"),
    [
        (1, 1.0, 0, True),
        (1, True, 0, False),
        (0, False, 0, False),
        ([1, {"a": 2}], [1.05, {"a": 2}], 0.1, True),
        ({"a": 1}, {"a": 1, "b": 2}, 9, False),
        (None, None, 0, True),
        ("a", "b", 9, False),
    ],
)
def test_values_are_compared_as_json(one: Any, other: Any, within: float, same: bool) -> None:
    assert same_json(one, other, within) is same


VALUE = {"a": [10, {"b/c": 1, "~": 2}], "": 3}


@pytest.mark.parametrize(("pointer", "found"), [("", VALUE), ("/a/0", 10), ("/a/1/b~1c", 1), ("/a/1/~0", 2), ("/", 3)])
def test_pointers(pointer: str, found: Any) -> None:
    assert is_pointer(pointer)
    assert at(VALUE, pointer) == found


@pytest.mark.parametrize("pointer", ["/b", "/a/2", "/a/-1", "/a/01", "/a/0/x"])
def test_what_is_not_there_is_missing(pointer: str) -> None:
    with pytest.raises(Missing):
        at(VALUE, pointer)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("[1]", "object with a request"),
        ('{"request": 1}', "needs a name"),
        ('{"request": 1, "name": "a", "exspect": 1}', "no field 'exspect'"),
        ('{"request": 1, "name": "a\\u0007"}', "printable"),
        ('{"request": 1, "name": "a", "must": 1}', "true or false"),
        ('{"request": 1, "name": "a", "path": "predict"}', "begins with"),
        ('{"request": 1, "name": "a", "expect": {}}', "needs equals"),
        ('{"request": 1, "name": "a", "expect": {"equal": 1}}', "no field 'equal'"),
        ('{"request": 1, "name": "a", "expect": {"status": 4}}', "no HTTP status"),
        ('{"request": 1, "name": "a", "expect": {"min": "1"}}', "numbers"),
        ('{"request": 1, "name": "a", "expect": {"at": "score", "min": 1}}', "no JSON Pointer"),
        ('{"request": 1, "name": "a", "expect": {"schema": {"type": 1}}}', "no JSON Schema"),
        ('{"request": NaN, "name": "a"}', "NaN"),
        ('{"request": "' + "x" * LONGEST_LINE + '", "name": "a"}', "longer than"),
    ],
)
def test_a_case_that_is_not_in_order_is_named_by_its_line(line: str, says: str) -> None:
    with pytest.raises(RowInvalid, match=says) as caught:
        list(read_cases([b"\n", line.encode()], "cases"))
    assert str(caught.value).startswith("cases:2")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"request": 1}', "label"),
        ('{"request": 1, "label": [1]}', "label"),
        ('{"request":1,"label":1,"groups":[]}', "groups"),
    ],
)
def test_a_row_that_is_not_in_order_is_named(line: str, says: str) -> None:
    with pytest.raises(RowInvalid, match=says):
        list(read_rows([line.encode()], "rows"))


def test_groups_come_before_the_request() -> None:
    [row] = read_rows([b'{"request": {"sex": 1, "age": 30}, "label": 1, "groups": {"sex": "F"}}'], "rows")
    assert (row.group("sex"), row.group("age")) == ("F", 30)
    with pytest.raises(RowInvalid, match="country"):
        row.group("country")


@pytest.mark.parametrize(
    ("value", "name"), [(17, "below 40"), (40, "40 to 60"), (59.9, "40 to 60"), (60, "60 and above")]
)
def test_edges_cut_a_field(value: float, name: str) -> None:
    assert group_name(value, [40, 60], "rows:1") == name


@pytest.mark.parametrize(
    ("value", "name"),
    [(1.0, "1"), (1, "1"), (True, "true"), (None, "null"), ("x" * 40, "x" * 40), (0.1, "0.1"), (1e300, "1e+300")],
)
def test_groups_have_short_names(value: Any, name: str) -> None:
    assert group_name(value, None, "rows:1") == name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1000001, 1000002),
        (1000001.0, 1000002.0),
        (0.1234567, 0.1234568),
        ("x" * 40 + "a", "x" * 40 + "b"),
        (10**60, 10**60 + 1),
    ],
)
def test_groups_that_begin_alike_are_two_and_their_names_are_short(one: Any, other: Any) -> None:
    names = {group_name(value, None, "rows:1") for value in (one, other)}
    assert len(names) == 2
    assert all(len(name) <= LONGEST_GROUP for name in names)


def test_edges_that_begin_alike_are_two() -> None:
    edges = [20240102.0, 20240103.0, 20240104.0]
    assert group_name(20240102, edges, "rows:1") == "20240102 to 20240103"
    assert group_name(20240103, edges, "rows:1") == "20240103 to 20240104"


@pytest.mark.parametrize(
    ("expect", "status", "content", "problem"),
    [
        ({"at": "/score", "equals": 0.5, "within": 0.01}, 200, b'{"score": 0.505}', None),
        ({"at": "/score", "equals": 0.5}, 200, b'{"score": 0.6}', "/score is above what is expected"),
        ({"at": "/score", "equals": 0.5}, 200, b'{"score": "0.5"}', "/score is text"),
        ({"at": "/score", "min": 0, "max": 1}, 200, b'{"score": 2}', "/score is above 1"),
        ({"at": "/score", "min": 0}, 200, b'{"score": null}', "/score is null, not a number"),
        ({"at": "/score", "min": 0}, 200, b'{"value": 2}', "there is no /score in it"),
        ({"min": 0}, 200, b"[NaN]", "the answer is of no use: it holds NaN, which is no number of JSON"),
        ({"at": "/score", "min": 0}, 500, b'{"error": "x"}', "it was answered with 500, not 200"),
        ({"schema": {"required": ["score"]}}, 200, b"{}", "the answer: the whole lacks score"),
        ({"schema": {"items": {"type": "integer"}}}, 200, b'[1, "secret"]', "the answer: /1 is text, not integer"),
        ({"at": "/a", "schema": {"enum": ["b"]}}, 200, b'{"a": "secret"}', "/a: the whole breaks enum"),
        ({"status": 400}, 400, b"no JSON at all", None),
        ({"status": 400}, 500, b"", "it was answered with 500, not 400"),
        ([{"at": "/a", "min": 0}, {"at": "/b", "min": 0}], 200, b'{"a": 1, "b": -1}', "/b is below 0"),
        (None, 200, b"<html>", "the answer is of no use: it is HTML or XML, not JSON"),
    ],
)  # fmt: skip
def test_expectations(expect: Any, status: int, content: bytes, problem: str | None) -> None:
    assert read_expected(expect, "case").problem(read_answer(status, content)) == problem


def test_an_answer_is_of_a_bounded_size() -> None:
    assert "larger than" in str(read_answer(200, b"1" * (LARGEST_ANSWER + 1)).complaint)


def exponential(levels: int) -> Any:
    definitions = {f"d{level}": {"allOf": [{"$ref": f"#/$defs/d{level + 1}"}] * 2} for level in range(levels)}
    return {"$ref": "#/$defs/d0", "$defs": {**definitions, f"d{levels}": {}}}


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ({"type": "nothing"}, "is no JSON Schema"),
        ({"$ref": "http://127.0.0.1:1/schema"}, "refers to"),
        ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, "refers to"),
        ({"$ref": "#/$defs/nowhere"}, "does not define"),
        ({"$ref": "#"}, "without an end"),
        ({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}, "without an end"),
        (exponential(30), "too often"),
        ({"enum": list(range(20_000))}, "parts"),
        (json.loads('{"not":' * 70 + "{}" + "}" * 70), "levels deep"),
    ],
)
def test_hostile_schemas_are_refused(schema: Any, says: str) -> None:
    with pytest.raises(SchemaUnusable, match=says):
        Schema(schema, "the declared response of /predict").problem({"a": 1})


def test_a_schema_may_refer_to_itself_where_values_end() -> None:
    tree = Schema({"type": "object", "properties": {"child": {"$ref": "#"}}}, "tree")
    assert tree.problem({"child": {"child": {}}}) is None
    assert tree.problem({"child": {"child": 1}}) == "/child/child is a number, not object"


def test_a_schema_that_refers_to_itself_goes_as_deep_as_a_value_may() -> None:
    schema = Schema({"type": "object", "properties": {"next": {"$ref": "#"}}, "additionalProperties": False}, "it")
    value: dict[str, Any] = {}
    for _ in range(60):
        value = {"next": value}
    assert schema.problem(value) is None
    many = Schema(
        {"items": {"anyOf": [{"$ref": "#/$defs/a"}, {"type": "null"}]}, "$defs": {"a": {"type": "string"}}}, "it"
    )
    assert many.problem(["a", None] * 500) is None

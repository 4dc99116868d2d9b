"""What a change of a schema breaks: requests that were accepted, answers that were promised. Unknown breaks too."""

from typing import Any

import pytest

from tests.unit.contract.specs import between, predicting, routed, words


def an_object(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, **({"required": list(required)} if required else {})}


NUMBER, TEXT, WHOLE = {"type": "number"}, {"type": "string"}, {"type": "integer"}


def node(reference: str, value: dict[str, Any]) -> dict[str, Any]:
    return an_object("value", value=value, next={"anyOf": [{"$ref": reference}, {"type": "null"}]})


TREE = {"$ref": "#/$defs/node", "$defs": {"node": node("#/$defs/node", NUMBER)}}
WHOLE_TREE = {"$ref": "#/$defs/node", "$defs": {"node": node("#/$defs/node", WHOLE)}}

COMPATIBLE: list[tuple[str, Any, Any]] = [
    ("the-same", an_object(a=NUMBER), an_object(a=NUMBER)),
    ("only-words-for-readers", an_object(a=NUMBER), {**an_object(a={**NUMBER, "examples": [1]}), "title": "T"}),
    ("order", an_object("a", "b", a=NUMBER, b=TEXT), an_object("b", "a", b=TEXT, a=NUMBER)),
    ("a-property-called-title", an_object(title=TEXT), an_object(title=TEXT)),
    ("reference-written-out", {"$ref": "#/$defs/a", "$defs": {"a": NUMBER}}, NUMBER),
    ("list-of-types-written-out", {"type": ["string", "null"]}, {"anyOf": [TEXT, {"type": "null"}]}),
    ("all-of-one", {"allOf": [TEXT]}, TEXT),
    ("all-of-written-out", {"allOf": [{"type": "string"}, {"minLength": 1}]}, {"type": "string", "minLength": 1}),
    ("const-is-a-list-of-one", {"const": "a"}, {"enum": ["a"]}),
    ("one-of-different-types", {"oneOf": [TEXT, NUMBER]}, {"anyOf": [NUMBER, TEXT]}),
    ("recursive", TREE, {**TREE, "title": "a tree"}),
    ("recursive-renamed", TREE, {
        "$ref": "#/definitions/n",
        "definitions": {"n": node("#/definitions/n", NUMBER)},
    }),
    ("excluded-bound-of-integers", {"type": "integer", "exclusiveMinimum": 0}, {"type": "integer", "minimum": 1}),
    ("a-boolean-has-two-values", {"type": "boolean"}, {"enum": [True, False]}),
    ("unknown-words-unchanged", {"type": "string", "x-unit": "m"}, {"type": "string", "x-unit": "m"}),
]  # fmt: skip


@pytest.mark.parametrize("side", ["request", "response"])
@pytest.mark.parametrize(("one", "other"), [pytest.param(a, b, id=name) for name, a, b in COMPATIBLE])
def test_what_means_the_same_breaks_nothing(one: Any, other: Any, side: str) -> None:
    assert words(predicting(**{side: one}), predicting(**{side: other})) == []
    assert words(predicting(**{side: other}), predicting(**{side: one})) == []


# name, the wider schema, the narrower one, what narrowing a request breaks, what widening an answer breaks
NARROWED: list[tuple[str, Any, Any, str, str]] = [
    ("required", an_object(a=NUMBER), an_object("a", a=NUMBER), "a is now required", "a is no longer promised"),
    (
        "type",
        {"type": ["string", "number"]},
        TEXT,
        "the body may no longer be a number",
        "the body may now be a number",
    ),
    ("integer", an_object(a=NUMBER), an_object(a=WHOLE), "a may no longer be a number", "a may now be a number"),
    ("null", {"anyOf": [TEXT, {"type": "null"}]}, TEXT, "the body may no longer be null", "the body may now be null"),
    (
        "enum",
        an_object(a={"enum": ["x", "y"]}),
        an_object(a={"enum": ["x"]}),
        'a may no longer be "y"',
        'a may now be "y"',
    ),
    ("enum-at-all", TEXT, {"enum": ["x", "y"]}, 'the body takes only "x", "y" now', "the body may now be any string"),
    (
        "minimum",
        {"type": "number", "minimum": 0},
        {"type": "number", "minimum": 1},
        "the body: minimum went from 0 to 1",
        "the body: minimum went from 1 to 0",
    ),
    (
        "maximum",
        NUMBER,
        {"type": "number", "exclusiveMaximum": 1},
        "the body: maximum went from none to 1 (excluded)",
        "the body: maximum went from 1 (excluded) to none",
    ),
    (
        "length",
        TEXT,
        {"type": "string", "maxLength": 3},
        "the body: maxLength went from none to 3",
        "the body: maxLength went from 3 to none",
    ),
    (
        "pattern",
        TEXT,
        {"type": "string", "pattern": "^a"},
        "the body: pattern went from none to ^a",
        "the body: pattern went from ^a to none",
    ),
    (
        "items",
        {"type": "array", "items": an_object(a=NUMBER)},
        {"type": "array", "items": an_object("a", a=NUMBER)},
        "[].a is now required",
        "[].a is no longer promised",
    ),
    (
        "number-of-items",
        {"type": "array", "minItems": 1},
        {"type": "array", "minItems": 2},
        "the body: minItems went from 1 to 2",
        "the body: minItems went from 2 to 1",
    ),
    (
        "closed",
        an_object(a=NUMBER),
        {**an_object(a=NUMBER), "additionalProperties": False},
        "the body takes no further properties now",
        "the body may have further properties now",
    ),
    (
        "multiple",
        {"type": "number", "multipleOf": 2},
        {"type": "number", "multipleOf": 4},
        "the body: multipleOf went from 2 to 4",
        "the body: multipleOf went from 4 to 2",
    ),
    ("recursive", TREE, WHOLE_TREE, "next.value may no longer be a number", "next.value may now be a number"),
    (
        "deep",
        an_object(a=an_object(b={"type": "array", "items": NUMBER})),
        an_object(a=an_object(b={"type": "array", "items": WHOLE})),
        "a.b[] may no longer be a number",
        "a.b[] may now be a number",
    ),
]


@pytest.mark.parametrize(
    ("wide", "narrow", "refused", "promised"), [pytest.param(*row[1:], id=row[0]) for row in NARROWED]
)
def test_a_request_must_not_narrow_and_an_answer_must_not_widen(
    wide: Any, narrow: Any, refused: str, promised: str
) -> None:
    assert words(predicting(request=wide), predicting(request=narrow)) == [f"POST /predict request: {refused}"]
    assert words(predicting(request=narrow), predicting(request=wide)) == []
    assert words(predicting(response=narrow), predicting(response=wide)) == [f"POST /predict response: {promised}"]
    assert words(predicting(response=wide), predicting(response=narrow)) == []


@pytest.mark.parametrize(
    ("side", "old", "new", "expected"),
    [
        pytest.param("request", an_object(), an_object(b=TEXT), [], id="request-gains-an-optional-property"),
        pytest.param("request", an_object(b=TEXT), an_object(), [], id="request-ignores-a-property"),
        pytest.param(
            "request",
            an_object(b=TEXT),
            {**an_object(), "additionalProperties": False},
            ["b is no longer accepted", "the body takes no further properties now"],
            id="request-refuses-a-property",
        ),
        pytest.param(
            "request",
            {"type": "object", "additionalProperties": NUMBER},
            {"type": "object", "additionalProperties": NUMBER, "properties": {"b": TEXT}},
            ["b may no longer be a number"],
            id="request-that-was-a-map",
        ),
        pytest.param("response", an_object(), an_object(b=TEXT), [], id="answer-gains-a-property"),
        pytest.param("response", an_object(b=TEXT), an_object(), ["b was removed"], id="answer-loses-a-property"),
        pytest.param(
            "response", an_object("b", b=TEXT), an_object(), ["b is no longer promised"], id="answer-loses-it-for-sure"
        ),
        pytest.param(
            "response",
            {**an_object(), "additionalProperties": False},
            {**an_object(b=TEXT), "additionalProperties": False},
            ["b is answered now, which was ruled out"],
            id="answer-has-what-was-ruled-out",
        ),
        pytest.param("request", NUMBER, None, ["its schema was removed"], id="request-no-longer-declared"),
        pytest.param("response", NUMBER, None, ["its schema was removed"], id="answer-no-longer-declared"),
        pytest.param("request", None, NUMBER, [], id="request-declared-for-the-first-time"),
    ],
)
def test_properties(side: str, old: Any, new: Any, expected: list[str]) -> None:
    found = [
        each.removeprefix(f"POST /predict {side}: ")
        for each in words(predicting(**{side: old}), predicting(**{side: new}))
    ]
    assert found == expected


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        pytest.param(TEXT, {"not": TEXT}, "it uses not", id="a-word-outside"),
        pytest.param({**TEXT, "x-unit": "m"}, {**TEXT, "x-unit": "km"}, "it uses x-unit", id="a-word-of-ones-own"),
        pytest.param(
            {"oneOf": [an_object(a=TEXT), an_object(b=TEXT)]}, {"oneOf": [an_object(a=TEXT), an_object(c=TEXT)]},
            "oneOf with alternatives of one type", id="one-of",
        ),
        pytest.param(NUMBER, {"$ref": "https://example.com/schema"}, "leads out of it", id="reference-outside"),
        pytest.param(NUMBER, {"$ref": "#/$defs/gone"}, "leads nowhere", id="dangling-reference"),
        pytest.param(
            NUMBER, {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}, "in a circle", id="circular-reference"
        ),
        pytest.param(NUMBER, {"type": "float"}, "there is no type 'float'", id="no-such-type"),
        pytest.param(NUMBER, {"type": "number", "minimum": "0"}, "its minimum is not one", id="nonsense"),
        pytest.param(
            {"anyOf": [{"type": "integer", "maximum": 3}, {"type": "integer", "minimum": 7}]},
            {"anyOf": [{"type": "integer", "maximum": 2}, {"type": "integer", "minimum": 6}]},
            "none of its alternatives alone", id="alternatives-that-overlap",
        ),
        pytest.param(
            {"type": "string", "pattern": "^a"}, {"type": "string", "pattern": "^b"}, "cannot be compared",
            id="patterns",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_unknown_not_compatible(old: Any, new: Any, reason: str) -> None:
    [found] = between(predicting(request=old), predicting(request=new))
    assert not found.known
    assert reason in found.words


def test_an_unknown_word_beside_what_changed_leaves_nothing_known_to_be_compatible() -> None:
    old = {**an_object(a=TEXT), "unevaluatedProperties": False}
    new = {**an_object(a=TEXT, b=TEXT), "unevaluatedProperties": False}
    [found] = between(predicting(request=old), predicting(request=new))
    assert not found.known


def test_an_equal_part_that_refers_to_what_changed_is_looked_into() -> None:
    old = {**an_object(a={"$ref": "#/$defs/x"}), "$defs": {"x": NUMBER}}
    new = {**an_object(a={"$ref": "#/$defs/x"}), "$defs": {"x": WHOLE}}
    assert words(predicting(request=old), predicting(request=new)) == [
        "POST /predict request: a may no longer be a number"
    ]


def test_many_differences_of_one_schema_are_one() -> None:
    names = [f"f{number}" for number in range(30)]
    old, new = an_object(**dict.fromkeys(names, NUMBER)), an_object(*names, **dict.fromkeys(names, NUMBER))
    [found] = between(predicting(request=old), predicting(request=new))
    assert found.words.endswith("and 26 more")


def test_a_schema_that_explodes_when_written_out_is_given_up() -> None:
    levels = {f"l{n}": {"anyOf": [{"$ref": f"#/$defs/l{n + 1}"}] * 10} for n in range(30)}
    bomb = {"$ref": "#/$defs/l0", "$defs": {**levels, "l30": NUMBER}}
    [found] = between(predicting(request=NUMBER), predicting(request=bomb))
    assert not found.known


def test_a_schema_that_is_nested_too_deeply_is_known_to_have_changed_only() -> None:
    def nested(inner: Any) -> Any:
        for _ in range(100):
            inner = {"type": "array", "items": inner}
        return inner

    assert between(predicting(request=nested(NUMBER)), predicting(request=nested(NUMBER))) == ()
    [found] = between(predicting(request=nested(NUMBER)), predicting(request=nested(WHOLE)))
    assert "too large to be compared" in found.words


def test_schemas_too_large_to_be_kept_are_known_to_have_changed_only() -> None:
    many = an_object(**{f"feature_{number}": NUMBER for number in range(2_000)})
    more = an_object(**{f"feature_{number}": NUMBER for number in range(2_001)})
    assert between(predicting(request=many), predicting(request=many)) == ()
    [found] = between(predicting(request=many), predicting(request=more))
    assert not found.known


def test_a_route_beside_it_does_not_change_a_schema() -> None:
    """Schemas share the room that there is for them: with another one beside it, the same one is kept as a digest."""
    wide, wider = (an_object(**{f"feature_{number}": NUMBER for number in range(count)}) for count in (500, 700))
    one, other = {"path": "/batch", "request": wide}, {"path": "/predict", "request": wider}
    assert between(routed(other), routed(one, other)) == ()
    assert words(routed(one, other), routed(other)) == ["POST /batch was removed"]
    [found] = between(routed(other), routed(one, {**other, "request": {**wider, "required": ["feature_1"]}}))
    assert not found.known

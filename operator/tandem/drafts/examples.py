"""Examples of what a JSON Schema describes: always the same ones, and each of them held against the schema.

The size of what is made is bounded, whatever the schema asks for.
"""

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from tandem.drafts.patterns import NoText, matching_text

MOST_VALUES: Final = 5_000
DEEPEST: Final = 40
LONGEST: Final = 1_000
"""Items of a list, or characters of a text."""

OPTIONAL_UNTIL: Final = 4
"""How deep fields are filled in that need not be there: a schema that refers to itself would never end."""

_FORMATS: Final = {
    "date-time": "2026-01-15T09:30:00Z",
    "date": "2026-01-15",
    "time": "09:30:00Z",
    "duration": "PT1H",
    "email": "somebody@example.com",
    "hostname": "host.example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/one",
    "uuid": "3f2b8c1e-7d4a-4b6f-9a1c-5e8d2f0b7a63",
}
_WORDS: Final = ("example", "sample", "instance", "specimen", "case")
_SHARES: Final = (Fraction(1, 2), Fraction(1, 4), Fraction(3, 4), Fraction(1, 10), Fraction(9, 10))
"""Where between its bounds a number lies, one example after the other."""


class NoExample(Exception):
    """No example could be made; the message says of which part, why, and what to add to the schema."""


def examples(schema: Any, most: int = 5) -> list[Any]:
    """Return up to ``most`` different examples, at least one. Raises `NoExample`."""
    found: list[Any] = []
    problem: NoExample | None = None
    for choice in range(most):
        try:
            made = example(schema, choice)
        except NoExample as error:
            problem = problem or error
            continue
        if made not in found:
            found.append(made)
    if not found:
        assert problem is not None
        raise problem
    return found


def example(schema: Any, choice: int = 0) -> Any:
    """Return one example of a schema that stands by itself; another ``choice`` gives another one, if there is any.

    Raises `NoExample`.
    """
    made = _Maker(schema, choice).of(schema, "", 0)
    try:
        Draft202012Validator(schema).validate(made)
    except ValidationError as error:
        where = "".join(f"/{part}" for part in error.absolute_path)
        raise NoExample(
            f"no example is found that fits the schema (at {where or '/'}: {error.message[:160]}): "
            "add one to the schema, as `examples: [...]`"
        ) from error
    except RecursionError as error:
        raise NoExample("the schema refers to itself without end: it describes nothing") from error
    return made


class _Maker:
    def __init__(self, root: Any, choice: int) -> None:
        self._root = root
        self._choice = choice
        self._left = MOST_VALUES

    def of(self, schema: Any, where: str, depth: int) -> Any:
        self._left -= 1
        if self._left < 0 or depth > DEEPEST:
            raise _none(where, "it describes nothing that ends, or is too large")
        if schema is False:
            raise _none(where, "it allows nothing")
        if schema is True:
            return "anything"
        given = [*schema.get("examples", []), *([schema["default"]] if "default" in schema else [])]
        if "const" in schema:
            return schema["const"]
        if given:
            return given[self._choice % len(given)]
        if schema.get("enum"):
            return schema["enum"][self._choice % len(schema["enum"])]
        if "$ref" in schema:
            return self.of(_merged(self._target(schema["$ref"], where), _without(schema, "$ref")), where, depth + 1)
        if schema.get("allOf"):
            whole = _without(schema, "allOf")
            for part in schema["allOf"]:
                whole = _merged(whole, self._plain(part, where))
            return self.of(whole, where, depth + 1)
        for word in ("anyOf", "oneOf"):
            if schema.get(word):
                return self._first(schema[word], _without(schema, word), where, depth)
        return self._by_type(schema, where, depth)

    def _plain(self, part: Any, where: str) -> Any:
        return self._target(part["$ref"], where) if isinstance(part, Mapping) and "$ref" in part else part

    def _target(self, reference: str, where: str) -> Any:
        node: Any = self._root
        for part in reference.removeprefix("#").split("/")[1:]:
            node = node.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(node, Mapping) else None
        if node is None:
            raise _none(where, f"{reference} points to nothing")
        return node

    def _first(self, branches: list[Any], rest: Mapping[str, Any], where: str, depth: int) -> Any:
        start = self._choice % len(branches)
        problem: NoExample | None = None
        for branch in [*branches[start:], *branches[:start]]:
            try:
                return self.of(_merged(self._plain(branch, where), rest), where, depth + 1)
            except NoExample as error:
                problem = problem or error
        assert problem is not None
        raise problem

    def _by_type(self, schema: Mapping[str, Any], where: str, depth: int) -> Any:
        kind = schema.get("type", _implied(schema))
        if isinstance(kind, list):
            kinds = [each for each in kind if each != "null"] or ["null"]
            if "null" in kind and self._choice % 4 == 3:
                return None
            kind = kinds[self._choice % len(kinds)]
        if kind == "object":
            return self._object(schema, where, depth)
        if kind == "array":
            return self._array(schema, where, depth)
        if kind in ("number", "integer"):
            return _number(schema, where, self._choice, whole=kind == "integer")
        if kind == "string":
            return _text(schema, where, self._choice)
        return {"boolean": self._choice % 2 == 0, "null": None}.get(str(kind), "anything")

    def _object(self, schema: Mapping[str, Any], where: str, depth: int) -> dict[str, Any]:
        properties: Mapping[str, Any] = schema.get("properties", {})
        required = [name for name in schema.get("required", []) if isinstance(name, str)]
        made: dict[str, Any] = {}
        for name, part in properties.items():
            # Every third example has only what must be there: callers learn that the rest may be missing.
            if name in required:
                made[name] = self.of(part, f"{where}/{name}", depth + 1)
            elif depth < OPTIONAL_UNTIL and self._choice % 3 != 2:
                made |= self._if_possible(name, part, where, depth)
        others = schema.get("additionalProperties", True)
        for name in required:
            if name not in made:
                made[name] = self.of(others, f"{where}/{name}", depth + 1)
        for number in range(min(schema.get("minProperties", 0), LONGEST)):
            if len(made) >= schema.get("minProperties", 0):
                break
            made[f"field{number}"] = self.of(others, f"{where}/field{number}", depth + 1)
        return made

    def _if_possible(self, name: str, part: Any, where: str, depth: int) -> dict[str, Any]:
        try:
            return {name: self.of(part, f"{where}/{name}", depth + 1)}
        except NoExample:
            return {}

    def _array(self, schema: Mapping[str, Any], where: str, depth: int) -> list[Any]:
        least, most = schema.get("minItems", 0), schema.get("maxItems", math.inf)
        first: list[Any] = schema.get("prefixItems", [])
        if least > LONGEST:
            raise _none(where, f"it asks for a list of at least {least} items")
        usual = 2 if depth < OPTIONAL_UNTIL else 0
        length = int(min(max(least, len(first) or usual), most))
        items = schema.get("items", True)
        choice, made = self._choice, []
        for index in range(length):
            # Items differ where they can: a list of probabilities is seldom all the same, and some must be unique.
            self._choice = choice + index
            made.append(self.of(first[index] if index < len(first) else items, f"{where}/{index}", depth + 1))
        self._choice = choice
        if schema.get("uniqueItems") is True:
            made = [each for index, each in enumerate(made) if each not in made[:index]]
        return made


def _none(where: str, why: str) -> NoExample:
    return NoExample(f"no example can be made for {where or 'the schema'}: {why}; add one there, as `examples: [...]`")


def _implied(schema: Mapping[str, Any]) -> str | None:
    """Return the type that is meant where none is said."""
    words = {
        "object": ("properties", "required", "additionalProperties", "minProperties"),
        "array": ("items", "prefixItems", "minItems"),
        "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        "string": ("pattern", "minLength", "maxLength", "format"),
    }
    return next((kind for kind, each in words.items() if any(word in schema for word in each)), None)


def _without(schema: Mapping[str, Any], word: str) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key != word}


def _merged(one: Any, other: Any) -> Any:
    """Return a schema that asks for what both ask for, as far as examples need it."""
    if not isinstance(one, Mapping):
        return other if one is True else one
    if not isinstance(other, Mapping):
        return one if other is True else other
    merged = {**one, **other}
    for key in one.keys() & other.keys():
        mine, theirs = one[key], other[key]
        if key == "properties":
            merged[key] = {**mine, **{name: _merged(mine.get(name, True), part) for name, part in theirs.items()}}
        elif key == "required":
            merged[key] = [*mine, *(name for name in theirs if name not in mine)]
        elif key in ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"):
            merged[key] = max(mine, theirs)
        elif key in ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"):
            merged[key] = min(mine, theirs)
        elif key == "enum":
            merged[key] = [each for each in mine if each in theirs]
        elif key in ("allOf", "anyOf", "oneOf") and mine != theirs:
            merged["allOf"] = [*merged.get("allOf", []), {key: mine}]
    return merged


def _number(schema: Mapping[str, Any], where: str, choice: int, *, whole: bool) -> int | float:
    low, high = _bounds(schema, whole=whole)
    if low > high:
        raise _none(where, "its bounds leave no number between them")
    step = schema.get("multipleOf")
    if step:
        return _multiple(schema, where, (low, high), whole=whole, choice=choice)
    value = low + (high - low) * _SHARES[choice % len(_SHARES)]
    if whole:
        # The share is rounded towards the middle, and so stays within the bounds.
        return min(max(round(value), math.ceil(low)), math.floor(high))
    rounded = Fraction(f"{float(value):.4g}")
    return float(rounded if low < rounded < high else value)


def _bounds(schema: Mapping[str, Any], *, whole: bool) -> tuple[Fraction, Fraction]:
    """Return the least and the most; a bound that is not to be reached is taken a little further in."""
    lows = [Fraction(str(schema["minimum"]))] if "minimum" in schema else []
    highs = [Fraction(str(schema["maximum"]))] if "maximum" in schema else []
    if "exclusiveMinimum" in schema:
        bound = Fraction(str(schema["exclusiveMinimum"]))
        lows.append(math.floor(bound) + Fraction(1) if whole else bound)
    if "exclusiveMaximum" in schema:
        bound = Fraction(str(schema["exclusiveMaximum"]))
        highs.append(math.ceil(bound) - Fraction(1) if whole else bound)
    span = Fraction(100 if whole else 1)
    low = max(lows) if lows else None
    high = min(highs) if highs else None
    if low is None:
        low = min(Fraction(0), high - span) if high is not None else Fraction(0)
    if high is None:
        high = max(span, low + span)
    return (Fraction(math.ceil(low)), Fraction(math.floor(high))) if whole else (low, high)


def _multiple(
    schema: Mapping[str, Any], where: str, bounds: tuple[Fraction, Fraction], *, whole: bool, choice: int
) -> int | float:
    step = Fraction(str(schema["multipleOf"]))
    if whole:
        step *= step.denominator
    first = math.ceil(bounds[0] / step)
    for number in range(first + choice % 3, first + 100):
        value = number * step
        made = int(value) if whole else float(value)
        if Draft202012Validator({key: schema[key] for key in _NUMERIC if key in schema}).is_valid(made):
            return made
    raise _none(where, "its bounds leave no multiple between them")


_NUMERIC: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")


def _text(schema: Mapping[str, Any], where: str, choice: int) -> str:
    least, most = schema.get("minLength", 0), schema.get("maxLength", LONGEST)
    if least > LONGEST:
        raise _none(where, f"it asks for a text of at least {least} characters")
    if "pattern" in schema:
        return _patterned(schema["pattern"], where, (least, most), choice)
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    word = _WORDS[choice % len(_WORDS)]
    while len(word) < least:
        word += word
    return word[: max(least, min(len(word), most))] if len(word) > most or least else word


def _patterned(pattern: str, where: str, lengths: tuple[int, int], choice: int) -> str:
    for attempt in range(8):
        try:
            text = matching_text(pattern, choice + attempt)
        except NoText as error:
            raise _none(where, "no text is found for its pattern") from error
        if lengths[0] <= len(text) <= lengths[1]:
            return text
    raise _none(where, "no text of its length is found for its pattern")

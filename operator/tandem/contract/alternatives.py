"""A JSON Schema as alternatives, each of one type and a plain conjunction of words: what can be compared.

References, ``anyOf``, ``allOf`` and lists of types are written out. Words outside `WORDS` are not understood: a schema
with one is never called compatible with another.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tandem.manifests.canonical import identity, plain

MOST_ALTERNATIVES: Final = 64
MOST_REFERENCES: Final = 32

WORDS: Final[Mapping[str, frozenset[str]]] = {
    "null": frozenset(),
    "boolean": frozenset(),
    "number": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}),
    "string": frozenset({"minLength", "maxLength", "pattern", "format"}),
    "array": frozenset({"items", "minItems", "maxItems", "uniqueItems"}),
    "object": frozenset({"properties", "required", "additionalProperties", "minProperties", "maxProperties"}),
}
"""Words by the type of value that they speak of; ``enum`` and ``const`` speak of all."""

_UNDERSTOOD: Final = frozenset().union(*WORDS.values(), {"type", "enum", "const"})
_WRITTEN_OUT: Final = frozenset({"$ref", "anyOf", "oneOf", "allOf", "$defs", "definitions"})
_NUMBERS: Final = frozenset({
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "minItems",
    "maxItems", "minProperties", "maxProperties",
})  # fmt: skip


class Incomparable(Exception):
    """A schema that cannot be compared; the message says for which word."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """Values of one type. ``whole``: of numbers, integers only. ``values``: the only ones, if they are listed."""

    kind: str
    words: Mapping[str, Any]
    whole: bool = False
    values: tuple[Any, ...] | None = None


def kind_of(value: Any) -> str:
    """Return the type of a JSON value; integers are numbers."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def alternatives(schema: Any, root: Any) -> dict[str, list[Alternative]]:
    """Return the alternatives of a schema by type; ``root`` is the document that references lead into."""
    found: dict[str, list[Alternative]] = {}
    for words in _written_out(schema, root, 0):
        for alternative in _by_type(words):
            found.setdefault(alternative.kind, []).append(alternative)
    return found


def resolved(schema: Any, root: Any) -> Any:
    """Return what a schema that is nothing but a reference refers to; others as they are."""
    for _ in range(MOST_REFERENCES):
        if not isinstance(schema, Mapping) or not isinstance(schema.get("$ref"), str):
            return schema
        if schema.keys() - {"$ref", "$defs", "definitions"}:
            return schema
        schema = _target(schema["$ref"], root)
    raise Incomparable("its references lead in a circle")


def _by_type(words: Mapping[str, Any]) -> Iterable[Alternative]:
    types, values = _types(words.get("type")), _values(words)
    for kind, its_words in WORDS.items():
        whole = kind == "number" and "number" not in types
        if kind not in types and not (kind == "number" and "integer" in types):
            continue
        listed = values
        if values is not None:
            listed = tuple(v for v in values if kind_of(v) == kind and not (whole and not isinstance(plain(v), int)))
            if not listed:
                continue
        elif kind in ("null", "boolean"):
            listed = (None,) if kind == "null" else (False, True)
        yield Alternative(kind, {word: words[word] for word in its_words & words.keys()}, whole, listed)


def _types(said: Any) -> frozenset[str]:
    known = WORDS.keys() | {"integer"}
    types = frozenset(known if said is None else [said] if isinstance(said, str) else said)
    if not types <= known:
        raise Incomparable(f"there is no type {sorted(types - known)[0]!r}")
    return types


def _with_integers(types: frozenset[str]) -> frozenset[str]:
    return types | {"integer"} if "number" in types else types


def _values(words: Mapping[str, Any]) -> tuple[Any, ...] | None:
    if "const" in words and "enum" in words:
        raise Incomparable("it combines enum and const")
    if "const" in words:
        return (words["const"],)
    return tuple(words["enum"]) if "enum" in words else None


def _written_out(schema: Any, root: Any, depth: int) -> list[Mapping[str, Any]]:
    """Return conjunctions of words, one of which a valid value fulfils."""
    if depth > MOST_REFERENCES:
        raise Incomparable("its references lead in a circle, or too far")
    if isinstance(schema, bool):
        return [{}] if schema else []
    if not isinstance(schema, Mapping):
        raise Incomparable("it is not a schema")
    _check(schema)
    found: list[Mapping[str, Any]] = [{word: schema[word] for word in schema.keys() - _WRITTEN_OUT}]
    parts = [_written_out(_target(schema["$ref"], root), root, depth + 1)] if "$ref" in schema else []
    parts += [_written_out(each, root, depth + 1) for each in schema.get("allOf", [])]
    for word in {"anyOf", "oneOf"} & schema.keys():
        branches = [_written_out(each, root, depth + 1) for each in schema[word]]
        if word == "oneOf" and not _disjoint(branches):
            raise Incomparable("it uses oneOf with alternatives of one type")
        parts.append([words for branch in branches for words in branch])
    for part in parts:
        found = [_both(one, other) for one in found for other in part]
        if len(found) > MOST_ALTERNATIVES:
            raise Incomparable("it has too many alternatives")
    return found


def _check(schema: Mapping[str, Any]) -> None:
    """Raise `Incomparable` for a word that is not understood, or whose argument is not of its kind."""
    strange = sorted(schema.keys() - _UNDERSTOOD - _WRITTEN_OUT)
    if strange:
        raise Incomparable(f"it uses {strange[0][:40]}")
    for word, value in schema.items():
        if not _fits(word, value):
            raise Incomparable(f"its {word} is not one that is understood")


def _fits(word: str, value: Any) -> bool:
    if word in _NUMBERS:
        return kind_of(value) == "number" and (word != "multipleOf" or value > 0)
    if word in ("enum", "required", "anyOf", "oneOf", "allOf"):
        return isinstance(value, list) and (word != "required" or all(isinstance(each, str) for each in value))
    if word == "properties":
        return isinstance(value, Mapping)
    if word in ("pattern", "format", "$ref"):
        return isinstance(value, str)
    if word == "type":
        return isinstance(value, str) or isinstance(value, list) and all(isinstance(each, str) for each in value)
    if word in ("items", "additionalProperties"):
        return isinstance(value, bool | Mapping)
    return word != "uniqueItems" or isinstance(value, bool)


def _disjoint(branches: list[list[Mapping[str, Any]]]) -> bool:
    kinds = [{alternative.kind for words in branch for alternative in _by_type(words)} for branch in branches]
    return sum(map(len, kinds)) == len(set().union(*kinds)) if kinds else True


def _target(reference: str, root: Any) -> Any:
    """Return what a reference into the document itself leads to."""
    if not reference.startswith("#"):
        raise Incomparable(f"its reference {reference[:80]!r} leads out of it")
    found = root
    for part in reference[1:].strip("/").split("/") if reference not in ("#", "#/") else []:
        name = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(found, Mapping) or name not in found:
            raise Incomparable(f"its reference {reference[:80]!r} leads nowhere")
        found = found[name]
    return found


def _both(one: Mapping[str, Any], other: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the words of two conjunctions as one."""
    merged = {**one, **other}
    for word in one.keys() & other.keys():
        if identity(one[word]) != identity(other[word]):
            merged[word] = _combined(word, one[word], other[word])
    fields = ("properties", "additionalProperties")
    if "additionalProperties" in merged and any(word in one for word in fields) and any(w in other for w in fields):
        raise Incomparable("it combines additionalProperties with the properties of another part")
    return merged


def _combined(word: str, one: Any, other: Any) -> Any:
    if word == "required":
        return sorted({*one, *other})
    if word == "type":
        return sorted(_with_integers(_types(one)) & _with_integers(_types(other)))
    if word == "properties" and not one.keys() & other.keys():
        return {**one, **other}
    raise Incomparable(f"it combines several {word}")

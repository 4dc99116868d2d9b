"""JSON Schemas that people declared: checked before use, bounded in use, and silent about values.

The library does the validating. What it lacks is added here: a schema refers only to itself, is of a bounded size, and
may follow only so many references for one value. Its messages quote the value; ours do not.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from jsonschema import validators
from jsonschema.exceptions import SchemaError, ValidationError, best_match
from jsonschema.validators import Draft202012Validator
from referencing import Registry
from referencing.exceptions import Unresolvable

from tandem.quality.errors import SchemaUnusable
from tandem.quality.json_text import DEEPEST, depth, kind_of

MOST_PARTS: Final = 10_000
MOST_REFERENCES: Final = 10_000
"""References followed for one value: a few lines of schema can ask for billions."""

DEEPEST_REFERENCES: Final = 64
"""References that are being followed at a time. The interpreter's own limit must not be what ends them: where it is
reached inside the library's compiled parts that is no exception that can be caught, but a panic."""

_OTHER_REFERENCES: Final = ("$dynamicRef", "$recursiveRef")


class Schema:
    """A declared schema, ready for use. Raises ``SchemaUnusable`` for one that cannot be used."""

    def __init__(self, document: Any, what: str) -> None:
        self._what = what
        _check(document, what)
        self._followed = self._inside = 0
        made = validators.validator_for(document, default=Draft202012Validator)
        try:
            made.check_schema(document)
        except SchemaError as error:
            raise SchemaUnusable(f"{what} is no JSON Schema: {_place(error)} breaks {error.validator!r}") from error
        except RecursionError as error:
            raise SchemaUnusable(f"{what} is nested too deeply") from error
        followed = validators.extend(made, {"$ref": self._counting(made.VALIDATORS["$ref"])})  # type: ignore[no-untyped-call]
        self._validator = followed(document, registry=Registry())

    def problem(self, value: Any) -> str | None:
        """Return what speaks against a value, without the value; None if it fits."""
        self._followed = self._inside = 0
        try:
            found = best_match(self._validator.iter_errors(value))
        except (RecursionError, _TooManyReferences) as error:
            raise SchemaUnusable(f"{self._what} refers to itself without an end, or too often") from error
        except Unresolvable as error:
            raise SchemaUnusable(f"{self._what} refers to something that it does not define") from error
        return _words(found) if found is not None else None

    def _counting(self, follow: Any) -> Any:
        def counted(validator: Any, reference: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
            self._followed += 1
            if self._followed > MOST_REFERENCES or self._inside >= DEEPEST_REFERENCES:
                raise _TooManyReferences
            self._inside += 1
            try:
                yield from follow(validator, reference, instance, schema) or ()
            finally:  # also where only the first error is asked for
                self._inside -= 1

        return counted


class _TooManyReferences(Exception):
    pass


def _check(document: Any, what: str) -> None:
    if depth(document) > DEEPEST:
        raise SchemaUnusable(f"{what} is nested more than {DEEPEST} levels deep")
    parts, waiting = 0, [document]
    while waiting:
        part = waiting.pop()
        parts += 1
        if parts > MOST_PARTS:
            raise SchemaUnusable(f"{what} has more than {MOST_PARTS} parts")
        if isinstance(part, Mapping):
            _check_references(part, what)
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)


def _check_references(part: Mapping[str, Any], what: str) -> None:
    reference = part.get("$ref")
    if isinstance(reference, str) and not reference.startswith("#"):
        raise SchemaUnusable(f"{what} refers to {reference[:80]!r}: write what it means into the schema itself ($defs)")
    for word in _OTHER_REFERENCES:
        if isinstance(part.get(word), str):
            raise SchemaUnusable(f"{what} uses {word}: use $ref with a part of the schema itself")


def _place(error: ValidationError | SchemaError) -> str:
    return "".join(f"/{part}" for part in error.absolute_path) or "the whole"


def _words(error: ValidationError) -> str:
    """Say what is wrong in the words of the schema: its own words are declared, those of an answer are private."""
    where, word, wanted = _place(error), str(error.validator), error.validator_value
    if word == "type":
        types = wanted if isinstance(wanted, list) else [wanted]
        return f"{where} is {kind_of(error.instance)}, not {' or '.join(str(type_) for type_ in types)}"
    if word == "required" and isinstance(error.instance, Mapping):
        names = wanted if isinstance(wanted, list) else []
        missing = [str(name) for name in names if name not in error.instance]
        return f"{where} lacks {', '.join(missing[:5])}"
    if word == "additionalProperties":
        return f"{where} has fields that are not declared"
    plain = isinstance(wanted, str | int | float)
    return f"{where} breaks {word}{f' {wanted}'[:60] if plain else ''}"

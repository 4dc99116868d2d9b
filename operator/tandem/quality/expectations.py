"""What an edge case expects of its answer: a status, or something at a JSON Pointer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tandem.quality.answers import Answer
from tandem.quality.errors import RowInvalid, SchemaUnusable
from tandem.quality.json_text import is_number, kind_of, same_json
from tandem.quality.pointer import Missing, at, is_pointer
from tandem.quality.schemas import Schema

_MISSING: Final = object()
_FIELDS: Final = frozenset({"at", "equals", "within", "min", "max", "schema"})


@dataclass(frozen=True)
class Expectation:
    """What is expected at one place of an answer."""

    at: str
    equals: Any = _MISSING
    within: float = 0.0
    min: float | None = None
    max: float | None = None
    schema: Schema | None = None

    def problem(self, body: Any) -> str | None:
        """Return what speaks against an answer's body, in pointers and kinds only; None if it is as expected."""
        try:
            found = at(body, self.at)
        except Missing as missing:
            return str(missing)
        where = self.at or "the answer"
        if self.equals is not _MISSING and not same_json(found, self.equals, self.within):
            if is_number(found) and is_number(self.equals):
                return f"{where} is {'above' if found > self.equals else 'below'} what is expected"
            same_kind = kind_of(found) == kind_of(self.equals)
            return f"{where} is not what is expected" if same_kind else f"{where} is {kind_of(found)}"
        if self.min is not None or self.max is not None:
            return self._out_of_range(found, where)
        problem = self.schema.problem(found) if self.schema is not None else None
        return f"{where}: {problem}" if problem else None

    def _out_of_range(self, found: Any, where: str) -> str | None:
        if not is_number(found):
            return f"{where} is {kind_of(found)}, not a number"
        if self.min is not None and found < self.min:
            return f"{where} is below {self.min:g}"
        if self.max is not None and found > self.max:
            return f"{where} is above {self.max:g}"
        return None


@dataclass(frozen=True)
class Expected:
    """All that is expected of the answer to one request."""

    status: int = 200
    parts: tuple[Expectation, ...] = ()

    def problem(self, answer: Answer) -> str | None:
        """Return what speaks against an answer; None if it is as expected."""
        if answer.status is None:
            return answer.complaint
        if answer.status != self.status:
            return f"it was answered with {answer.status}, not {self.status}"
        if not self.parts and self.status != 200:
            return None
        if answer.flaw is not None:
            return f"the answer is of no use: {answer.flaw}"
        return next((problem for part in self.parts if (problem := part.problem(answer.body))), None)


def read_expected(given: Any, what: str) -> Expected:
    """Return what a row expects: an object, or a list of them. Raises ``RowInvalid``; ``what`` names the row."""
    if given is None:
        return Expected()
    if isinstance(given, Mapping) and "status" in given:
        status = given["status"]
        if not isinstance(status, int) or isinstance(status, bool) or not 100 <= status <= 599:
            raise RowInvalid(f"{what}: expect.status is no HTTP status, such as 400")
        _refuse_unknown(given, {"status", "body"}, what)
        return Expected(status, read_expected(given.get("body"), what).parts)
    items = given if isinstance(given, list) else [given]
    return Expected(parts=tuple(_expectation(item, what) for item in items))


def _expectation(given: Any, what: str) -> Expectation:
    if not isinstance(given, Mapping):
        raise RowInvalid(f"{what}: expect is an object, or a list of them, such as {{'at': '/score', 'min': 0}}")
    _refuse_unknown(given, _FIELDS, what)
    pointer = given.get("at", "")
    if not isinstance(pointer, str) or not is_pointer(pointer):
        raise RowInvalid(f"{what}: expect.at is no JSON Pointer, such as /score")
    numbers = {name: given[name] for name in ("within", "min", "max") if name in given}
    if not all(is_number(value) for value in numbers.values()):
        raise RowInvalid(f"{what}: expect.within, min and max are numbers")
    if not given.keys() & {"equals", "min", "max", "schema"}:
        raise RowInvalid(f"{what}: expect needs equals, min, max or schema")
    try:
        schema = Schema(given["schema"], "expect.schema") if "schema" in given else None
    except SchemaUnusable as error:
        raise RowInvalid(f"{what}: {error}") from error
    return Expectation(pointer, given.get("equals", _MISSING), schema=schema, **numbers)


def _refuse_unknown(given: Mapping[str, Any], known: set[str] | frozenset[str], what: str) -> None:
    unknown = sorted(given.keys() - known)
    if unknown:
        raise RowInvalid(f"{what}: expect has no field {unknown[0][:40]!r}; it has {', '.join(sorted(known))}")

"""Rows as people write them: JSON lines, each an edge case or a labelled row."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tandem.quality.errors import NotJson, RowInvalid
from tandem.quality.expectations import Expected, read_expected
from tandem.quality.json_text import is_number, parse_json

LONGEST_LINE: Final = 1024 * 1024
LONGEST_NAME: Final = 80
LONGEST_GROUP: Final = 40
MOST_CASES: Final = 100_000
MOST_ROWS: Final = 1_000_000

_AN_ANSWER: Final = {"status": 200}
_CASE_FIELDS: Final = frozenset({"name", "path", "request", "expect", "must"})
_ROW_FIELDS: Final = frozenset({"name", "path", "request", "label", "groups"})


@dataclass(frozen=True)
class Case:
    """An edge case: a request whose answer is known."""

    name: str
    request: Any
    expected: Expected
    must: bool = False
    path: str | None = None
    written: Any = None
    """What is expected, as it was written down."""


@dataclass(frozen=True)
class Row:
    """A labelled row."""

    name: str
    """Where it is: source and line, unless it has a name."""
    request: Any
    label: Any
    groups: Mapping[str, Any] = field(default_factory=dict)
    path: str | None = None

    def group(self, name: str) -> Any:
        """Return what the row says of a field: its groups first, then its request. Raises ``RowInvalid``."""
        if name in self.groups:
            return self.groups[name]
        if isinstance(self.request, Mapping) and name in self.request:
            return self.request[name]
        raise RowInvalid(f"{self.name}: neither groups nor request has the field {name}")


def read_cases(lines: Iterable[bytes], source: str) -> Iterator[Case]:
    """Read edge cases line by line. Raises ``RowInvalid`` naming source and line."""
    for where, given in _objects(lines, source, _CASE_FIELDS, MOST_CASES):
        name = _name(given, where)
        if name is None:
            raise RowInvalid(f"{where}: an edge case needs a name, by which a report can tell of it")
        must = given.get("must", False)
        if not isinstance(must, bool):
            raise RowInvalid(f"{where}: must is true or false")
        expected = read_expected(given.get("expect"), where)
        yield Case(name, given["request"], expected, must, _path(given, where), given.get("expect", _AN_ANSWER))


def read_rows(lines: Iterable[bytes], source: str) -> Iterator[Row]:
    """Read labelled rows line by line. Raises ``RowInvalid`` naming source and line."""
    for where, given in _objects(lines, source, _ROW_FIELDS, MOST_ROWS):
        if "label" not in given or isinstance(given["label"], dict | list):
            raise RowInvalid(f"{where}: a labelled row needs a label that is a number, text, true or false")
        groups = given.get("groups", {})
        if not isinstance(groups, Mapping):
            raise RowInvalid(f"{where}: groups is an object, such as {{'sex': 'F'}}")
        yield Row(_name(given, where) or where, given["request"], given["label"], groups, _path(given, where))


def group_name(value: Any, edges: list[float] | None, where: str) -> str:
    """Return the name of the group that a value belongs to. Raises ``RowInvalid`` for what makes no group."""
    if edges is None:
        if isinstance(value, dict | list):
            raise RowInvalid(f"{where}: a group is a number, text, true or false")
        return _short(value if isinstance(value, str) else _plain(value))
    if not is_number(value):
        raise RowInvalid(f"{where}: the field is cut at edges, and is no number here")
    below = next((index for index, edge in enumerate(edges) if value < edge), len(edges))
    if below == 0:
        return f"below {_number(edges[0])}"
    if below == len(edges):
        return f"{_number(edges[-1])} and above"
    return f"{_number(edges[below - 1])} to {_number(edges[below])}"


def _plain(value: Any) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else _number(value)


def _number(value: float) -> str:
    """Return a number in full: two branches whose codes begin alike are two groups."""
    if isinstance(value, int) or (value.is_integer() and abs(value) < 2**53):
        return str(int(value))
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


def _short(words: str) -> str:
    """Return a name as it is; of a long one the beginning, and what tells it from others that begin alike."""
    if len(words) <= LONGEST_GROUP:
        return words
    digest = hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{words[: LONGEST_GROUP - 9]}~{digest}"


def _objects(
    lines: Iterable[bytes], source: str, known: frozenset[str], most: int
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    count = 0
    for number, line in enumerate(lines, start=1):
        where = f"{source}:{number}"
        if len(line) > LONGEST_LINE:
            raise RowInvalid(f"{where}: the line is longer than {LONGEST_LINE // 1024} KiB: one row is one line")
        if not line.strip():
            continue
        count += 1
        if count > most:
            raise RowInvalid(f"{source} has more than {most} rows")
        try:
            given = parse_json(line)
        except NotJson as error:
            raise RowInvalid(f"{where}: {error}") from error
        if not isinstance(given, Mapping) or "request" not in given:
            raise RowInvalid(f"{where}: a row is an object with a request")
        unknown = sorted(given.keys() - known)
        if unknown:
            raise RowInvalid(f"{where}: there is no field {unknown[0][:40]!r}; a row has {', '.join(sorted(known))}")
        yield where, given


def _name(given: Mapping[str, Any], where: str) -> str | None:
    name = given.get("name")
    if name is None:
        return None
    if not isinstance(name, str) or not name.isprintable() or not 0 < len(name) <= LONGEST_NAME:
        raise RowInvalid(f"{where}: a name is text of 1 to {LONGEST_NAME} printable characters")
    return name


def _path(given: Mapping[str, Any], where: str) -> str | None:
    path = given.get("path")
    if path is not None and (not isinstance(path, str) or not path.startswith("/") or "?" in path or " " in path):
        raise RowInvalid(f"{where}: path begins with '/' and has no spaces or query, such as /predict")
    return path

"""The requests to send and the answers to expect: a file with one JSON object a line."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

DIGITS_PATH: Final = "/predict"
VERSION_HEADER: Final = "x-model-version"
"""Response header in which the example bentos say which version answers, in errors too."""


class RowsUnreadable(Exception):
    """The file of rows is missing or not what it should be; the message says where and how to make it."""


@dataclass(frozen=True)
class Row:
    """One request and, for each version, the fields that its answer must have."""

    path: str
    body: bytes
    expected: Mapping[str, Mapping[str, Any] | None]
    """None for a version that fails on this row."""

    def is_right(self, version: str, answer: Any) -> bool:
        """Whether `version` was to answer like this; where the version is not known, whether any version was to."""
        possible = [self.expected[version]] if version in self.expected else list(self.expected.values())
        return isinstance(answer, dict) and any(wanted is not None and _has(answer, wanted) for wanted in possible)

    def to_line(self) -> str:
        """Return the row as one line of JSON."""
        return json.dumps({"path": self.path, "body": json.loads(self.body), "expected": self.expected})


def write(rows: Sequence[Row], file: Path) -> None:
    """Write `rows` where a load generator of another process finds them."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{row.to_line()}\n" for row in rows))


def read(file: Path) -> list[Row]:
    """Read the rows of a file. Raises ``RowsUnreadable``."""
    try:
        rows = [_row(json.loads(line)) for line in file.read_text().splitlines() if line]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RowsUnreadable(
            f"the rows to send cannot be read from {file} ({error}); make them with: python -m dev.traffic.digits FILE"
        ) from error
    if not rows:
        raise RowsUnreadable(f"{file} has no rows; make them with: python -m dev.traffic.digits FILE")
    return rows


def _row(fields: dict[str, Any]) -> Row:
    return Row(fields["path"], json.dumps(fields["body"]).encode(), fields["expected"])


def _has(answer: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(answer.get(field) == value for field, value in wanted.items())

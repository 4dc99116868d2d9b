"""The rows that a bento is measured with: a file of JSON lines, one request's body each. Bounded; nothing is logged."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tandem.profiling.errors import ProfilingFailed

LARGEST_FILE: Final = 20 * 1024 * 1024
"""Bytes of a file that are taken; a few hundred rows measure as well as a million."""

LARGEST_ROW: Final = 1024 * 1024
"""Bytes of a line."""

MOST_ROWS: Final = 5_000
"""Rows that are sent in turn; those after them are left out."""


@dataclass(frozen=True, slots=True)
class Row:
    """One request: a POST of a JSON body; a GET where there is none."""

    path: str
    body: bytes | None


def read_rows(file: Path, path: str | None = None) -> list[Row]:
    """Return the rows of a file: each line a body, or an object with ``path`` and ``body`` and nothing else.

    ``path``: the route of the lines that are only a body. Raises `ProfilingFailed` with the number of the line.
    """
    rows: list[Row] = []
    try:
        size = file.stat().st_size
        if size > LARGEST_FILE:
            raise ProfilingFailed(
                f"{file}: {size / 1e6:.0f} MB; at most {LARGEST_FILE // 1_048_576} MiB of rows are taken: "
                f"some hundred typical ones are enough (head -n 500 {file.name} > some.jsonl)"
            )
        with file.open("rb") as lines:
            for number in range(1, MOST_ROWS + 1):
                line = lines.readline(LARGEST_ROW + 1)
                if not line:
                    break
                if len(line) > LARGEST_ROW:
                    raise ProfilingFailed(f"{file}:{number}: a row of more than 1 MiB: is it one JSON value a line?")
                if line.strip():
                    rows.append(_row(file, number, line, path))
    except OSError as error:
        raise ProfilingFailed(f"{file}: cannot be read: {error.strerror}") from error
    if not rows:
        raise ProfilingFailed(f"{file}: holds no row; write one request body a line, as JSON")
    return rows


def request(path: str, value: Any) -> Row:
    """Return the request of a body that is a JSON value; None for a GET."""
    return Row(path, None if value is None else json.dumps(value, separators=(",", ":")).encode())


def _row(file: Path, number: int, line: bytes, path: str | None) -> Row:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        # Nothing of the line is quoted, not even where the mistake is said to be: it may be somebody's data.
        raise ProfilingFailed(f"{file}:{number}: is not JSON; write one request body a line") from error
    if isinstance(value, dict) and value.keys() == {"path", "body"}:
        if not isinstance(value["path"], str) or not value["path"].startswith("/"):
            raise ProfilingFailed(f"{file}:{number}: its path must begin with '/', such as /predict")
        return request(value["path"], value["body"])
    if path is None:
        raise ProfilingFailed(f"{file}:{number}: which route is it for? Give --path, such as --path /predict")
    return Row(path, line.strip())

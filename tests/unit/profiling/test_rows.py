"""The rows file: what is taken, and what is refused without a word of it being quoted."""

import os
import re
from pathlib import Path

import pytest

from tandem.profiling import ProfilingFailed, Row, read_rows
from tandem.profiling.rows import LARGEST_ROW, MOST_ROWS


def rows(folder: Path, text: str | bytes, path: str | None = "/predict") -> list[Row]:
    file = folder / "rows.jsonl"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_rows(file, path)


def test_a_line_is_a_body_or_a_request(tmp_path: Path) -> None:
    found = rows(tmp_path, '{"amount": 3}\n\n{"path": "/explain", "body": [1]}\n{"path": "/about", "body": null}\n')
    assert found == [Row("/predict", b'{"amount": 3}'), Row("/explain", b"[1]"), Row("/about", None)]


def test_a_body_with_more_than_a_path_and_a_body_is_a_body(tmp_path: Path) -> None:
    assert rows(tmp_path, '{"path": "x", "body": 1, "more": 2}')[0].path == "/predict"


@pytest.mark.parametrize(
    ("text", "path", "told"),
    [
        ("", "/predict", "holds no row"),
        ("\n \n", "/predict", "holds no row"),
        ("{}\nsecret\n", "/predict", r"rows.jsonl:2: is not JSON"),
        (b"\xff\xfe\n", "/predict", r"rows.jsonl:1: is not JSON"),
        ("[" * 100_000, "/predict", r"rows.jsonl:1: is not JSON"),
        ('{"path": "predict", "body": 1}', None, "must begin with '/'"),
        ("{}", None, "which route is it for"),
        ('"' + "x" * LARGEST_ROW + '"', "/predict", "more than 1 MiB"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str | bytes, path: str | None, told: str) -> None:
    with pytest.raises(ProfilingFailed, match=told) as failed:
        rows(tmp_path, text, path)
    assert "secret" not in str(failed.value)


def test_a_file_of_50_mb_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    with file.open("wb") as large:
        os.truncate(large.fileno(), 50_000_000)
    with pytest.raises(ProfilingFailed, match=re.escape("50 MB; at most 20 MiB")):
        read_rows(file, "/predict")


def test_of_very_many_rows_the_first_are_taken(tmp_path: Path) -> None:
    assert len(rows(tmp_path, "{}\n" * (MOST_ROWS + 10))) == MOST_ROWS


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ProfilingFailed, match="cannot be read"):
        read_rows(tmp_path / "none", "/predict")

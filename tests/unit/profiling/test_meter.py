"""What the meter of a profiled pod is given, and what it says."""

import json
from pathlib import Path

import pytest

from tandem.profiling import ProfilingFailed, Progress, Row, Terms, read_rows
from tandem.profiling.meter import MOST_BYTES, ROWS_FILE, TERMS_FILE, meter_files, progress_line, said
from tests.unit.planning.test_capacity import point, profile

SETTING = {"cpu": "200m", "memory": None}


def test_rows_come_out_as_they_went_in(tmp_path: Path) -> None:
    rows = [Row("/predict", b'{"a":1}'), Row("/about", None), Row("/x", b'{"path":"/a","body":2}')]
    files = meter_files(rows, Terms(objectives={"p99": 0.1}, warmup=rows[:1]), SETTING, "fraud:1")
    (tmp_path / ROWS_FILE).write_text(files[ROWS_FILE])
    assert [(row.path, row.body and json.loads(row.body)) for row in read_rows(tmp_path / ROWS_FILE)] == [
        (row.path, row.body and json.loads(row.body)) for row in rows
    ]
    terms = json.loads(files[TERMS_FILE])
    assert terms["objectives"] == {"p99": 0.1} and terms["warmup"] == [{"path": "/predict", "body": {"a": 1}}]


def test_more_rows_than_a_secret_holds_are_left_out() -> None:
    row = Row("/predict", b'"' + b"x" * 1000 + b'"')
    assert len(meter_files([row] * 2000, Terms(), SETTING, "i")[ROWS_FILE]) <= MOST_BYTES
    with pytest.raises(ProfilingFailed, match="first row is larger"):
        meter_files([Row("/predict", b'"' + b"x" * MOST_BYTES + b'"')], Terms(), SETTING, "i")


def test_the_last_word_counts() -> None:
    progress = Progress(0.5, "4 callers", point(2))
    line = progress_line(progress)
    assert said("") == said("Warning: something\n{not json") == said('{"other": 1}')
    assert said(f"cut off}}\n{line}\n").progress == progress
    assert said(f"{line}\n" + json.dumps({"failed": "why"})).failed == "why"
    assert said(f"{line}\n" + json.dumps({"profile": profile().to_dict()}) + "\nwarning\n").profile == profile()

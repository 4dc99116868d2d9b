"""How what was missed is written: nothing out of a row is taken for anything but text."""

import base64
import json
from typing import Any

import pytest

from tandem.cli.cases_report import WRITERS, Unreadable, document_of
from tandem.manifests.missed import DOCUMENT_KEY

CASE = {
    "gate": "edgeCases",
    "name": "young \x1b[31m\u202e",
    "why": "/risk is above 1",
    "request": {"text": "a\x9b31m\n```"},
    "expected": {"at": "/risk", "max": 1},
    "got": {"cut": '{"status":200,', "bytes": 9000},
}
DOCUMENT = {
    "format": 1,
    "revision": "fraud-r2",
    "outcome": "Failed",
    "message": "1 missed",
    "cases": [CASE],
    "leftOut": 3,
}


def secret(content: Any) -> dict[str, Any]:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return {"metadata": {"name": "x"}, "data": {DOCUMENT_KEY: base64.b64encode(text).decode()}}


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_rows_cannot_paint_the_terminal_or_leave_their_block(form: str) -> None:
    written = WRITERS[form](document_of(secret(DOCUMENT)))
    assert all(letter.isprintable() or letter == "\n" for letter in written)
    assert '{"status":200, ... (cut off: 9000 bytes)' in written
    assert "and 3 more" in written
    assert not [line for line in written.splitlines() if line.startswith("```")]


def test_machines_get_it_as_it_is_kept() -> None:
    assert json.loads(WRITERS["json"](document_of(secret(DOCUMENT)))) == DOCUMENT


@pytest.mark.parametrize(
    ("kept", "says"),
    [
        ({"metadata": {"name": "x"}}, "made by somebody else"),
        (secret(b"no JSON"), "made by somebody else"),
        (secret([1]), "made by somebody else"),
        (secret({"format": 1, "cases": [3]}), "made by somebody else"),
        (secret({"format": 2, "cases": []}), "newer Tandem"),
    ],
)
def test_a_secret_that_holds_something_else_is_no_traceback(kept: dict[str, Any], says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        document_of(kept)

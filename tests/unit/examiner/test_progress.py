"""How far an examination is, as its pod's log tells it."""

import pytest

from tandem.examiner.__main__ import Teller


def test_progress_is_told_now_and_then_whichever_numbers_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    teller = Teller()
    for asked in (1, 99, 103, 104, 202, 203, 204, 900):
        teller(asked)
    assert capsys.readouterr().out.splitlines() == ["103 requests asked", "203 requests asked", "900 requests asked"]

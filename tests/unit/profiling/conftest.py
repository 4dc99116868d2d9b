"""A bento's stand-in."""

from pathlib import Path

import pytest

from tests.unit.profiling.fakes import Fake


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    made = Fake(tmp_path)
    monkeypatch.setenv("FAKE_PIDS", str(made.pids))
    return made

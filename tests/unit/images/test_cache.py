"""An image is built again exactly when something that it is made of has changed."""

import os
import threading
from pathlib import Path

import pytest

from dev.images.cache import archive_path, cache_folder, fingerprint, forget_older, locked, write_if_changed


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "a.py").write_text("a")
    (folder / "b.py").write_text("b")
    return folder


def test_the_same_files_give_the_same_fingerprint(sources: Path) -> None:
    assert fingerprint([sources]) == fingerprint([sources])


def test_content_names_and_words_change_it(sources: Path) -> None:
    seen = {fingerprint([sources]), fingerprint([sources], "word")}
    (sources / "b.py").write_text("B")
    seen.add(fingerprint([sources]))
    (sources / "b.py").rename(sources / "c.py")
    seen.add(fingerprint([sources]))
    assert len(seen) == 4


def test_what_interpreters_leave_behind_does_not(sources: Path) -> None:
    before = fingerprint([sources])
    (sources / "__pycache__").mkdir()
    (sources / "__pycache__" / "b.pyc").write_bytes(b"x")
    assert fingerprint([sources]) == before


def test_old_archives_of_the_same_image_are_forgotten_but_for_the_newest(tmp_path: Path) -> None:
    new = archive_path(tmp_path, "operator", "0123456789ab")
    older = [archive_path(tmp_path, "operator", f"{number:012d}") for number in range(4)]
    other = archive_path(tmp_path, "bentos", "0123456789ab")
    alike = archive_path(tmp_path, "operator-extra", "0123456789ab")
    new.parent.mkdir()
    for age, path in enumerate([new, *older, other, alike]):
        path.touch()
        os.utime(path, (1_700_000_000 - age, 1_700_000_000 - age))
    forget_older(new)
    assert sorted(new.parent.iterdir()) == sorted([new, *older[:2], other, alike])


def test_only_one_at_a_time_holds_a_lock(tmp_path: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with locked(tmp_path, "operator"):
            order.append("second")

    with locked(tmp_path, "operator"), locked(tmp_path, "bentos"):
        other = threading.Thread(target=second)
        other.start()
        other.join(timeout=0.2)
        assert other.is_alive()
        order.append("first")
    other.join()
    assert order == ["first", "second"]


def test_the_cache_can_be_put_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("TANDEM_CACHE", raising=False)
    assert cache_folder() == tmp_path / "tandem"
    monkeypatch.setenv("TANDEM_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"


def test_a_file_that_says_it_already_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_if_changed(path, "text")
    before = path.stat().st_ino
    write_if_changed(path, "text")
    assert path.stat().st_ino == before
    write_if_changed(path, "other")
    assert path.read_text() == "other"

"""Debian packages that are missing: found by what they are needed for, installed, or named with what is in the way."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dev.packages import PackagesMissing, install_packages, missing_packages, obstacles


class Steps:
    def __init__(self) -> None:
        self.names: list[str] = []
        self.lines: list[str] = []

    @contextmanager
    def step(self, name: str) -> Iterator[Callable[[str], None]]:
        self.names.append(name)
        yield self.lines.append


def test_missing_programs_are_told_by_their_packages() -> None:
    assert missing_packages({"sh": "dash", "no-such-program": "some-package", "/no/such/file": "another"}) == [
        "another",
        "some-package",
    ]


@pytest.mark.parametrize(
    ("platform", "apt_get", "user", "expected"),
    [
        pytest.param("linux", "/usr/bin/apt-get", 0, [], id="root-on-debian"),
        pytest.param("linux", None, 0, ["there is no apt-get: buildah"], id="another-linux"),
        pytest.param("linux", "/usr/bin/apt-get", 1000, ["only root can install"], id="not-root"),
        pytest.param("darwin", None, 501, ["this is not Linux"], id="not-linux"),
    ],
)
def test_what_is_in_the_way_is_named(
    monkeypatch: pytest.MonkeyPatch, platform: str, apt_get: str | None, user: int, expected: list[str]
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(shutil, "which", lambda _name: apt_get)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    found = obstacles(["buildah"])
    assert [words in said for words, said in zip(expected, found, strict=True)] == [True] * len(expected)
    assert obstacles([]) == []


def test_an_installation_that_fails_quotes_apt_get(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "apt-get"
    program.write_text('#!/bin/sh\necho "E: Unable to locate package $5" ; [ "$2" = update ]\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    seen = Steps()
    with pytest.raises(PackagesMissing, match="E: Unable to locate package buildah"):
        install_packages(["buildah"], seen.step)
    assert seen.names == ["installing Debian packages: buildah"]
    assert len(seen.lines) == 2


def test_nothing_to_install_is_no_step() -> None:
    seen = Steps()
    install_packages([], seen.step)
    assert seen.names == []

"""Debian packages that the local cluster and its images need."""

import os
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

_KEPT_LINES: Final = 20


class PackagesMissing(Exception):
    """Packages are missing and cannot be installed from here; the message says which, and why not."""


def missing_packages(needed: Mapping[str, str]) -> list[str]:
    """Return the packages to install, given the program (or file, by its path) that each is needed for."""
    return sorted({package for what, package in needed.items() if not _present(what)})


def obstacles(packages: list[str]) -> list[str]:
    """Return what keeps packages from being installed by us: not Linux, not root, no apt-get."""
    if not packages:
        return []
    if sys.platform != "linux":
        return ["this is not Linux"]
    if not shutil.which("apt-get"):
        return [f"these programs' packages are missing, and there is no apt-get: {' '.join(packages)}"]
    return [] if os.geteuid() == 0 else [f"only root can install the Debian packages {' '.join(packages)}"]


def install_packages(packages: list[str], step: Callable[[str], AbstractContextManager[Callable[[str], None]]]) -> None:
    """Install Debian packages, if there are any to install. Raises ``PackagesMissing``.

    ``step`` opens a step that people see by its name, and that shows what apt-get prints.
    """
    if not packages:
        return
    with step(f"installing Debian packages: {' '.join(packages)}") as on_line:
        _apt_get(["update"], on_line)
        _apt_get(["install", "--yes", "--no-install-recommends", *packages], on_line)


def _apt_get(words: list[str], on_line: Callable[[str], None]) -> None:
    last: deque[str] = deque(maxlen=_KEPT_LINES)
    with subprocess.Popen(
        ["apt-get", "-q", *words],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if text := line.strip():
                last.append(text)
                on_line(text)
    if process.returncode:
        quoted = "\n  ".join(last)
        raise PackagesMissing(f"apt-get {' '.join(words)} ended with {process.returncode}. Its last lines:\n  {quoted}")


def _present(what: str) -> bool:
    return Path(what).exists() if what.startswith("/") else shutil.which(what) is not None

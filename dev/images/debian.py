"""A Debian tree with Python 3.11, made to look like the official ``python:3.11-slim`` where build files rely on it.

This module is the recipe: the base image is made again when it changes.
"""

import shutil
import subprocess
from pathlib import Path

from dev.images.command import ImageBuildError, run
from dev.images.network import MOUNT_POINTS
from dev.images.progress import Step

ENVIRONMENT = ("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8")

_PACKAGES = "python3,python3-venv,python3-pip,ca-certificates"
# Not needed in a container: what apt keeps to install more, and what is for people to read.
_UNNEEDED = (
    "var/cache/apt/*",
    "var/lib/apt/lists/*",
    "usr/share/doc/*",
    "usr/share/man/*",
    "usr/share/locale/*",
)


def make_tree(work: Path, tarball: Path, step: Step) -> None:
    """Install Debian below `work`, pack it into `tarball`, and leave nothing else but the packages, for another time.

    Raises ImageBuildError; needs root.
    """
    root, packages = work / "root", work / "packages"
    _remove(root)
    packages.mkdir(parents=True, exist_ok=True)
    try:
        run(
            [
                "debootstrap",
                "--variant=minbase",
                f"--include={_PACKAGES}",
                f"--cache-dir={packages.absolute()}",
                "bookworm",
                root,
            ],
            doing="installing Debian for the base image (needs root)",
            on_line=lambda line: step(line.removeprefix("I: ")),
        )
        _slim(root)
        step("packing it")
        # tar, not a copy: owners, links and, above all, modification times stay (they keep .pyc files valid).
        words = ["tar", "--numeric-owner", "-C", str(root), "--exclude=./dev/*", "-cf", str(tarball), "."]
        run(words, doing="packing the base image")
    finally:
        _remove(root)


def _slim(root: Path) -> None:
    for pattern in _UNNEEDED:
        for path in root.glob(pattern):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    for name in MOUNT_POINTS:
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).touch()
    (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    # Debian keeps pip off the system's Python; the official image has no such rule, and build files rely on that.
    for marker in root.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
        marker.unlink()
    for file in ("etc/hostname", "etc/resolv.conf"):  # copied from this machine by debootstrap
        (root / file).unlink(missing_ok=True)


def _remove(root: Path) -> None:
    """Delete a tree that debootstrap may have left half made, with its proc and sys still mounted."""
    if not root.exists():
        return
    for inner in ("proc", "sys"):
        subprocess.run(["umount", "--lazy", root / inner], check=False, capture_output=True)
    still = [line for line in Path("/proc/mounts").read_text().splitlines() if f" {root.absolute()}/" in line]
    if still:
        raise ImageBuildError(f"{root} has something mounted in it; unmount it and try again: {still}")
    shutil.rmtree(root)

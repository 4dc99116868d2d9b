"""The base image: Debian bookworm with its Python 3.11, standing in locally for ``python:3.11-slim``.

Without a registry the official image cannot be pulled. Debian's packages can be had, and they are made into an image of
the same name, so that ordinary Dockerfiles (bentoml's and ours) build unchanged here and with Docker.
"""

import shutil
import subprocess
from pathlib import Path

from dev.images.buildah import Buildah, open_buildah
from dev.images.cache import archive_path, cache_folder, fingerprint, forget_older, locked
from dev.images.command import ImageBuildError, run
from dev.images.network import MOUNT_POINTS
from dev.images.progress import Step, unseen

BASE_IMAGE = "docker.io/library/python:3.11-slim"

_PACKAGES = "python3,python3-venv,python3-pip,ca-certificates"
_NAME = "python-base"
_LABEL = f"tandem.local/{_NAME}"
# Not needed in a container: what apt keeps to install more, and what is for people to read.
_UNNEEDED = (
    "var/cache/apt/*",
    "var/lib/apt/lists/*",
    "usr/share/doc/*",
    "usr/share/man/*",
    "usr/share/locale/*",
)


def ensure_base_image(cache: Path | None = None, step: Step = unseen) -> str:
    """Have the base image in buildah's storage (see `open_buildah`) and return its name.

    The first time takes a minute or two (Debian packages are fetched); later it comes from the storage, or from the
    archive in the cache. Raises ImageBuildError.
    """
    cache = cache or cache_folder()
    buildah = open_buildah(cache)
    archive = base_archive(cache)
    label = f"{_LABEL}:{base_fingerprint()}"
    with locked(cache, _NAME):
        if not archive.is_file():
            _build(buildah, cache, label, step)
            step("saving it")
            buildah.save(label, archive)
            forget_older(archive)
        elif not buildah.has_image(label):
            step("reading it from the cache")
            buildah("pull", "--quiet", f"docker-archive:{archive}", doing="reading the base image from the cache")
        buildah("tag", label, BASE_IMAGE, doing="naming the base image")
    return BASE_IMAGE


def base_fingerprint() -> str:
    """Changes when the base image's recipe (this file) does."""
    return fingerprint([Path(__file__)])


def base_archive(cache: Path) -> Path:
    """Where the base image's archive is kept."""
    return archive_path(cache, _NAME, base_fingerprint())


def _build(buildah: Buildah, cache: Path, label: str, step: Step) -> None:
    work = cache / "rootfs" / _NAME
    root = work / "root"
    _remove(root)
    (work / "packages").mkdir(parents=True, exist_ok=True)
    try:
        _install_debian(root, work / "packages", step)
        _slim(root)
        _commit(buildah, root, work / "root.tar", label, step)
    finally:
        _remove(root)
        (work / "root.tar").unlink(missing_ok=True)


def _install_debian(root: Path, packages: Path, step: Step) -> None:
    options = [
        "--variant=minbase",
        f"--include={_PACKAGES}",
        f"--cache-dir={packages.absolute()}",
    ]
    run(
        ["debootstrap", *options, "bookworm", root],
        doing="installing Debian for the base image (needs root)",
        on_line=lambda line: step(line.removeprefix("I: ")),
    )


def _slim(root: Path) -> None:
    """Make the tree look like the official image where it matters, and drop what no container needs."""
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
    for file in (
        "etc/hostname",
        "etc/resolv.conf",
    ):  # copied from this machine by debootstrap
        (root / file).unlink(missing_ok=True)


def _commit(buildah: Buildah, root: Path, tarball: Path, label: str, step: Step) -> None:
    step("making the image")
    # tar, not a copy: owners, links and, above all, modification times stay as they are (they keep .pyc files valid).
    run(
        [
            "tar",
            "--numeric-owner",
            "-C",
            root,
            "--exclude=./dev/*",
            "-cf",
            tarball,
            ".",
        ],
        doing="packing the base image",
    )
    with buildah.container("scratch") as container:
        buildah("add", "--quiet", container, tarball, "/", doing="filling the base image")
        path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        buildah("config", "--env", path, "--env", "LANG=C.UTF-8", "--cmd", "python3", container, doing="configuring it")
        buildah("commit", "--quiet", "--format", "docker", container, label, doing="committing the base image")


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

"""The base image: Debian bookworm with its Python 3.11, standing in locally for ``python:3.11-slim``.

Without a registry the official image cannot be pulled. Debian's packages can be had, and they are made into an image of
the same name, so that ordinary Dockerfiles (bentoml's and ours) build unchanged here and with Docker.
"""

from pathlib import Path

from dev.images import debian
from dev.images.buildah import Buildah, open_buildah
from dev.images.cache import archive_path, cache_folder, fingerprint, forget_older, locked
from dev.images.network import MOUNT_POINTS
from dev.images.progress import Step, unseen

BASE_IMAGE = "docker.io/library/python:3.11-slim"

_NAME = "python-base"
_LABEL = f"tandem.local/{_NAME}"


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
            _build(buildah, cache / "rootfs" / _NAME, label, step)
            step("saving it")
            buildah.save(label, archive)
            forget_older(archive)
            buildah.forget_other_tags(_LABEL, base_fingerprint())
        elif not buildah.has_image(label):
            step("reading it from the cache")
            buildah("pull", "--quiet", f"docker-archive:{archive}", doing="reading the base image from the cache")
        buildah("tag", label, BASE_IMAGE, doing="naming the base image")
    return BASE_IMAGE


def base_fingerprint() -> str:
    """Changes when the base image's recipe does."""
    return fingerprint([Path(debian.__file__)], *MOUNT_POINTS)


def base_archive(cache: Path) -> Path:
    """Where the base image's archive is kept."""
    return archive_path(cache, _NAME, base_fingerprint())


def _build(buildah: Buildah, work: Path, label: str, step: Step) -> None:
    tarball = work / "root.tar"
    try:
        debian.make_tree(work, tarball, step)
        step("making the image")
        with buildah.container("scratch") as container:
            buildah("add", "--quiet", container, tarball, "/", doing="filling the base image")
            environment = [word for setting in debian.ENVIRONMENT for word in ("--env", setting)]
            buildah("config", *environment, "--cmd", "python3", container, doing="configuring the base image")
            buildah("commit", "--quiet", "--format", "docker", container, label, doing="committing the base image")
    finally:
        tarball.unlink(missing_ok=True)

"""What the machine must have to build images without Docker."""

from collections.abc import Mapping
from typing import Final

from dev.images.command import ImageBuildError
from dev.images.progress import Progress
from dev.packages import PackagesMissing, install_packages, missing_packages, obstacles

_NEEDED: Final[Mapping[str, str]] = {
    "buildah": "buildah",
    "debootstrap": "debootstrap",
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
}


def prepare_machine(progress: Progress) -> None:
    """Install the Debian packages that are missing. Raises ``ImageBuildError`` where that is not possible."""
    packages = missing_packages(_NEEDED)
    problems = obstacles(packages)
    if problems:
        raise ImageBuildError(
            f"Images are built by Docker, which does not answer, or by buildah: {'; '.join(problems)}. "
            "Start a Docker daemon, or use Debian as root"
        )
    try:
        install_packages(packages, progress.step)
    except PackagesMissing as error:
        raise ImageBuildError(str(error)) from error

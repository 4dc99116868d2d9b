"""Everything that the cluster needs, built."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dev.images import docker
from dev.images.bento_images import build_bento_images
from dev.images.cache import cache_folder
from dev.images.machine import prepare_machine
from dev.images.operator_image import build_operator_image
from dev.images.progress import Progress

_Build = Callable[[Path, Progress], dict[str, Path]]

GROUPS = ("bentos", "operator")
_WITH_BUILDAH: dict[str, _Build] = {"bentos": build_bento_images, "operator": build_operator_image}
_WITH_DOCKER: dict[str, _Build] = {"bentos": docker.build_bento_images, "operator": docker.build_operator_image}


def build_all(progress: Progress) -> dict[str, Path]:
    """Build every image whose inputs changed; return archives by image name.

    Images that share layers share an archive, so load each distinct one once. Raises ImageBuildError.
    """
    return build(cache_folder(), progress, GROUPS)


def build(cache: Path, progress: Progress, groups: Iterable[str]) -> dict[str, Path]:
    """The same for some of GROUPS, side by side."""
    if docker.answers():
        builders = _WITH_DOCKER
    else:
        builders = _WITH_BUILDAH
        prepare_machine(progress)
    with ThreadPoolExecutor() as pool:
        running = [pool.submit(builders[group], cache, progress) for group in groups]
        return {name: archive for build in running for name, archive in build.result().items()}

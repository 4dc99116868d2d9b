"""The same images by Docker, where its daemon answers. (Written on a machine without one: not run yet.)"""

import os
import subprocess
from pathlib import Path

from dev.images.bentos import bentoml_environment, bentoml_program, build_bentos
from dev.images.cache import REPOSITORY, archive_path, fingerprint, forget_older
from dev.images.command import run
from dev.images.operator_image import DOCKERFILE, OPERATOR_IMAGE, operator_fingerprint
from dev.images.progress import Progress


def answers() -> bool:
    """Whether a Docker daemon answers."""
    try:
        return subprocess.run(["docker", "info"], check=False, capture_output=True, timeout=20).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def build_bento_images(cache: Path, progress: Progress) -> dict[str, Path]:
    """Containerize what changed: the packages' layers come from Docker's build cache after the first bento."""
    bentos = build_bentos(cache, progress)
    target = archive_path(cache, "bentos", fingerprint([Path(__file__)], *(built.store.name for built in bentos)))
    names = [built.source.image for built in bentos]
    if not target.is_file():
        for built in bentos:
            with progress.step(f"bentoml containerize {built.source.tag}") as step:
                command = [str(bentoml_program()), "containerize", built.source.tag, "-t", built.source.image]
                environment = bentoml_environment(built.store, os.environ)
                run(command, doing=f"containerizing {built.source.tag}", env=environment, on_line=step)
        _save(names, target)
    forget_older(target)
    return dict.fromkeys(names, target)


def build_operator_image(cache: Path, progress: Progress) -> dict[str, Path]:
    """Build the operator's image if its inputs changed."""
    target = archive_path(cache, "operator", fingerprint([Path(__file__)], operator_fingerprint()))
    if not target.is_file():
        with progress.step(f"image {OPERATOR_IMAGE}") as step:
            command = ["docker", "build", f"--file={DOCKERFILE}", f"--tag={OPERATOR_IMAGE}", str(REPOSITORY)]
            run(command, doing="building the operator's image", on_line=step)
            _save([OPERATOR_IMAGE], target)
    forget_older(target)
    return {OPERATOR_IMAGE: target}


def _save(images: list[str], archive: Path) -> None:
    archive.parent.mkdir(parents=True, exist_ok=True)
    partial = archive.with_suffix(".part")
    run(["docker", "save", "--output", partial, *images], doing=f"saving {', '.join(images)}")
    partial.replace(archive)

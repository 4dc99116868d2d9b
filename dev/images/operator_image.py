"""The operator's image, from the same Dockerfile that Docker would build."""

from pathlib import Path

from dev.images.base import base_fingerprint, ensure_base_image
from dev.images.buildah import open_buildah
from dev.images.cache import REPOSITORY, archive_path, fingerprint, forget_older, locked
from dev.images.progress import Progress

OPERATOR_IMAGE = "tandem.local/operator:dev"
DOCKERFILE = REPOSITORY / "operator" / "Dockerfile"


def operator_fingerprint() -> str:
    """Changes with whatever the Dockerfile copies, and with itself."""
    return fingerprint([DOCKERFILE, REPOSITORY / "requirements.txt", REPOSITORY / "operator" / "tandem"])


def build_operator_image(cache: Path, progress: Progress) -> dict[str, Path]:
    """Build the image if its inputs changed; return its archive by its name. Raises ImageBuildError."""
    target = archive_path(cache, "operator", fingerprint([Path(__file__)], operator_fingerprint(), base_fingerprint()))
    with locked(cache, "operator"):
        if not target.is_file():
            buildah = open_buildah(cache)
            with progress.step("base image (Debian with Python 3.11)") as step:
                ensure_base_image(cache, step)
            with progress.step(f"image {OPERATOR_IMAGE}") as step:
                options = ["--layers", "--network=host", f"--file={DOCKERFILE}", f"--tag={OPERATOR_IMAGE}"]
                buildah("build", *options, REPOSITORY, doing="building the operator's image", on_line=step)
                step("saving it")
                buildah.save(OPERATOR_IMAGE, target)
            buildah.forget_unnamed()
        forget_older(target)
    return {OPERATOR_IMAGE: target}

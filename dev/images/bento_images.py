"""Images of the example bentos: one by ``bentoml containerize``, its siblings on the same layers."""

import filecmp
from pathlib import Path

from dev.images import archive
from dev.images.base import base_archive, base_fingerprint, ensure_base_image
from dev.images.bentos import REQUIREMENTS, BuiltBento, bentoml_environment, bentoml_program, build_bentos
from dev.images.buildah import Buildah, open_buildah
from dev.images.cache import archive_path, fingerprint, forget_older, locked
from dev.images.command import ImageBuildError, run
from dev.images.progress import Progress, Step

_HOME = "home/bentoml"
_BENTO = f"{_HOME}/bento"
_USER = 1034
# All that the containerized image has over its base, but for the bento itself: its Python packages and its user. What
# stays behind is compilers, git, uv and the tests of numpy and friends, which a running bento never touches.
_KEPT = ("app", _HOME, "etc/passwd", "etc/group", "etc/shadow", "etc/gshadow")
_LEFT_OUT = (f"{_BENTO}/*", "app/.venv/lib/*/site-packages/*/tests")


def build_bento_images(cache: Path, progress: Progress) -> dict[str, Path]:
    """Build what changed; return the archive (the same for all) by image name. Raises ImageBuildError."""
    with locked(cache, "bentos"):
        bentos = build_bentos(cache, progress)
        runtime = _runtime_archive(cache, bentos[0], progress)
        inputs = fingerprint([Path(__file__), Path(archive.__file__)], runtime.name, *(b.store.name for b in bentos))
        target = archive_path(cache, "bentos", inputs)
        if not target.is_file():
            with progress.step("image archive of the bentos") as step:
                _pack(target, archive.read_image(runtime), bentos, step)
        forget_older(target)
    return {built.source.image: target for built in bentos}


def _runtime_archive(cache: Path, built: BuiltBento, progress: Progress) -> Path:
    """The image that all bentos share, without any bento in it, and its configuration."""
    inputs = fingerprint([REQUIREMENTS, Path(__file__)], base_fingerprint())
    target = archive_path(cache, "bento-runtime", inputs)
    if target.is_file():
        return target
    buildah = open_buildah(cache)
    with progress.step("base image (Debian with Python 3.11)") as step:
        ensure_base_image(cache, step)
    with progress.step(f"bentoml containerize {built.source.tag}") as step:
        containerized = _containerize(buildah, built, step)
        step("keeping what it needs to run")
        work = target.with_suffix(".layer")
        try:
            with buildah.files(containerized) as root:
                _check_tree(root / _BENTO, built.tree)
                _pack_runtime(root, work)
            base = archive.read_image(base_archive(cache))
            image = archive.Image(base.layers, base.architecture, buildah.configuration(containerized))
            archive.write_archive(target, {"tandem.local/bento-runtime": image.with_layer(archive.read_layer(work))})
        finally:
            work.unlink(missing_ok=True)
        buildah("rmi", containerized, doing="removing the untrimmed image")
    forget_older(target)
    return target


def _containerize(buildah: Buildah, built: BuiltBento, step: Step) -> str:
    tag = built.source.tag
    name = f"tandem.local/containerized:{built.source.bento}-{built.source.version}"
    run(
        [bentoml_program(), "containerize", tag, "--backend", "buildah", "--opt", "network=host", "-t", name],
        doing=f"containerizing {tag}",
        env=bentoml_environment(built.store, buildah.env),
        on_line=lambda line: step(line.removeprefix("INFO: ")),
    )
    return name


def _check_tree(containerized: Path, ours: Path) -> None:
    """The siblings' trees are laid out by us: make sure that it is done as containerize does it."""
    pending = [filecmp.dircmp(containerized, ours)]
    while pending:
        comparison = pending.pop()
        odd = comparison.left_only + comparison.right_only + comparison.diff_files + comparison.funny_files
        if odd:
            raise ImageBuildError(
                f"bentoml containerize lays a bento out otherwise than dev/images/context.py: see {odd} in"
                f" {comparison.left}; a new version of bentoml? context.py has to follow it"
            )
        pending += comparison.subdirs.values()


def _pack_runtime(root: Path, tarball: Path) -> None:
    tarball.parent.mkdir(parents=True, exist_ok=True)
    left_out = [f"--exclude={pattern}" for pattern in _LEFT_OUT]
    # tar keeps modification times, without which every .pyc would be stale and a start take three times as long.
    run(["tar", "--numeric-owner", *left_out, "-C", root, "-cf", tarball, *_KEPT], doing="packing the bentos' packages")


def _pack(target: Path, runtime: archive.Image, bentos: list[BuiltBento], step: Step) -> None:
    images = {}
    layers = [built.store / "layer.tar" for built in bentos]
    for built, tarball in zip(bentos, layers, strict=True):
        layer = archive.write_tree(tarball, built.tree, at=_BENTO, owner=_USER)
        images[built.source.image] = runtime.with_layer(layer)
    step(f"writing {len(images)} images")
    archive.write_archive(target, images)
    for tarball in layers:
        tarball.unlink()

"""buildah, with image storage inside the cache so that nothing of the machine's own is touched."""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dev.images.command import ImageBuildError, run


@dataclass(frozen=True)
class Buildah:
    """buildah on a storage of our own. Make one with `open_buildah`."""

    env: Mapping[str, str]
    """The environment under which buildah, and tools that call it, find that storage."""

    def __call__(
        self,
        *words: str | Path,
        doing: str,
        on_line: Callable[[str], None] | None = None,
    ) -> str:
        """Run ``buildah`` with these words; return what it printed. Raises ImageBuildError."""
        return run(["buildah", *words], doing=doing, env=self.env, on_line=on_line)

    def has_image(self, name: str) -> bool:
        """Whether an image of this name is in the storage."""
        try:
            self("inspect", "--type", "image", name, doing=f"looking for image {name}")
        except ImageBuildError:
            return False
        return True

    def config(self, image: str) -> dict[str, object]:
        """The image's runtime configuration (Env, User, Entrypoint, …) as the OCI image specification names it."""
        text = self(
            "inspect",
            "--type",
            "image",
            image,
            doing=f"reading the configuration of {image}",
        )
        config = json.loads(text)["OCIv1"]["config"]
        assert isinstance(config, dict)
        return config

    def save(self, image: str, archive: Path) -> None:
        """Write `image` under its name into a docker-archive; the file appears only when it is whole."""
        archive.parent.mkdir(parents=True, exist_ok=True)
        partial = archive.with_suffix(".part")
        partial.unlink(missing_ok=True)
        self(
            "push",
            "--quiet",
            image,
            f"docker-archive:{partial}:{image}",
            doing=f"saving {image}",
        )
        partial.replace(archive)


def open_buildah(cache: Path) -> Buildah:
    """Set up buildah's storage below `cache`. Raises ImageBuildError where buildah is missing or cannot store."""
    if shutil.which("buildah") is None:
        raise ImageBuildError(
            "Images are built by Docker or by buildah, and neither is here; on Debian: apt-get install buildah"
        )
    folder = cache.absolute() / "buildah"
    folder.mkdir(parents=True, exist_ok=True)
    storage = folder / "storage.conf"
    for driver in (
        "overlay",
        "vfs",
    ):  # overlay cannot be stacked on some file systems, vfs always works but copies
        storage.write_text(
            f'[storage]\ndriver = "{driver}"\nrunroot = "{folder}/run-{driver}"\ngraphroot = "{folder}/{driver}"\n'
        )
        policy = folder / "policy.json"
        policy.write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
        env = {
            **os.environ,
            "CONTAINERS_STORAGE_CONF": str(storage),
            "BUILDAH_ISOLATION": "chroot",  # needs no systemd, no cgroups and no user namespaces
            "BUILDAH_FORMAT": "docker",
            "TMPDIR": str(_made(folder / "tmp")),
        }
        env.pop("STORAGE_DRIVER", None)
        buildah = Buildah(env)
        try:
            buildah("info", doing=f"opening image storage with {driver}")
        except ImageBuildError:
            if driver == "vfs":
                raise
            continue
        return buildah
    raise AssertionError("unreachable")


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder

"""buildah, with image storage inside the cache so that nothing of the machine's own is touched."""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dev.images.cache import write_if_changed
from dev.images.command import ImageBuildError, run
from dev.images.network import write_network


@dataclass(frozen=True)
class Buildah:
    """buildah on a storage of our own. Make one with `open_buildah`."""

    env: Mapping[str, str]
    """The environment under which buildah, and tools that call it, find that storage."""

    def __call__(self, *words: str | Path, doing: str, on_line: Callable[[str], None] | None = None) -> str:
        """Run ``buildah`` with these words; return what it printed. Raises ImageBuildError."""
        return run(["buildah", *words], doing=doing, env=self.env, on_line=on_line)

    def has_image(self, name: str) -> bool:
        """Whether an image of this name is in the storage."""
        try:
            self("inspect", "--type", "image", name, doing=f"looking for image {name}")
        except ImageBuildError:
            return False
        return True

    @contextmanager
    def container(self, image: str) -> Iterator[str]:
        """Give a working container made from `image`, and remove it afterwards."""
        name = self("from", "--pull-never", image, doing=f"starting a container from {image}").split()[-1]
        try:
            yield name
        finally:
            self("rm", name, doing="removing a working container")

    @contextmanager
    def files(self, image: str) -> Iterator[Path]:
        """Give the folder in which the files of `image` can be seen, for as long as the context lasts."""
        with self.container(image) as container:
            folder = self("mount", container, doing=f"opening {image}").split()[-1]
            try:
                yield Path(folder)
            finally:
                self("umount", container, doing=f"closing {image}")

    def configuration(self, image: str) -> dict[str, object]:
        """The image's runtime configuration (Env, User, Entrypoint, …) as the OCI image specification names it."""
        text = self("inspect", "--type", "image", image, doing=f"reading the configuration of {image}")
        configuration = json.loads(text)["OCIv1"]["config"]
        assert isinstance(configuration, dict)
        return configuration

    def save(self, image: str, archive: Path) -> None:
        """Write `image` under its name into a docker-archive; the file appears only when it is whole."""
        archive.parent.mkdir(parents=True, exist_ok=True)
        partial = archive.with_suffix(".part")
        partial.unlink(missing_ok=True)
        self("push", "--quiet", image, f"docker-archive:{partial}:{image}", doing=f"saving {image}")
        partial.replace(archive)

    def forget_unnamed(self) -> None:
        """Remove images that lost their name to a newer one; what they share with it stays, build cache included."""
        self("rmi", "--prune", doing="removing images without a name")

    def forget_other_tags(self, name: str, kept: str) -> None:
        """Remove every image called `name` but the one tagged `kept`."""
        listed = self("images", "--format", "{{.Name}}:{{.Tag}}", doing=f"listing the images called {name}")
        for image in set(listed.split()) - {f"{name}:{kept}"}:
            if image.startswith(f"{name}:"):
                self("rmi", image, doing=f"removing {image}")


def open_buildah(cache: Path) -> Buildah:
    """Set up buildah's storage below `cache`. Raises ImageBuildError where buildah is missing or cannot store.

    Build steps see this machine's certificates and package index (`dev.images.network`), and no image keeps them.
    """
    if shutil.which("buildah") is None:
        raise ImageBuildError(
            "Images are built by Docker or by buildah, and neither is here; on Debian: apt-get install buildah"
        )
    folder = cache.absolute() / "buildah"
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    write_if_changed(folder / "registries.conf", "unqualified-search-registries = []\n")
    env = {
        **os.environ,
        "CONTAINERS_CONF": str(write_network(folder)),
        "CONTAINERS_REGISTRIES_CONF": str(folder / "registries.conf"),
        "BUILDAH_ISOLATION": "chroot",  # needs no systemd, no cgroups and no user namespaces
        "BUILDAH_FORMAT": "docker",
        "TMPDIR": str(folder / "tmp"),
    }
    env.pop("STORAGE_DRIVER", None)
    for driver in ("overlay", "vfs"):  # overlay cannot be stacked on some file systems; vfs always works, but copies
        storage = folder / f"storage-{driver}.conf"
        roots = f'runroot = "{folder}/run-{driver}"\ngraphroot = "{folder}/{driver}"\n'
        write_if_changed(storage, f'[storage]\ndriver = "{driver}"\n{roots}')
        buildah = Buildah({**env, "CONTAINERS_STORAGE_CONF": str(storage)})
        try:
            buildah("info", doing=f"opening image storage with {driver}")
        except ImageBuildError:
            if driver == "vfs":
                raise
            continue
        return buildah
    raise AssertionError("unreachable")

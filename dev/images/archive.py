"""Docker-archives (what ``docker save`` writes), read and put together layer by layer.

One archive can hold many images and keeps each layer once. That is what makes all bentos as small as one, on disk and
on the way into a node; buildah itself writes one image an archive.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO


@dataclass(frozen=True)
class Layer:
    """An uncompressed layer: a span of bytes in a file."""

    file: Path
    start: int
    size: int
    digest: str
    """SHA-256 of the bytes in hex."""


@dataclass(frozen=True)
class Image:
    """An image: its layers from the bottom up, and the runtime configuration as OCI names it (Env, User, …)."""

    layers: tuple[Layer, ...]
    architecture: str
    configuration: Mapping[str, Any]

    def with_layer(self, layer: Layer) -> "Image":
        """The same with one more layer on top."""
        return replace(self, layers=(*self.layers, layer))


def read_image(archive: Path) -> Image:
    """Read the only image of a docker-archive with uncompressed layers, as buildah writes it."""
    with tarfile.open(archive) as tar:
        [entry] = json.loads(_read(tar, "manifest.json"))
        return _image(archive, tar, entry)


def read_images(archive: Path) -> dict[str, Image]:
    """Read all images of such an archive, by name."""
    with tarfile.open(archive) as tar:
        entries = json.loads(_read(tar, "manifest.json"))
        return {name: _image(archive, tar, entry) for entry in entries for name in entry["RepoTags"]}


def _image(archive: Path, tar: tarfile.TarFile, entry: Mapping[str, Any]) -> Image:
    description = json.loads(_read(tar, entry["Config"]))
    layers = []
    for name, digest in zip(entry["Layers"], description["rootfs"]["diff_ids"], strict=True):
        member = tar.getmember(name)
        while member.issym():  # layers that appear twice
            member = tar.getmember(str(Path(member.name).parent / member.linkname))
        layers.append(Layer(archive, member.offset_data, member.size, digest.removeprefix("sha256:")))
    return Image(tuple(layers), description["architecture"], description["config"])


def read_layer(tarball: Path) -> Layer:
    """Take a whole tar file as a layer."""
    with tarball.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Layer(tarball, 0, tarball.stat().st_size, digest)


def write_tree(tarball: Path, tree: Path, at: str, owner: int) -> Layer:
    """Make a layer that puts the content of folder `tree` at path `at`, owned by user and group `owner`."""

    def owned(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = owner
        member.uname = member.gname = ""
        return member

    with tarfile.open(tarball, "w") as tar:
        tar.add(tree, arcname=at.strip("/"), filter=owned)
    return read_layer(tarball)


def write_archive(archive: Path, images: Mapping[str, Image]) -> None:
    """Write the images under their names into one archive; the file appears only when it is whole."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    partial = archive.with_suffix(".part")
    with tarfile.open(partial, "w") as tar:
        for layer in _distinct(layer for image in images.values() for layer in image.layers):
            with layer.file.open("rb") as file:
                file.seek(layer.start)
                _add(tar, f"{layer.digest}.tar", layer.size, file)
        manifest = []
        for name, image in images.items():
            description = _description(image)
            config = f"{hashlib.sha256(description).hexdigest()}.json"
            _add(tar, config, len(description), io.BytesIO(description))
            layers = [f"{layer.digest}.tar" for layer in image.layers]
            manifest.append({"Config": config, "RepoTags": [name], "Layers": layers})
        text = json.dumps(manifest).encode()
        _add(tar, "manifest.json", len(text), io.BytesIO(text))
    partial.replace(archive)


def write_names(archive: Path, images: Mapping[str, Image]) -> None:
    """Write the images under their names into an archive without their layers, for a node that has those already."""
    index = []
    with tarfile.open(archive, "w") as tar:
        for name, image in images.items():
            configuration = _add_blob(tar, "config", _description(image))
            layers = [_descriptor("layer.v1.tar", layer.digest, layer.size) for layer in image.layers]
            manifest = json.dumps({"schemaVersion": 2, "config": configuration, "layers": layers}).encode()
            names = {"annotations": {"io.containerd.image.name": name}}
            index.append(_add_blob(tar, "manifest", manifest) | names)
        for path, content in (
            ("oci-layout", {"imageLayoutVersion": "1.0.0"}),
            ("index.json", {"schemaVersion": 2, "manifests": index}),
        ):
            text = json.dumps(content).encode()
            _add(tar, path, len(text), io.BytesIO(text))


def _add_blob(tar: tarfile.TarFile, kind: str, content: bytes) -> dict[str, Any]:
    digest = hashlib.sha256(content).hexdigest()
    _add(tar, f"blobs/sha256/{digest}", len(content), io.BytesIO(content))
    return _descriptor(f"{kind}.v1+json", digest, len(content))


def _descriptor(kind: str, digest: str, size: int) -> dict[str, Any]:
    return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": size}


def _description(image: Image) -> bytes:
    description = {
        "architecture": image.architecture,
        "os": "linux",
        "config": image.configuration,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer.digest}" for layer in image.layers]},
        "history": [{"created_by": "tandem dev.images"} for _ in image.layers],
    }
    return json.dumps(description, sort_keys=True).encode()


def _distinct(layers: Iterable[Layer]) -> Iterable[Layer]:
    return {layer.digest: layer for layer in layers}.values()


def _add(tar: tarfile.TarFile, name: str, size: int, content: BinaryIO) -> None:
    member = tarfile.TarInfo(name)
    member.size = size
    tar.addfile(member, content)


def _read(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    assert file is not None, f"{name} is not a file"
    return file.read()

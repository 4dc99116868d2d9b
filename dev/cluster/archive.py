"""Image archives made without a container tool: one layer of given files over nothing (``FROM scratch``)."""

import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def write_archive(
    archive: Path,
    image: str,
    files: Mapping[str, Path],
    *,
    entrypoint: Sequence[str],
    folders: Sequence[str] = (),
) -> None:
    """Write `archive` (docker-archive format) with the image: absolute paths in it, and the files they come from.

    `folders` are empty ones that anybody may write to. The same input gives the same bytes.
    """
    archive.parent.mkdir(parents=True, exist_ok=True)
    layer = archive.with_name(f".{archive.name}.layer")
    partial = archive.with_name(f".{archive.name}.partial")
    try:
        _write_layer(layer, files, folders)
        digest = _digest(layer)
        config = json.dumps(
            {
                "architecture": _ARCHITECTURES[platform.machine()],
                "os": "linux",
                "config": {"Entrypoint": list(entrypoint), "Env": ["PATH=/usr/local/bin:/usr/bin:/bin"]},
                "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
            }
        ).encode()
        name = f"{hashlib.sha256(config).hexdigest()}.json"
        manifest = json.dumps([{"Config": name, "RepoTags": [image], "Layers": [f"{digest}.tar"]}]).encode()
        with tarfile.open(partial, "w") as tar:
            tar.add(layer, f"{digest}.tar", filter=_plain)
            for path, content in ((name, config), ("manifest.json", manifest)):
                info = tarfile.TarInfo(path)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
        partial.replace(archive)
    finally:
        layer.unlink(missing_ok=True)
        partial.unlink(missing_ok=True)


def _write_layer(layer: Path, files: Mapping[str, Path], folders: Sequence[str]) -> None:
    parents = {str(parent) for path in files for parent in Path(path).parents} - {"/"}
    with tarfile.open(layer, "w") as tar:
        for path in sorted(parents | set(folders)):
            info = tarfile.TarInfo(path.lstrip("/"))
            info.type = tarfile.DIRTYPE
            info.mode = 0o1777 if path in folders else 0o755
            tar.addfile(info)
        for path, source in sorted(files.items()):
            tar.add(source.resolve(), path.lstrip("/"), filter=_plain)


def _plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    info.mtime = 0
    info.mode = 0o755
    return info


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

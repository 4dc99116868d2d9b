"""Where built images are kept, and what decides that one has to be built again."""

import fcntl
import hashlib
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

# Files that builds and interpreters leave behind; they never decide what an image is.
_LITTER = {"__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"}


def cache_folder() -> Path:
    """The cache shared by all development tools: ``TANDEM_CACHE``, or ``tandem`` in the user's cache folder."""
    if explicit := os.environ.get("TANDEM_CACHE"):
        return Path(explicit)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tandem"


def fingerprint(paths: Iterable[Path], *words: str) -> str:
    """Twelve hex digits that change when the content or name of a file under `paths`, or one of `words`, changes."""
    digest = hashlib.sha256("\0".join(words).encode())
    for root in sorted(paths):
        for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
            if path.is_file() and not _LITTER.intersection(path.parts):
                name = path.relative_to(root.parent).as_posix()
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                digest.update(f"\0{name}\0{content}".encode())
    return digest.hexdigest()[:12]


def archive_path(cache: Path, name: str, inputs: str) -> Path:
    """Where the archive of image `name`, made from inputs with this fingerprint, is kept."""
    return cache / "images" / f"{name}-{inputs}.tar"


_KEPT_ARCHIVES = 3


def forget_older(archive: Path) -> None:
    """Remove old archives of the same image: each is hundreds of megabytes.

    The newest stay for a while, since another command may be about to load what it has just built.
    """
    name = archive.stem.rpartition("-")[0]
    others = [other for other in archive.parent.glob(f"{name}-????????????.tar") if other != archive]
    newest_first = sorted(others, key=lambda other: other.stat().st_mtime, reverse=True)
    for other in newest_first[_KEPT_ARCHIVES - 1 :]:
        other.unlink(missing_ok=True)


@contextmanager
def locked(cache: Path, name: str) -> Iterator[None]:
    """Let only one thread of one process at a time do what goes by `name`; others wait."""
    (cache / "images").mkdir(parents=True, exist_ok=True)
    with (cache / "images" / f".{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def write_if_changed(path: Path, text: str) -> None:
    """Write a file that others may be reading at this moment: they see the old or the new one, never half of it."""
    if not path.exists() or path.read_text() != text:
        partial = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
        partial.write_text(text)
        partial.replace(path)

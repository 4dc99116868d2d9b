"""The example bentos: trained, and built by bentoml."""

import os
import shutil
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from dev.images.cache import REPOSITORY, fingerprint
from dev.images.command import run
from dev.images.progress import Progress, Step

_BENTOS = REPOSITORY / "bentos"
REQUIREMENTS = _BENTOS / "requirements.txt"


@dataclass(frozen=True)
class BentoVersion:
    """One version of one example bento: a folder below ``bentos`` with a bentofile.yaml."""

    bento: str
    version: str
    bentofile: Path

    @property
    def tag(self) -> str:
        """How bentoml names it, for example ``digits:never-ready``."""
        return f"{self.bento}:{self.version}"

    @property
    def image(self) -> str:
        """The name of its image."""
        return f"tandem.local/{self.tag}"

    def fingerprint(self) -> str:
        """Changes with whatever can change this bento."""
        shared = [_BENTOS / "__init__.py", REQUIREMENTS, _BENTOS / self.bento]
        return fingerprint([*shared, Path(__file__), Path(__file__).with_name("context.py")], self.tag)


@dataclass(frozen=True)
class BuiltBento:
    """A bento as bentoml built it."""

    source: BentoVersion
    store: Path
    """The folder for BENTOML_HOME: it has this bento and its model, and no other."""
    tree: Path
    """What its image holds at /home/bentoml/bento."""


def bento_versions() -> list[BentoVersion]:
    """Every version of every example bento, by name."""
    return [
        BentoVersion(path.parent.parent.name, path.parent.name.replace("_", "-"), path)
        for path in sorted(_BENTOS.glob("*/*/bentofile.yaml"))
    ]


def build_bentos(cache: Path, progress: Progress) -> list[BuiltBento]:
    """Train and build every bento whose sources changed. Raises ImageBuildError."""
    versions = bento_versions()
    (cache / "bentos").mkdir(parents=True, exist_ok=True)
    folders = {
        version: cache / "bentos" / f"{version.bento}-{version.version}-{version.fingerprint()}" for version in versions
    }
    for old in set((cache / "bentos").iterdir()) - set(folders.values()):
        shutil.rmtree(old)

    def build(version: BentoVersion) -> BuiltBento:
        built = BuiltBento(version, folders[version], folders[version] / "tree")
        if not built.tree.is_dir():
            with progress.step(f"bento {version.tag}") as step:
                _build(built, step)
        return built

    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(build, versions))


def bentoml_environment(store: Path, base: Mapping[str, str]) -> dict[str, str]:
    """`base`, in which bentoml keeps to itself: its own store, and nothing reported to its makers."""
    return {**base, "BENTOML_HOME": str(store), "BENTOML_DO_NOT_TRACK": "True", "OMP_NUM_THREADS": "1"}


def bentoml_program() -> Path:
    """The bentoml command of the Python that runs this."""
    return Path(sys.executable).with_name("bentoml")


def _build(built: BuiltBento, step: Step) -> None:
    source = built.source
    shutil.rmtree(built.store, ignore_errors=True)
    built.store.mkdir()
    environment = bentoml_environment(built.store, os.environ)

    def bentoml(doing: str, *words: str | Path) -> str:
        step(doing)
        return run(words, doing=f"{doing} {source.tag}", env=environment, cwd=REPOSITORY)

    module = f"bentos.{source.bento}.train"
    said = bentoml("training", sys.executable, "-m", module, source.version)
    step(said.strip().splitlines()[-1])
    bentofile = source.bentofile.relative_to(REPOSITORY)
    bentoml("building", bentoml_program(), "build", "-f", bentofile, "--version", source.version, ".")
    bentoml("gathering files of", sys.executable, "-m", "dev.images.context", source.tag, built.tree)

"""A real Prometheus for tests, in a temporary folder: it scrapes what it is told to once a second.

It listens on loopback, or on another address of this machine. It is the machine's own where there is one, otherwise the
one of Debian's package, unpacked into the cache: nothing is installed, and no service is started::

    with Prometheus([Target("127.0.0.1:8000", {"namespace": "payments", "pod": "fraud-r1-a"})]) as prometheus:
        httpx.get(f"{prometheus.url}/api/v1/targets")
"""

import json
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from dev.cluster.commands import run
from dev.cluster.errors import ClusterError, CommandFailed
from dev.cluster.guard import clean_up, table_of
from dev.cluster.health import answers, await_healthy
from dev.cluster.progress import Progress
from dev.images.cache import cache_folder, locked

_LOOPBACK = "127.0.0.1"
_NAME = "prometheus"
_REPOSITORY = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Target:
    """What is scraped at ``http://address/metrics``, and the labels that its series get."""

    address: str
    labels: Mapping[str, str] = field(default_factory=dict)


def find_prometheus(cache: Path | None = None, progress: Progress | None = None) -> Path:
    """Return the program; it is fetched if it is neither installed nor in the cache. Raises ClusterError."""
    own = shutil.which(_NAME)
    if own:
        return Path(own)
    cache = cache or cache_folder()
    program = cache / _NAME / "usr/bin" / _NAME
    with locked(cache, _NAME):
        if not program.is_file():
            with (progress or Progress()).step("fetching Debian's package of Prometheus"):
                _fetch(cache / _NAME)
    return program


class Prometheus:
    """A Prometheus that runs while the block does. It ends with this program too, even if that is killed."""

    def __init__(
        self,
        targets: Iterable[Target],
        cache: Path | None = None,
        progress: Progress | None = None,
        host: str = _LOOPBACK,
    ) -> None:
        self._program = find_prometheus(cache, progress)
        self._folder = Path(tempfile.mkdtemp(prefix="tandem-prometheus-"))
        self._table = table_of(self._folder)
        self._guard: subprocess.Popen[bytes] | None = None
        self._address = f"{host}:{_free_port(host)}"
        self.url = f"http://{self._address}"
        self._configuration = self._folder / "prometheus.yml"
        self._targets = self._folder / "targets.json"
        self.scrape(targets)
        job = {"job_name": "pods", "file_sd_configs": [{"files": [str(self._targets)]}]}
        every = {"scrape_interval": "1s", "scrape_timeout": "1s"}
        self._configuration.write_text(json.dumps({"global": every, "scrape_configs": [job]}))  # JSON is YAML

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def scrape(self, targets: Iterable[Target]) -> None:
        """Scrape these from now on; one that runs notices by itself."""
        found = [{"targets": [target.address], "labels": dict(target.labels)} for target in targets]
        new = self._targets.with_suffix(".new")
        new.write_text(json.dumps(found))
        new.replace(self._targets)

    def start(self) -> None:
        """Start it, again if it was killed, with the data that it had; returns when it answers. Raises ClusterError."""
        if self._guard is None:
            words = [sys.executable, "-m", "dev.cluster.guard", str(self._folder)]
            self._guard = subprocess.Popen(words, stdin=subprocess.PIPE, cwd=_REPOSITORY, start_new_session=True)
        options = [
            f"--config.file={self._configuration}",
            f"--storage.tsdb.path={self._folder / 'data'}",
            f"--web.listen-address={self._address}",
        ]
        try:
            self._table.ensure(_NAME, [self._program, *options])
            await_healthy(self._table, _NAME, answers(f"{self.url}/-/ready"), 60)
        except BaseException:
            self.stop()
            raise

    def kill(self) -> None:
        """End it at once, as a crash would; nobody answers until `start`."""
        self._table.kill(_NAME)

    def stop(self) -> None:
        """End it and remove its files. May be called again."""
        if self._guard is None:
            return
        clean_up(self._folder)
        assert self._guard.stdin is not None
        self._guard.stdin.close()
        self._guard.wait(30)
        self._guard = None


def _fetch(folder: Path) -> None:
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        run(["apt-get", "download", _NAME], doing="downloading Debian's package of Prometheus", cwd=partial)
        (package,) = partial.glob("*.deb")
        run(["dpkg", "-x", package, partial / "root"], doing="unpacking Prometheus")
    except CommandFailed as error:
        raise ClusterError(
            f"these tests need Prometheus, and it is neither installed nor to be had from Debian: {error}\n"
            "Put a `prometheus` on PATH; or see that Debian's `apt-get update` and `apt-get download prometheus` work."
        ) from error
    (partial / "root").replace(folder)
    shutil.rmtree(partial)


def _free_port(host: str) -> int:
    with socket.socket() as free:
        free.bind((host, 0))
        return int(free.getsockname()[1])

"""A process under measurement: what it costs in processor time and memory, as Linux counts it."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

_TICKS = os.sysconf("SC_CLK_TCK")
_MIB = 1024


@dataclass(frozen=True)
class Cost:
    """What a process has cost since it was started."""

    cpu: float
    """Seconds of processor time."""
    rss: float
    """MiB in memory now."""
    peak: float
    """MiB in memory at most."""


class ProcessDied(Exception):
    """The measured process has ended by itself; its log says why."""


class Metered:
    """A process that is measured; ended with the ``with`` block. Its output goes to ``log``."""

    def __init__(self, words: Sequence[str | Path], log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                words, stdout=output, stderr=output, env={**os.environ, **(environment or {})}
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def cost(self) -> Cost:
        """Return what it has cost so far; raises ``ProcessDied``."""
        if self._process.poll() is not None:
            last = self.log.read_text(errors="replace").splitlines()[-5:]
            raise ProcessDied(f"{self._process.args!r} has ended with {self._process.returncode}: {last}")
        proc = Path("/proc") / str(self._process.pid)
        stat = (proc / "stat").read_text().rpartition(")")[2].split()
        status = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
        return Cost(
            cpu=(int(stat[11]) + int(stat[12])) / _TICKS,
            rss=int(status["VmRSS"].split()[0]) / _MIB,
            peak=int(status["VmHWM"].split()[0]) / _MIB,
        )

    def stop(self) -> None:
        """Ask it to end, and end it if it does not."""
        if self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(40)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

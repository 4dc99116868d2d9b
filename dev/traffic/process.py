"""The load generator as a process of its own, so that it costs the one that started it nothing."""

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from dev.traffic.outcomes import Outcome, parse

_REPOSITORY = Path(__file__).resolve().parents[2]
_STOP_SECONDS = 40.0


class TrafficFailed(Exception):
    """The load generator could not run or ended by itself; the message quotes what it said last."""


class Traffic:
    """Traffic that flows while the block runs: ``with Traffic(url, rows, folder) as traffic: ...``."""

    def __init__(
        self,
        url: str,
        rows: Path,
        out: Path,
        *,
        rate: float = 50.0,
        seconds: float = 900.0,
        options: Sequence[str] = (),
    ) -> None:
        """``options``: more of the command's, such as ``--host`` with its name."""
        self.out = out
        self._seconds = seconds
        self._log = out.with_suffix(".log")
        self._command = [
            sys.executable, "-m", "dev.traffic", "--url", url, "--rows", str(rows), "--out", str(out),
            "--rate", str(rate), "--seconds", str(seconds), *options,
        ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None
        self._position = 0
        self._outcomes: list[Outcome] = []

    def __enter__(self) -> Self:
        self.out.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(self._command, cwd=_REPOSITORY, stdout=log, stderr=log)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> list[Outcome]:
        """End it, wait until everything on its way is recorded, and return all outcomes. May be called again."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        return self.outcomes()

    def finish(self) -> list[Outcome]:
        """Wait until all of it is sent and answered, and return all outcomes. Raises ``TrafficFailed``."""
        if self._process is not None:
            try:
                self._process.wait(self._seconds + _STOP_SECONDS)
            except subprocess.TimeoutExpired as error:
                raise TrafficFailed(f"the load generator did not end after its {self._seconds:g} s") from error
        return self.stop()

    def check(self) -> None:
        """Raises ``TrafficFailed`` when it does not flow any more."""
        if self._process is None or self._process.poll() is None:
            return
        said = self._log.read_text(errors="replace")[-2000:]
        raise TrafficFailed(f"the load generator ended by itself (code {self._process.returncode}): {said}")

    def outcomes(self) -> list[Outcome]:
        """Return all outcomes so far; the last half second may be missing while it runs."""
        if self.out.exists():
            with self.out.open("rb") as file:
                file.seek(self._position)
                text = file.read()
            complete = text[: text.rfind(b"\n") + 1]
            self._position += len(complete)
            self._outcomes.extend(parse(complete.decode().splitlines(keepends=True)))
        return self._outcomes

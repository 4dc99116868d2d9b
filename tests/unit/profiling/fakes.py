"""A bento's stand-in, as a program on its own, and whether anything of it is left."""

import sys
from pathlib import Path

import psutil

FAKE = Path(__file__).with_name("fake_bentoml.py")


class Fake:
    """The program, and whether anything that it started is still there."""

    def __init__(self, folder: Path) -> None:
        self.pids = folder / "pids"
        program = folder / "bentoml"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{FAKE}" "$@"\n')
        program.chmod(0o755)
        self.program = str(program)

    def left_running(self) -> list[int]:
        noted = [int(pid) for pid in self.pids.read_text().split()] if self.pids.exists() else []
        return [pid for pid in noted if psutil.pid_exists(pid) and _runs(pid)]


def _runs(pid: int) -> bool:
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and "fake_bentoml" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False

"""A bento's stand-in, as a program on its own, and whether anything of it is left."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Sequence
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


async def interrupted(fake: Fake, words: Sequence[str], started: int, number: signal.Signals, folder: Path) -> None:
    """Send a signal to a command of ``tandem`` once it has started so many processes.

    It ends as a shell expects of it, says that nothing is left, and nothing is.
    """
    command = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from tandem.cli.main import app; app()", *words,
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    async with asyncio.timeout(60):
        while len(fake.left_running()) < started:  # noqa: ASYNC110 - a process tells nobody that it was started
            await asyncio.sleep(0.05)
        command.send_signal(number)
        said, _ = await command.communicate()
    assert command.returncode == 130 and b"nothing of it is left running" in said
    assert fake.left_running() == []


def _runs(pid: int) -> bool:
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and "fake_bentoml" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False

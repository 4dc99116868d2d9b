"""A bento that runs: started here with the user's own ``bentoml serve``, and gone afterwards whatever happens."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp
import psutil
import yaml

from tandem.profiling.errors import NeverReady, ProfilingFailed
from tandem.profiling.processes import family, is_gone, kill

READY_EVERY: Final = 0.1
"""Seconds between two looks at whether it is ready: the resolution of the start-up time."""

READY_TIMEOUT: Final = 2.0
"""A bento that is still loading takes connections and answers none of them."""

TAIL: Final = 8192
"""Bytes of its output that are kept, to say why it did not start."""

LAST_LINES: Final = 8


@dataclass(frozen=True, slots=True)
class Bento:
    """A bento that was started: its address, its first process, and its tag where it is known."""

    url: str
    process: psutil.Process
    tag: str | None = None
    output: bytearray = field(default_factory=bytearray, repr=False, compare=False)
    """The last that it said. Once it has got rows, it may hold parts of them: never show it then."""

    @property
    def age(self) -> float:
        """Seconds since its first process was started."""
        return time.time() - float(self.process.create_time())

    def last_words(self) -> str:
        """Return its last lines of output, to end a sentence with."""
        return last_words(bytes(self.output).decode(errors="replace"))


@asynccontextmanager
async def serve(target: str, program: str | None = None) -> AsyncIterator[Bento]:
    """Run ``bentoml serve TARGET`` for the length of the block; it is not ready yet when the block begins.

    ``target``: a bento's tag or folder. ``program``: the bentoml to run; else the one on PATH, or beside this Python.
    Afterwards its whole process group is killed, workers too. Raises `ProfilingFailed` when it cannot be started.
    """
    command = [_program(program), "serve", target, "--host", "127.0.0.1", "--port", str(port := _free_port())]
    environment = {**os.environ, "BENTOML_DO_NOT_TRACK": "True"}
    try:
        child = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        raise ProfilingFailed(f"cannot run {command[0]}: {error.strerror}") from error
    output = bytearray()
    assert child.stdout is not None
    draining = asyncio.create_task(_drain(child.stdout, output))
    seen: list[psutil.Process] = []
    try:
        try:
            process = psutil.Process(child.pid)
        except psutil.NoSuchProcess as error:
            raise ProfilingFailed(f"`bentoml serve {target}` ended at once") from error
        seen.append(process)
        yield Bento(f"http://127.0.0.1:{port}", process, _tag(target), output)
    finally:
        draining.cancel()
        kill([each for first in seen for each in family(first)])
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        await child.wait()


async def until_ready(bento: Bento, deadline: float) -> float:
    """Wait until a bento is ready; returns the seconds since its start. Raises `NeverReady` after the deadline."""
    timeout = aiohttp.ClientTimeout(total=READY_TIMEOUT)
    async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session:
        while True:
            if await _is_ready(session, bento.url):
                return bento.age
            if is_gone(bento.process):
                raise NeverReady(f"the bento ended before it was ready{bento.last_words()}")
            if bento.age > deadline:
                raise NeverReady(f"the bento was not ready within {deadline:.0f} s (--startup){bento.last_words()}")
            await asyncio.sleep(READY_EVERY)


def last_words(output: str) -> str:
    """Return the last lines of a bento's output, each indented, to end a sentence with; nothing where it said none."""
    lines = output.splitlines()[-LAST_LINES:]
    return ". Its last lines:" + "".join(f"\n  {line[:300]}" for line in lines) if lines else ""


async def _is_ready(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(f"{url}/readyz", allow_redirects=False) as answer:
            return answer.status == 200
    except (aiohttp.ClientError, OSError, TimeoutError):
        return False


async def _drain(stream: asyncio.StreamReader, output: bytearray) -> None:
    """Read all that it says, or it would stand still once the pipe is full; keep the end of it."""
    while chunk := await stream.read(65536):
        output += chunk
        del output[:-TAIL]


def _program(named: str | None) -> str:
    if named is not None:
        return named
    beside = Path(sys.executable).with_name("bentoml")
    found = shutil.which("bentoml") or (str(beside) if beside.exists() else None)
    if found is None:
        raise ProfilingFailed(
            "there is no bentoml on PATH: activate the environment that the bento was built in, or name its program "
            "with --bentoml .venv/bin/bentoml"
        )
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _tag(target: str) -> str | None:
    """Return the tag in a built bento's folder, or the target where it is one itself."""
    file = Path(target) / "bento.yaml"
    if not file.is_file():
        return target if ":" in target and not Path(target).exists() else None
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
        return f"{found['name']}:{found['version']}"
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError):
        return None

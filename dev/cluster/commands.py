"""Running other programs to their end."""

import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dev.cluster.errors import CommandFailed

_KEPT_LINES = 25

Words = Sequence[str | Path]
WordList = list[str | Path]


def run(
    words: Words,
    *,
    doing: str,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float | None = 600,
) -> str:
    """Run to the end and return standard output. `doing` names the step in errors; `timeout` is in seconds.

    Raises CommandFailed when the program is missing, fails or takes too long.
    """
    argv = [str(word) for word in words]
    try:
        done = subprocess.run(
            argv,
            check=False,
            input=stdin,
            env=env,
            cwd=cwd,
            timeout=timeout,
            capture_output=True,
            text=True,
            errors="replace",
        )
    except FileNotFoundError as error:
        raise CommandFailed(f"{doing}: {argv[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise CommandFailed(f"{doing}: {argv[0]} took longer than {timeout:.0f} s: {' '.join(argv)}") from error
    if done.returncode:
        said = last_lines(done.stderr.strip() or done.stdout.strip())
        raise CommandFailed(f"{doing}: {' '.join(argv[:6])} … ended with {done.returncode}. Its last lines:\n{said}")
    return done.stdout


def follow(
    words: Words, *, doing: str, on_line: Callable[[str], None], env: Mapping[str, str] | None = None, cwd: Path | None
) -> None:
    """Run to the end while `on_line` sees every line of output. Raises CommandFailed."""
    argv = [str(word) for word in words]
    last: deque[str] = deque(maxlen=_KEPT_LINES)
    try:
        process = subprocess.Popen(
            argv, env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        )
    except FileNotFoundError as error:
        raise CommandFailed(f"{doing}: {argv[0]} is not installed") from error
    assert process.stdout is not None
    with process:
        for line in process.stdout:
            last.append(line.rstrip())
            on_line(line.strip())
    if process.returncode:
        raise CommandFailed(
            f"{doing}: {argv[0]} ended with {process.returncode}. Its last lines:\n"
            + "\n".join(f"  {line}" for line in last)
        )


def succeeds(words: Words, *, timeout: float = 30) -> bool:
    """Whether the command exists and ends well within `timeout` seconds."""
    try:
        done = subprocess.run([str(word) for word in words], check=False, capture_output=True, timeout=timeout)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def last_lines(text: str, count: int = _KEPT_LINES) -> str:
    """The end of a longer text, indented, for quoting in a message."""
    return "\n".join(f"  {line}" for line in text.splitlines()[-count:]) or "  (nothing)"

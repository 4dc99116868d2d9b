"""Running the tools that build images, with their last words kept for the error message."""

import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_KEPT_LINES = 20
_SHOWN_CHARACTERS = 80


class ImageBuildError(Exception):
    """An image could not be built; the message says which step failed, and quotes the tool's last lines."""


def run(
    command: Sequence[str | Path],
    *,
    doing: str,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    on_line: Callable[[str], None] | None = None,
) -> str:
    """Run `command` to its end and return its output (standard output and error together).

    `doing` names the step for people; `on_line` sees the beginning of each line as it is printed. Raises
    ImageBuildError when the command is missing or fails.
    """
    words = [str(word) for word in command]
    try:
        process = subprocess.Popen(
            words,
            env=env,
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except FileNotFoundError as error:
        raise ImageBuildError(f"{doing}: {words[0]} is not installed; on Debian: apt-get install {words[0]}") from error
    last: deque[str] = deque(maxlen=_KEPT_LINES)
    output: list[str] = []
    assert process.stdout is not None
    with process:
        for line in process.stdout:
            output.append(line)
            if text := line.strip():
                last.append(text)
                if on_line:
                    on_line(text[:_SHOWN_CHARACTERS])
    if process.returncode:
        quoted = "\n  ".join(last)
        raise ImageBuildError(f"{doing}: {words[0]} ended with {process.returncode}. Its last lines:\n  {quoted}")
    return "".join(output)

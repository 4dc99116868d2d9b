"""Documents that users give: read within bounds of size and time, and told of by name where they are not in order."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NoReturn

import yaml

from tandem.cli.values import refuse

LARGEST: Final = 1024 * 1024
"""Bytes of a schema file."""

SECONDS: Final = 20.0
"""How long anything that a user's document decides about may take: a regular expression can take for ever."""


class _Loader(yaml.SafeLoader):
    """YAML as JSON would say it: a day stays text."""


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in each if tag != "tag:yaml.org,2002:timestamp"]
    for letter, each in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_document(file: Path) -> Any:
    """Return what a YAML or JSON file holds, or end the command with what is wrong with it."""
    try:
        if file.stat().st_size > LARGEST:
            refuse(f"{file}: has {file.stat().st_size // 1024} KiB; a schema has at most {LARGEST // 1024} KiB")
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        refuse(f"{file}: cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        refuse(f"{file}: is not text in UTF-8")
    try:
        return json.loads(text) if file.suffix == ".json" else yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        refuse(f"{file}:{line}: this is not YAML: {error.problem}")
    except json.JSONDecodeError as error:
        refuse(f"{file}:{error.lineno}: this is not JSON: {error.msg}")
    except (yaml.YAMLError, RecursionError, ValueError, TypeError) as error:
        refuse(f"{file}: cannot be read: {str(error) or 'it is nested too deeply'}")


class _TooLong(Exception):
    """The time is over."""


@contextmanager
def bounded(doing: str) -> Iterator[None]:
    """End the command with a message where the block takes longer than this. For the main thread."""

    def over(*_: object) -> NoReturn:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    except _TooLong:
        refuse(f"{doing} took longer than {SECONDS:.0f} s and was given up: is there a pattern that never ends?")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

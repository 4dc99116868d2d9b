"""Files that a command makes: all of them or none, and never over somebody's work without being told to."""

from collections.abc import Mapping
from pathlib import Path

from tandem.cli.values import refuse


def write_new(folder: Path, files: Mapping[str, str], *, force: bool) -> list[Path]:
    """Write the files by their paths below the folder, and return them; with one that exists, end the command.

    ``force`` replaces what exists. What has the wanted content already is no hindrance.
    """
    wanted = {folder / name: text for name, text in files.items()}
    if not force:
        taken = [path for path, text in wanted.items() if path.exists() and not _holds(path, text)]
        if taken:
            refuse(
                f"{', '.join(map(str, taken))} exists already and is not overwritten: choose another folder with "
                "--out, or replace it with --force"
            )
    try:
        for path, text in wanted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        refuse(f"{error.filename or folder}: cannot be written: {error.strerror}")
    return list(wanted)


def _holds(path: Path, text: str) -> bool:
    try:
        return path.is_file() and path.read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        return False

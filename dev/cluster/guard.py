"""Ends the processes of a light control plane when the program that started it is gone, however it ended.

Run as ``python -m dev.cluster.guard FOLDER``: waits for the end of its standard input, whose other end the program
holds; then ends every process recorded in the folder, and removes the folder.
"""

import shutil
import sys
from pathlib import Path

from dev.cluster.processes import ProcessTable


def clean_up(folder: Path) -> None:
    """End at once what runs of this control plane, and remove its files."""
    table = table_of(folder)
    for name in table.names():
        table.kill(name)
    shutil.rmtree(folder, ignore_errors=True)


def table_of(folder: Path) -> ProcessTable:
    """The processes of the control plane in this folder."""
    return ProcessTable(folder / "processes", folder / "logs")


if __name__ == "__main__":
    sys.stdin.read()
    clean_up(Path(sys.argv[1]))

"""What every plot of the command line has in common: when one can be drawn, and how it is written."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typer

from tandem.cli.values import refuse

ENDINGS = (".png", ".svg")


def check(path: str) -> None:
    """End the command where no plot could be drawn; to be told so after the simulation would be late."""
    if Path(path).suffix not in ENDINGS:
        raise typer.BadParameter(f"{path!r}: give a file that ends in .png or .svg", param_hint="--plot")
    if not Path(path).parent.is_dir():
        raise typer.BadParameter(f"there is no folder {str(Path(path).parent)!r}", param_hint="--plot")
    if find_spec("matplotlib") is None:
        refuse("--plot needs matplotlib, which is not installed: pip install 'tandem-operator[plot]'")


def save(figure: Any, path: str) -> None:
    """Write a figure into a file, or end the command."""
    try:
        figure.savefig(path, dpi=150)
    except OSError as error:
        refuse(f"{path}: cannot be written: {error.strerror}")

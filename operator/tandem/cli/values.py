"""Options and files as people write them, and how to say what is wrong with them."""

from collections.abc import Callable
from enum import StrEnum
from typing import NoReturn, TypeVar

import typer

_T = TypeVar("_T")


class Output(StrEnum):
    """How a result is written."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


def refuse(message: str) -> NoReturn:
    """Say what is wrong with what the user gave, and end with exit code 2."""
    typer.echo(message, err=True)
    raise typer.Exit(2)


def fail(message: str) -> NoReturn:
    """Say what went wrong, and end with exit code 1."""
    typer.echo(message, err=True)
    raise typer.Exit(1)


def stopped(what: str) -> NoReturn:
    """Say that a signal ended it and nothing is left, and end with the exit code that shells have for Ctrl-C."""
    typer.echo(f"{what}: stopped; nothing of it is left running", err=True)
    raise typer.Exit(130)


def read_option(name: str, text: str, read: Callable[[str], _T]) -> _T:
    """Return an option's value; a wrong one is told of with the option's name."""
    try:
        return read(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=name) from error

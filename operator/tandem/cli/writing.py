"""Writing a result for a machine: JSON or YAML on standard output."""

import json
from typing import Any

import typer

from tandem.cli.values import Output


def write_data(data: Any, output: Output) -> None:
    """Write JSON values."""
    if output is Output.JSON:
        typer.echo(json.dumps(data, indent=2, ensure_ascii=False))
        return
    import yaml

    typer.echo(yaml.safe_dump(data, sort_keys=False, allow_unicode=True).rstrip())

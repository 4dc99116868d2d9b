"""``tandem`` by itself: it is asked for often, by completion too, and loads nothing that it does not need."""

import subprocess
import sys

from typer.testing import CliRunner

from tandem.cli.main import app

LOOK = """
import sys
from tandem.cli.main import app
try:
    app(["--help"])
except SystemExit:
    pass
SLOW = {"rich.console", "numpy", "pydantic", "kubernetes", "kopf", "bentoml", "yaml", "httpx"}
print(*sorted(set(sys.modules) & SLOW))
"""


def test_the_list_of_commands_loads_nothing_that_is_slow() -> None:
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True)
    assert "lint" in done.stdout and done.stdout.splitlines()[-1] == ""


def test_the_list_of_commands_says_what_each_does() -> None:
    shown = CliRunner().invoke(app, ["--help"])
    assert shown.exit_code == 0 and "Check whether models are ready for production" in shown.stdout

"""Help and wrong usage of the commands that talk to a cluster need no cluster, and nothing that is slow to import."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from tandem.cli.access import UNREACHABLE
from tandem.cli.main import app

LOOK = ("get", "watch", "cases", "history", "report", "inventory")
VERBS = ("promote", "abort", "retry", "pause", "resume", "rollback", "freeze")


def test_help_of_every_command_imports_nothing_that_is_slow_to_import() -> None:
    slow = ("numpy", "kubernetes", "aiohttp", "kopf", "httpx", "yaml")
    code = (
        "import sys\nfrom tandem.cli.main import app\n"
        f"for name in {(*LOOK, *VERBS)!r}:\n"
        "    try:\n        app([name, '--help'])\n"
        "    except SystemExit as end:\n        assert end.code == 0, (name, end.code)\n"
        f"print('slow:', [name for name in {slow!r} if name in sys.modules])\n"
    )
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert shown.stdout.splitlines()[-1] == "slow: []"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("get", "fraud", "--kubeconfig", "/nowhere"), UNREACHABLE, "there is no kubeconfig /nowhere"),
        (("inventory", "--kubeconfig", "/nowhere"), UNREACHABLE, "there is no kubeconfig /nowhere"),
        (("abort", "fraud", "--id", "x" * 65, "--kubeconfig", "/nowhere"), 2, "1 to 64 characters"),
        (("report", "fraud", "--kubeconfig", "/nowhere"), 2, "MODEL-rNUMBER"),
        (("watch", "fraud", "--timeout", "30", "--kubeconfig", "/nowhere"), 2, "a number and a unit"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_tried(words: tuple[str, ...], code: int, said: str) -> None:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == code
    assert said in " ".join(result.stderr.replace("│", " ").split())

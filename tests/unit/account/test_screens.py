"""The screens of ``tandem get MODEL``, as golden texts of 100 columns. TANDEM_UPDATE_GOLDEN=1 writes them anew."""

import io
import os
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from tandem.account.tell import account_of
from tandem.cli.screen import screen
from tests.unit.account.scenes import ENV, SCENES
from tests.unit.rollout.world import NOON

FOLDER = Path(__file__).parent / "screens"
NOW = NOON + timedelta(minutes=30)


def drawn(name: str) -> str:
    console = Console(file=io.StringIO(), width=100, highlight=False)
    console.print(screen(account_of(SCENES[name](), NOW), NOW), crop=False)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


@pytest.mark.parametrize("name", SCENES)
def test_a_screen_is_as_it_was_agreed(name: str) -> None:
    file, text = FOLDER / f"{name}.txt", drawn(name)
    if os.environ.get("TANDEM_UPDATE_GOLDEN"):
        file.write_text(text)
    assert text == file.read_text()


@pytest.mark.parametrize("name", SCENES)
def test_what_may_be_private_is_on_no_screen(name: str) -> None:
    seen = SCENES[name]()
    shown = drawn(name) + str(account_of(seen, NOW).document())
    assert not any(value in shown for value in ENV.values())

"""What the audience sees: acts, the commands that are run, what they say, and live views."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import TypeVar

from rich.console import Console, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.rule import Rule

_T = TypeVar("_T")
_REFRESH_SECONDS = 0.5
_QUIET_SECONDS = 10.0


class Screen:
    """A terminal, or a log file where there is none."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self._started = time.monotonic()

    def act(self, number: int, title: str) -> None:
        """Announce the next act."""
        elapsed = time.monotonic() - self._started
        self.console.print()
        self.console.print(Rule(f"[bold]{number}. {escape(title)}[/]  [dim]{_minutes(elapsed)}[/]", align="left"))

    def say(self, text: str) -> None:
        """Explain something."""
        self.console.print(f"[dim]{escape(text)}[/]")

    def command(self, shown: str) -> None:
        """Show a command that is about to be run."""
        self.console.print(f"[bold cyan]$[/] {escape(shown)}", soft_wrap=True)

    def output(self, text: str) -> None:
        """Show what a command said."""
        if text.strip():
            self.console.print(text.rstrip(), markup=False, soft_wrap=True)

    def show(self, what: RenderableType) -> None:
        """Show anything else."""
        self.console.print(what)

    def while_shown(self, view: Callable[[], RenderableType], line: Callable[[], str], work: Callable[[], _T]) -> _T:
        """Do ``work`` while ``view`` is drawn; where there is no terminal, say ``line`` now and then."""
        if self.console.is_terminal:
            with Live(get_renderable=view, console=self.console, refresh_per_second=2, transient=True):
                return work()
        with self._saying(line):
            return work()

    @contextmanager
    def _saying(self, line: Callable[[], str]) -> Iterator[None]:
        done = Event()

        def say() -> None:
            while not done.wait(_QUIET_SECONDS):
                self.say(line())

        thread = Thread(target=say, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"

"""Showing what is being done, how far it is and how long it takes: live on a terminal, as plain lines elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from rich.console import Console
from rich.progress import Progress as Bars
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

_QUIET_SECONDS = 20.0
"""How often a long step says that it is still going on when there is no terminal to draw on."""


class Step:
    """One thing being done. Call it with a few words on what it is doing right now."""

    def __init__(self, progress: "Progress", title: str) -> None:
        self._progress = progress
        self.title = title
        self.detail = ""
        self.started = time.monotonic()
        self.said = self.started
        self.bar = progress.show(self)

    def __call__(self, detail: str) -> None:
        self.detail = detail
        self._progress.update(self)


class Progress:
    """All steps of one command. Steps that run at the same time are shown one below the other."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(file=sys.stderr, highlight=False)
        self._live = self.console.is_terminal
        self._lock = Lock()
        self._running = 0
        self._bars = Bars(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[detail]}"),
            console=self.console,
            transient=True,
        )

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show `title` while the block runs, and how long it took when it is done."""
        step = Step(self, title)
        try:
            yield step
        except BaseException:
            self._finish(step, "[red]✗[/]")
            raise
        self._finish(step, "[green]✓[/]")

    def say(self, text: str) -> None:
        """Print a line that stays."""
        self.console.print(text)

    def report(self, name: str, doing: str) -> None:
        """Print what somebody else's step is doing (the shape of callback that `dev.images` takes)."""
        self.console.print(f"  {name}: {doing}", style="dim", markup=False)

    def show(self, step: Step) -> int | None:
        if not self._live:
            self.console.print(f"… {step.title}", markup=False)
            return None
        with self._lock:
            if self._running == 0:
                self._bars.start()
            self._running += 1
        return self._bars.add_task(step.title, total=None, detail="")

    def update(self, step: Step) -> None:
        if step.bar is not None:
            self._bars.update(step.bar, detail=step.detail)  # type: ignore[arg-type]
        elif time.monotonic() - step.said > _QUIET_SECONDS:
            step.said = time.monotonic()
            elapsed = step.said - step.started
            self.console.print(f"… {step.title}: {elapsed:.0f} s, {step.detail}", markup=False)

    def _finish(self, step: Step, mark: str) -> None:
        elapsed = time.monotonic() - step.started
        if step.bar is not None:
            with self._lock:
                self._bars.remove_task(step.bar)  # type: ignore[arg-type]
                self._running -= 1
                if self._running == 0:
                    self._bars.stop()
        self.console.print(f"{mark} {step.title} [dim]{elapsed:.1f} s[/]")

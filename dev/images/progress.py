"""How builds tell what they are doing. `dev.cluster.progress.Progress` is one way to show it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

Step = Callable[[str], None]
"""Called with a few words on what a step is doing right now; the last call wins."""


class Progress(Protocol):
    """Shows steps. Steps may overlap, and come from several threads."""

    def step(self, title: str) -> AbstractContextManager[Step]:
        """Show `title` while the block runs."""


def unseen(_detail: str) -> None:
    """Show nothing."""

"""Tables as values: shown on a terminal, or written as Markdown."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import JustifyMethod
from rich.table import Table as Shown


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a title and what one must know to read it. Every row has as many texts as there are columns."""

    title: str
    note: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"{self.title}: a row has {len(row)} texts, there are {len(self.columns)} columns")

    def shown(self) -> Shown:
        """Return it for a terminal."""
        left: JustifyMethod = "left"
        table = Shown(title=self.title, caption=_bold(self.note), title_justify=left, caption_justify=left)
        for column in self.columns:
            table.add_column(column)
        for row in self.rows:
            table.add_row(*map(_bold, row))
        return table

    def markdown(self) -> str:
        """Return it as Markdown."""
        lines = [self.columns, ["---"] * len(self.columns), *self.rows]
        text = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        note = f"\n{self.note}\n" if self.note else ""
        return f"### {self.title}\n{note}\n{text}\n"


def _bold(text: str) -> str:
    """Return Markdown's bold as the terminal's."""
    return re.sub(r"\*\*(.*?)\*\*", r"[bold]\1[/bold]", text)

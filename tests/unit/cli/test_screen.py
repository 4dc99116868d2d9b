"""What people and pods wrote is shown as they wrote it."""

import pytest
from rich.table import Table

from tandem.cli.screen import console


@pytest.mark.parametrize(
    "words", ["see [/v1/rules]", "[ERROR] [entry_service:Fraud:1] Exception", "checkout [eu]", ":memo:"]
)
def test_brackets_and_colons_in_peoples_words_are_no_mark_up(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    table = Table()
    table.add_column()
    table.add_row(words)
    console().print(words)
    console().print(table)
    assert capsys.readouterr().out.count(words) == 2

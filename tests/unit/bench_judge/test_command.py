"""A goal from the command line to its table, the tables in a document, and the pictures."""

import sys
from itertools import product
from pathlib import Path

import pytest

from bench.judge.__main__ import BEGIN, DOCS, END, QUICK, main, with_tables
from bench.judge.checks import at_least, at_most, percent
from bench.judge.explained import LOOK, SETTINGS, VERSIONS, course
from bench.judge.goals import comparison
from bench.judge.plots import write_plots
from bench.judge.sections import CONTESTANTS, loses
from bench.judge.tables import Table
from bench.judge.trials import KINDS, Cell, Compared, Results
from tandem.judge.rules import RELATIVE_PART


def test_one_goal_end_to_end(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    before = (DOCS / "judge-measured.md").read_bytes()
    monkeypatch.setattr(sys, "argv", ["bench.judge", "--quick", "--only", "G7"])
    assert main() == 0
    printed = capsys.readouterr().out
    assert "seed" in printed
    assert "G7 complete" in printed
    assert "sent back or advanced: no requests at all" in printed
    assert (DOCS / "judge-measured.md").read_bytes() == before


def test_pictures_are_the_same_bytes_for_the_same_figures(tmp_path: Path) -> None:
    cells = {(kind.name, name): Cell(1.0, 0.0, 30.0, 60.0, 9.0) for kind, name in product(KINDS, CONTESTANTS)}
    found = {comparison(QUICK, rate): Compared(dict.fromkeys(CONTESTANTS, 1 / rate), cells) for rate in QUICK.rates}
    drawn = []
    for folder in (tmp_path / "first", tmp_path / "second"):
        folder.mkdir()
        drawn.append([path.read_bytes() for path in write_plots(QUICK, Results(found), folder)])
    assert drawn[0] == drawn[1]
    for picture in drawn[0]:
        assert picture.startswith(b"<?xml")
        assert b"<dc:date>" not in picture
        assert len(picture) < 100_000


def test_in_the_picture_that_explains_the_judge_bad_and_good_versions_part() -> None:
    """What docs/judge.md says of it stays true of the judge."""
    (_, good, _), (_, bad, _) = VERSIONS
    back, on = SETTINGS.threshold(RELATIVE_PART), 1.0 / SETTINGS.false_advance
    assert (course(bad).against[: round(40.0 / LOOK)].max(axis=0) >= back).all()
    assert (course(bad).passing < on).all()
    assert (course(good).against < back).all()
    assert (course(good).passing.max(axis=0) >= on).all()


def test_tables_are_written_between_the_marks() -> None:
    table = Table("Goals", "How to read it.", ["a", "b"], [["1", "**2**"]])
    document = with_tables(f"Before.\n{BEGIN}\nold\n{END}\nAfter.\n", "On two cores.", [table])
    assert "old" not in document
    assert document.startswith("Before.\n")
    assert document.endswith("\nAfter.\n")
    assert "### Goals\n\nHow to read it.\n\n| a | b |\n| --- | --- |\n| 1 | **2** |\n" in document
    assert with_tables(document, "On two cores.", [table]) == document


def test_a_document_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="put the lines"):
        with_tables(f"{BEGIN} but no end", "", [])


def test_a_row_must_fit_its_columns() -> None:
    with pytest.raises(ValueError, match="a row has 1 texts"):
        Table("Goals", "", ["a", "b"], [["1"]])


def test_checks_know_their_limit() -> None:
    most = at_most(0.01, "it", percent, {"ours": 0.01})
    assert most.met(0.01)
    assert not most.met(0.011)
    assert (most.asked, most.text("ours")) == ("at most 1.00 %", "1.00 %")
    least = at_least(0.98, "it", percent, {"ours": float("inf"), "other": float("nan")})
    assert least.met(0.98)
    assert not least.met(0.97)
    assert (least.text("ours"), least.text("other")) == ("never", "")


@pytest.mark.parametrize(
    ("ours", "theirs", "lost"),
    [
        pytest.param((0.5, 9), (0.6, 20), True, id="finds more"),
        pytest.param((1.0, 9), (0.6, 1), False, id="finds fewer"),
        pytest.param((1.0, 9), (0.99, 8), True, id="as many, after fewer bad responses"),
        pytest.param((1.0, 9), (1.0, 9), False, id="the same"),
        pytest.param((0.0, 9), (0.01, 8), False, id="neither finds any"),
    ],
)
def test_where_a_rival_is_better_is_said(ours: tuple[float, int], theirs: tuple[float, int], lost: bool) -> None:
    def cell(back: float, bad: int) -> Cell:
        return Cell(back=back, promoted=0.0, seconds=1.0, late=1.0, bad=bad)

    assert loses(cell(*ours), cell(*theirs)) is lost

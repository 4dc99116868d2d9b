"""Lines of files that somebody else wrote: bounded, whatever the file is."""

from collections.abc import Iterator
from pathlib import Path

from tandem.examiner.errors import Unfinished
from tandem.examiner.plan import RowFiles
from tandem.manifests.examination import LARGEST_SOURCE
from tandem.quality.rows import LONGEST_LINE


def lines_of(source: RowFiles) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Return the lines of each file of a source, with what to call it. Raises ``Unfinished`` for none or too much."""
    if not source.files:
        raise Unfinished(f"{source.label} does not exist or is empty: create it with one row in JSON a line")
    if sum(path.stat().st_size for path in source.files) > LARGEST_SOURCE:
        most = LARGEST_SOURCE // 1024 // 1024
        raise Unfinished(f"{source.label} is larger than {most} MiB: take a sample of the rows")
    for path in source.files:
        yield f"{source.label}, {path.name}", _lines(path)


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        # A longer line is cut, and refused by its reader as too long.
        while line := file.readline(LONGEST_LINE + 2):
            yield line

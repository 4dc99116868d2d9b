"""The text that Prometheus reads, line by line: a series, its labels, and its value as it is written."""

import re
from typing import Final

_LABEL: Final = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"\s*(?:,|$)')
_SERIES: Final = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?", re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)")
_LONGEST_QUOTE: Final = 120


class GarbledMetrics(ValueError):
    """A pod's /metrics is not what a bento writes. The message says what was found instead."""


def series_and_value(line: str) -> tuple[str, str]:
    """Return a sample line's series and value; a timestamp after the value is dropped. Raises `GarbledMetrics`."""
    end = line.rfind("}") + 1 or line.find(" ")
    rest = line[end:].split()
    if end <= 0 or not 1 <= len(rest) <= 2:
        raise GarbledMetrics(f"/metrics holds a sample that cannot be read: {quoted(line)}")
    return line[:end], rest[0]


def name_and_labels(series: str) -> tuple[str, str]:
    """Return a series' name, and its labels as they are written, for `labels_of`. Raises `GarbledMetrics`."""
    match = _SERIES.fullmatch(series)
    if match is None:
        raise GarbledMetrics(f"/metrics holds a series that cannot be read: {quoted(series)}")
    return match.group(1), match.group(2) or ""


def labels_of(text: str, series: str) -> dict[str, str]:
    """Return labels by name; ``series`` is quoted in the `GarbledMetrics` for what are none."""
    labels: dict[str, str] = {}
    position = 0
    while position < len(text):
        match = _LABEL.match(text, position)
        if match is None:
            raise GarbledMetrics(f"/metrics holds a series whose labels cannot be read: {quoted(series)}")
        labels[match.group(1)] = _ESCAPED.sub(_unescape, match.group(2))
        position = match.end()
    return labels


def quoted(line: str) -> str:
    """Quote what was found, cut short."""
    return repr(line if len(line) <= _LONGEST_QUOTE else line[: _LONGEST_QUOTE - 3] + "...")


def _unescape(match: re.Match[str]) -> str:
    return "\n" if match.group(1) == "n" else match.group(1)

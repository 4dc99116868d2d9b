"""Weights over time as lines of text."""

from collections.abc import Sequence

from dev.kube.history import Weights

_BARS = "·▁▂▃▄▅▆▇█"


def level(weight: int) -> str:
    """Return the bar for a weight in percent; whatever is above nothing can be seen."""
    if weight <= 0:
        return _BARS[0]
    return _BARS[max(1, round(weight / 100 * (len(_BARS) - 1)))]


def lines(weights: Sequence[tuple[float, Weights]], seconds: float, width: int) -> list[tuple[str, str]]:
    """Return for each version, in order of appearance, its name and ``width`` bars over the time from 0 to ``seconds``.

    A bar shows the highest weight within its share of the time: a canary that was sent back at once is still seen.
    """
    names = list(dict.fromkeys(name for _, shares in weights for name in shares))
    return [
        (name, "".join(level(_highest(weights, name, *_span(i, seconds, width))) for i in range(width)))
        for name in names
    ]


def axis(marks: Sequence[tuple[float, str]], seconds: float, width: int) -> list[str]:
    """Return lines with the names of the marks where they belong; one that would overlap others goes one line down."""
    rows: list[str] = []
    for moment, name in sorted(marks):
        text = f"↑{name}"
        column = max(0, min(width - len(text), int(moment / seconds * width)))
        row = next((i for i, taken in enumerate(rows) if len(taken) < column), len(rows))
        if row == len(rows):
            rows.append("")
        rows[row] = rows[row].ljust(column) + text
    return rows


def _span(index: int, seconds: float, width: int) -> tuple[float, float]:
    return index * seconds / width, (index + 1) * seconds / width


def _highest(weights: Sequence[tuple[float, Weights]], name: str, begin: float, end: float) -> int:
    before = [shares for moment, shares in weights if moment <= begin]
    within = [shares for moment, shares in weights if begin < moment < end]
    return max((shares.get(name, 0) for shares in [*before[-1:], *within]), default=0)

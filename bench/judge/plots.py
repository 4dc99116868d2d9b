"""The pictures: small SVG files, the same bytes for the same figures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from bench.judge.explained import evidence_figure
from bench.judge.goals import Scale, comparison
from bench.judge.ours import SHARP, SHIPPED
from bench.judge.sections import CONTESTANTS, alarms
from bench.judge.trials import TUNED, TUNED_ALARMS, Cell, Results

KIND: Final = "5 % errors"
STYLE: Final[Any] = {
    "svg.hashsalt": "tandem",
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
}
COLOURS: Final = ("#0b6e4f", "#4cb28a", "#444444", "#1f5fa8", "#7fb0e0", "#b3541e", "#e08a4a", "#edb98c", "#8a4fa3")
NEVER: Final = 1e-4
"""Where a share of none is drawn, as a logarithm has no zero."""


def write_plots(scale: Scale, results: Results, folder: Path) -> list[Path]:
    """Write the pictures and return their paths."""
    with mpl.rc_context(STYLE):
        drawn = {
            "judge-detection.svg": _detection(scale, results),
            "judge-false-rollbacks.svg": _false(scale, results),
            "judge-evidence.svg": evidence_figure(),
        }
        for name, figure in drawn.items():
            figure.savefig(folder / name, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
    return [folder / name for name in drawn]


def _detection(scale: Scale, results: Results) -> Figure:
    figure = Figure(figsize=(9, 4.2))
    found = [results.of(comparison(scale, rate)) for rate in scale.rates]
    panels = (("seconds until it is sent back (median)", _seconds), ("bad responses until then (median)", _bad))
    for place, (label, value) in enumerate(panels, start=1):
        axes = figure.add_subplot(1, 2, place)
        for name, colour in zip(CONTESTANTS, COLOURS, strict=True):
            values = [value(each.cells[KIND, name]) for each in found]
            honest = [each.alarms[name] <= TUNED_ALARMS for each in found]
            _line(axes, scale.rates, values, (name, colour, honest))
        axes.set(xscale="log", yscale="log", xlabel="requests a second", title=label)
    figure.suptitle("A version with 5 % errors at 10 % of requests. Hollow: sends back more than 1 % of healthy ones.")
    _legend(figure)
    return figure


def _false(scale: Scale, results: Results) -> Figure:
    figure = Figure(figsize=(7, 4.2))
    axes = figure.add_subplot()
    for (name, shares), colour in zip(alarms(scale, results).items(), COLOURS, strict=True):
        values = [max(share, NEVER) for share in shares]
        _line(axes, scale.rates, values, (name, colour, [share <= TUNED_ALARMS for share in shares]))
    axes.axhline(0.01, color="black", linewidth=0.8, linestyle=":")
    axes.set(xscale="log", yscale="log", xlabel="requests a second", title="Healthy versions sent back in 30 minutes")
    axes.set_yticks([NEVER, 1e-3, 1e-2, 1e-1, 1], ["none", "0.1 %", "1 %", "10 %", "100 %"])
    _legend(figure)
    return figure


def _line(axes: Any, rates: Sequence[float], values: Sequence[float], look: tuple[str, str, Sequence[bool]]) -> None:
    name, colour, honest = look
    wide = 2.4 if name in (SHIPPED.name, SHARP.name) else 1.2
    axes.plot(rates, values, color=colour, linewidth=wide, linestyle="--" if name == TUNED else "-", label=name)
    for rate, value, filled in zip(rates, values, honest, strict=True):
        axes.plot([rate], [value], "o", color=colour, markersize=5, markerfacecolor=colour if filled else "white")


def _legend(figure: Figure) -> None:
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="center left", bbox_to_anchor=(0.92, 0.5), frameon=False)


def _seconds(cell: Cell) -> float:
    return cell.seconds if np.isfinite(cell.seconds) else float("nan")


def _bad(cell: Cell) -> float:
    return max(cell.bad, 0.5) if np.isfinite(cell.seconds) else float("nan")

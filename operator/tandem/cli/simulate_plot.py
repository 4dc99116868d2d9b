"""The plot of ``tandem simulate``: how soon bad versions are sent back, and how soon good ones are promoted."""

from typing import Any

from tandem.cli.plots import save
from tandem.cli.simulate_result import Result
from tandem.simulate import Forecast
from tandem.simulate.plan import ERROR_SHARES


def draw(result: Result, path: str) -> None:
    """Draw the result into a file."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    for index, (name, found) in enumerate(result.forecasts.items()):
        label = f"{found.traffic.rate:g} requests/s" + (f" ({name})" if name else "")
        _draw_rollbacks(left, found, label, f"C{index}")
        _draw_promotions(right, found, result.effort.runs, label, f"C{index}")
    _label(left, "Until a bad version is sent back", "requests that the version fails, %", "minutes")
    left.set(xscale="log", yscale="log")
    left.set_xticks([100 * share for share in ERROR_SHARES], [f"{100 * share:g}" for share in ERROR_SHARES])
    _label(right, "Until a good version is promoted", "minutes", "share promoted, %")
    right.set_ylim(0, 102)
    save(figure, path)


def _draw_rollbacks(axes: Any, found: Forecast, label: str, colour: str) -> None:
    """Draw medians, and a band from what one of ten needs to what nine of ten need; nothing where most never end."""
    drawn = [
        (100 * outcome.version.shares[0], outcome.back_seconds, outcome.back_seconds.median / 60)
        for outcome in found.outcomes[1:]
        if outcome.version.metric == 0 and outcome.back_seconds.median is not None
    ]
    shares, medians = [share for share, _, _ in drawn], [median for _, _, median in drawn]
    axes.plot(shares, medians, marker="o", color=colour, label=label)
    low = [(spread.least or 0.0) / 60 for _, spread, _ in drawn]
    high = [(found.seconds if spread.most is None else spread.most) / 60 for _, spread, _ in drawn]
    axes.fill_between(shares, low, high, color=colour, alpha=0.2, label=f"{label}: 10 to 90 %")


def _draw_promotions(axes: Any, found: Forecast, runs: int, label: str, colour: str) -> None:
    minutes = [seconds / 60 for seconds in found.good.promoted_at]
    shares = [100 * (number + 1) / runs for number in range(len(minutes))]
    end = minutes[-1] if len(minutes) == runs else found.seconds / 60
    last = shares[-1] if shares else 0.0
    axes.step([0.0, *minutes, end], [0.0, *shares, last], where="post", color=colour, label=label)


def _label(axes: Any, title: str, across: str, up: str) -> None:
    axes.set(title=title, xlabel=across, ylabel=up)
    axes.grid(alpha=0.3, which="both")
    axes.legend(frameon=False)

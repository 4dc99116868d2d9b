"""Figures with a limit, and how they are written."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One figure of a goal. ``figures``: by judge; NaN: not measured."""

    what: str
    asked: str
    met: Callable[[float], bool]
    shown: Callable[[float], str]
    figures: Mapping[str, float]

    def text(self, judge: str) -> str:
        """Return the figure of a judge as text; nothing where it was not measured."""
        figure = self.figures[judge]
        if math.isnan(figure):
            return ""
        return "never" if math.isinf(figure) else self.shown(figure)


def percent(share: float) -> str:
    """Return a share as text."""
    return f"{100 * share:.2f} %"


def at_most(limit: float, what: str, shown: Callable[[float], str], figures: Mapping[str, float]) -> Check:
    """Return a check that the figure is at most the limit."""
    return Check(what, f"at most {shown(limit)}", lambda figure: figure <= limit, shown, figures)


def at_least(limit: float, what: str, shown: Callable[[float], str], figures: Mapping[str, float]) -> Check:
    """Return a check that the figure is at least the limit."""
    return Check(what, f"at least {shown(limit)}", lambda figure: figure >= limit, shown, figures)


def seconds(value: float) -> str:
    """Return seconds as text."""
    return f"{value:.0f} s"


def bad(value: float) -> str:
    """Return bad responses as text."""
    return f"{value:.0f} bad"


def times(value: float) -> str:
    """Return a multiple as text."""
    return f"{value:.2f} x"

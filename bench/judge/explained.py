"""How evidence grows in a single step, rollout by rollout: the picture with which docs/judge.md explains the judge."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib.figure import Figure

from bench.judge.traffic import SEED, Floats
from tandem.judge import RULES, Batch, HistoryBatch, Settings, add_batch, add_history_batch, judge_batch
from tandem.judge.rules import RELATIVE_PART

RATE: Final = 40.0
"""Requests a second, both versions."""
WEIGHT: Final = 0.1
STABLE_SHARE: Final = 0.005
LOOK: Final = 0.5
SECONDS: Final = 120.0
HISTORY_LOOKS: Final = 720
SHOWN: Final = 6
"""Rollouts of each version."""

SETTINGS: Final = Settings(budget=0.02, next_share=0.5)
VERSIONS: Final = (("as good as stable", STABLE_SHARE, "#0b6e4f"), ("fails 8 %", 0.08, "#b3541e"))


@dataclass(frozen=True)
class Course:
    """E-values after each look, [looks, rollouts]: against the candidate, and for it."""

    against: Floats
    passing: Floats


def course(candidate_share: float, rollouts: int = SHOWN) -> Course:
    """Return how evidence grows on a candidate that fails this share of its requests. The same every time."""
    chance = np.random.default_rng([SEED, round(1e6 * candidate_share)])
    history = HistoryBatch.begin(rollouts, 1)
    for _ in range(HISTORY_LOOKS):
        answered = chance.poisson(RATE * 5.0, (rollouts, 1))
        history = add_history_batch(history, answered, chance.binomial(answered, STABLE_SHARE))
    batch = Batch.begin(rollouts, (0.01,), history.dispersion, warmed=history.enough, before=history.counts)
    against, passing = [], []
    for _ in range(round(SECONDS / LOOK)):
        asked = [chance.poisson(RATE * part * LOOK, (rollouts, 1)) for part in (WEIGHT, 1.0 - WEIGHT)]
        bad = [chance.binomial(n, share) for n, share in zip(asked, (candidate_share, STABLE_SHARE), strict=True)]
        batch = add_batch(batch, asked[0], bad[0], asked[1], bad[1])
        found = judge_batch(batch, SETTINGS)
        against.append(found.against)
        passing.append(found.passing[:, 0])
    return Course(np.array(against), np.array(passing))


def evidence_figure() -> Figure:
    """Draw it: what speaks against each candidate, and what for it, with the bounds at which something happens."""
    figure = Figure(figsize=(9, 3.8))
    back, on = SETTINGS.threshold(RELATIVE_PART), 1.0 / SETTINGS.false_advance
    left = figure.add_subplot(1, 2, 1)
    right = figure.add_subplot(1, 2, 2)
    for label, share, colour in VERSIONS:
        found = course(share)
        _lines(left, found.against, back, colour, label)
        _lines(right, found.passing, on, colour, label)
    for axes, bound, text in ((left, back, "sent back"), (right, on, "next step")):
        axes.axhline(bound, color="black", linewidth=0.9, linestyle=":")
        axes.text(SECONDS, 1.15 * bound, text, ha="right", va="bottom")
        axes.set(yscale="log", xlabel="seconds in the step", ylim=(1e-3, 8.0 * bound), xlim=(0, SECONDS))
    left.axhline(RULES.hold_at, color="grey", linewidth=0.8, linestyle=":")
    left.text(SECONDS, 1.15 * RULES.hold_at, "goes no further", ha="right", va="bottom", color="grey")
    left.set_title("e-value against the candidate")
    right.set_title("e-value for it")
    figure.suptitle(f"{RATE:g} requests a second, a tenth of them to the candidate; stable fails {STABLE_SHARE:.1%}")
    left.legend(frameon=False, loc="lower left")
    figure.tight_layout()
    return figure


def _lines(axes: Any, values: Floats, bound: float, colour: str, label: str) -> None:
    """Draw each rollout up to the look that settles it."""
    times = LOOK * np.arange(1, len(values) + 1)
    for number, line in enumerate(values.T):
        settled = np.flatnonzero(line >= bound)
        end = settled[0] + 1 if len(settled) else len(line)
        axes.plot(times[:end], line[:end], color=colour, linewidth=1.1, label=label if number == 0 else None)
        if len(settled):
            axes.plot([times[end - 1]], [min(line[end - 1], 6.0 * bound)], "o", color=colour, markersize=4)

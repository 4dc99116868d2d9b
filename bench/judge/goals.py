"""The goals, G1 to G10: what is asked, which experiments answer it, and whether it is met."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

from bench.judge.checks import Check, at_least, at_most, bad, percent, seconds, times
from bench.judge.cost import Cost
from bench.judge.ours import JUDGES, LONG_PLAN, SHARP, SHIPPED
from bench.judge.traffic import Case, Trouble
from bench.judge.trials import (
    HISTORY_SECONDS,
    KIND,
    TUNED,
    Alarms,
    Comparison,
    Passing,
    Results,
    Rollouts,
    Silence,
    Stationary,
    Trial,
)

RATES: Final = (0.1, 1.0, 10.0, 100.0, 1000.0)
BURSTS: Final = (3.0, 10.0)
PROMOTED_KINDS: Final = ("5 % errors", "20 % errors", "100 % errors", "10 % slow")


@dataclass(frozen=True)
class Scale:
    """How much is simulated. ``runs``: of each kind of bad version at each rate; the others follow from it.

    ``tick``: seconds between looks in single steps; ``look``: in whole rollouts, where it is the operator's.
    """

    runs: int = 1000
    tick: float = 2.0
    look: float = 0.5
    rates: tuple[float, ...] = RATES

    @property
    def alarms(self) -> int:
        """Rollouts of a healthy version at each rate, and of each bad kind that must not be promoted."""
        return 10 * self.runs

    @property
    def troubles(self) -> int:
        """Rollouts of a healthy version under each kind of trouble."""
        return 2 * self.runs


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal by number: the experiments it needs, and the figures they come to.

    How fast a bad version is found is asked of a judge to whom any difference counts (`SHARP`): with a tolerated ratio
    the answer would depend on it. Everything else is asked of the defaults.
    """

    number: str
    judge: str
    """The setting of the judge that has to meet it."""
    trials: Callable[[Scale], Iterable[Trial[Any]]]
    checks: Callable[[Scale, Results], Iterable[Check]]


def comparison(scale: Scale, rate: float) -> Comparison:
    """Return the comparison of all contestants at a rate."""
    return Comparison(rate, scale.runs, scale.tick)


def healthy(scale: Scale, rate: float) -> Alarms:
    """Return the false rollbacks of healthy versions at a rate."""
    return Alarms(Case(rate), scale.alarms, scale.tick)


def troubled(scale: Scale, case: Case, history: float = 0.0) -> Alarms:
    """Return the false rollbacks of healthy versions under some trouble, with so many seconds of stable's known."""
    return Alarms(case, scale.troubles, scale.tick, history)


def whole(scale: Scale, judge: str, case: Case) -> Rollouts:
    """Return whole rollouts along the long plan."""
    return Rollouts(judge, LONG_PLAN, case, scale.runs, scale.look)


def passing(scale: Scale, case: Case, worse: float, history: float) -> Passing:
    """Return how often one step is passed."""
    return Passing(case, worse, history, scale.runs, scale.tick)


def _g1_trials(scale: Scale) -> Iterable[Trial[Any]]:
    return [healthy(scale, rate) for rate in scale.rates]


def _g1(scale: Scale, results: Results) -> Iterable[Check]:
    for rate in scale.rates:
        figures = results.of(healthy(scale, rate))
        yield at_most(0.01, f"healthy versions sent back, {rate:g}/s", percent, figures)


def burst_cases(scale: Scale) -> list[Case]:
    """Return healthy traffic with bursts, at all but the lowest rates."""
    return [Case(rate, burst=burst) for burst, rate in product(BURSTS, scale.rates) if rate >= 1]


def outage_cases(scale: Scale) -> list[Case]:
    """Return healthy traffic with an outage that hits both versions."""
    return [Case(rate, trouble=Trouble.OUTAGE) for rate in scale.rates if rate >= 1]


def _g2_trials(scale: Scale) -> Iterable[Trial[Any]]:
    return [troubled(scale, case) for case in (*burst_cases(scale), *outage_cases(scale))]


def _g2(scale: Scale, results: Results) -> Iterable[Check]:
    for burst in BURSTS:
        cases = [case for case in burst_cases(scale) if case.burst == burst]
        worst = _worst(results.of(troubled(scale, case)) for case in cases)
        yield at_most(0.015, f"healthy, bursts of {burst:g} on average, the worst of the rates", percent, worst)
    worst = _worst(results.of(troubled(scale, case)) for case in outage_cases(scale))
    yield at_most(0.01, "healthy, an outage that hits both, the worst of the rates", percent, worst)


def _g3_trials(scale: Scale) -> Iterable[Trial[Any]]:
    return [Stationary(KIND[name], scale.runs) for name in ("5 % errors", "1 % errors")]


def _g3(scale: Scale, results: Results) -> Iterable[Check]:
    five, one = (results.of(trial).multiples for trial in _g3_trials(scale))
    yield at_most(1.6, "requests until 5 % errors are found / bound, median", times, _each(lambda j: five[j][0]))
    yield at_most(1.8, "requests until 5 % errors are found / bound, mean", times, _each(lambda j: five[j][1]))
    yield at_most(1.55, "requests until 1 % errors are found / bound, median", times, _each(lambda j: one[j][0]))


def _with(*rates: float) -> Callable[[Scale], Iterable[Trial[Any]]]:
    return lambda scale: [comparison(scale, rate) for rate in rates if rate in scale.rates]


def _g4(scale: Scale, results: Results) -> Iterable[Check]:
    asked = ((10.0, "5 % errors", 160, 8), (10.0, "20 % errors", 30, 6), (100.0, "5 % errors", 24, 10))
    for rate, kind, most_seconds, most_bad in asked:
        cells = results.of(comparison(scale, rate)).cells
        yield at_most(most_seconds, f"{kind}, {rate:g}/s", seconds, _each(_seconds(cells, kind)))
        yield at_most(most_bad, f"{kind}, {rate:g}/s", bad, _each(_bad(cells, kind)))


def _g5(scale: Scale, results: Results) -> Iterable[Check]:
    asked = [("5 % errors", rate, 4.0) for rate in (10.0, 100.0, 1000.0)]
    asked += [("20 % errors", 10.0, 8.0), ("20 % errors", 100.0, 8.0), ("20 % errors", 1000.0, 1.6)]
    for kind, rate, least in asked:
        if rate in scale.rates:
            what = f"bad responses of the best tuned windows / ours, {kind}, {rate:g}/s"
            yield at_least(least, what, times, _each(_fewer(results.of(comparison(scale, rate)).cells, kind, TUNED)))
    cells = results.of(comparison(scale, 100.0)).cells
    fewer = _each(_fewer(cells, "5 % errors", "Flagger 1m"))
    yield at_least(12.0, "bad responses of Flagger 1m / ours, 5 % errors, 100/s", times, fewer)


def _g6(scale: Scale, results: Results) -> Iterable[Check]:
    for rate in scale.rates:
        cells = results.of(comparison(scale, rate)).cells
        if rate >= 100:
            looks = {name: value / scale.tick for name, value in _each(_seconds(cells, "100 % errors")).items()}
            yield at_most(4, f"dead version, {rate:g}/s", lambda value: f"{value:.0f} looks", looks)
        if rate == 1:
            yield at_most(60, f"dead version, {rate:g}/s", seconds, _each(_seconds(cells, "100 % errors")))
        if rate == 0.1:
            yield at_most(450, f"dead version, {rate:g}/s", seconds, _each(_seconds(cells, "100 % errors")))
            yield at_most(4, f"dead version, {rate:g}/s", bad, _each(_bad(cells, "100 % errors")))


def silences(scale: Scale) -> Mapping[str, Silence]:
    """Return what it is that gets no requests."""
    runs = min(scale.runs, 100)
    return {
        "no requests at all": Silence(Case(0.0), runs, scale.tick),
        "none for the candidate": Silence(Case(10.0, share=0.0), runs, scale.tick),
    }


def _g7(scale: Scale, results: Results) -> Iterable[Check]:
    for what, trial in silences(scale).items():
        unheard = results.of(trial)
        moved = {judge.name: unheard.back[judge.name] + unheard.passed[judge.name] for judge in JUDGES}
        yield at_most(0.0, f"sent back or advanced: {what}", percent, moved)


def margin_cases(scale: Scale) -> list[Case]:
    """Return traffic in which a version may be worse by exactly the margin, all the time."""
    independent = [Case(rate, steady=True) for rate in scale.rates if rate >= 10]
    return independent + [Case(rate, burst=burst, steady=True) for burst, rate in product(BURSTS, (10.0, 100.0))]


MARGIN: Final = 0.02
"""Of a step towards 25 % at a budget of 0.5 %."""


def _g8_trials(scale: Scale) -> Iterable[Trial[Any]]:
    for judge, rate in product(JUDGES, scale.rates):
        yield whole(scale, judge.name, Case(rate))
    for case in margin_cases(scale):
        yield passing(scale, case, MARGIN, HISTORY_SECONDS)


def _g8(scale: Scale, results: Results) -> Iterable[Check]:
    for rate in scale.rates:
        ended = {judge.name: results.of(whole(scale, judge.name, Case(rate))) for judge in JUDGES}
        if rate >= 10:
            promoted = {name: each.promoted for name, each in ended.items()}
            yield at_least(0.98, f"healthy promoted within 2 h, {rate:g}/s", percent, promoted)
        if rate in (10, 100):
            within = {name: each.promoted_seconds for name, each in ended.items()}
            yield at_most(2160 if rate == 10 else 300, f"until healthy is promoted, {rate:g}/s", seconds, within)
    for what, bursts, limit in (("", False, 0.05), (", bursts", True, 0.08)):
        cases = [case for case in margin_cases(scale) if (case.burst > 1) == bursts]
        worst = max(results.of(passing(scale, case, MARGIN, HISTORY_SECONDS)) for case in cases)
        yield at_most(
            limit, f"passed though worse by the margin{what}, the worst of the rates", percent, _shipped(worst)
        )


def bad_rollouts(scale: Scale, rate: float) -> Mapping[str, Rollouts]:
    """Return whole rollouts of versions that must not be promoted, by kind."""
    kinds = {name: KIND[name] for name in PROMOTED_KINDS}
    return {
        name: Rollouts(SHIPPED.name, LONG_PLAN, kind.case(rate), scale.alarms, scale.look, kind.metric)
        for name, kind in kinds.items()
    }


def _g9_trials(scale: Scale) -> Iterable[Trial[Any]]:
    return [trial for rate in scale.rates for trial in bad_rollouts(scale, rate).values()]


def _g9(scale: Scale, results: Results) -> Iterable[Check]:
    for kind in PROMOTED_KINDS:
        promoted = sum(results.of(bad_rollouts(scale, rate)[kind]).promoted * scale.alarms for rate in scale.rates)
        what = f"promoted of {scale.alarms * len(scale.rates):,}: {kind}"
        yield at_most(0, what, lambda value: f"{value:.0f}", _shipped(promoted))


GOALS: Final = (
    Goal("G1", SHIPPED.name, _g1_trials, _g1),
    Goal("G2", SHIPPED.name, _g2_trials, _g2),
    Goal("G3", SHARP.name, _g3_trials, _g3),
    Goal("G4", SHARP.name, _with(10.0, 100.0), _g4),
    Goal("G5", SHARP.name, _with(10.0, 100.0, 1000.0), _g5),
    Goal("G6", SHARP.name, _with(*RATES), _g6),
    Goal("G7", SHIPPED.name, lambda scale: silences(scale).values(), _g7),
    Goal("G8", SHIPPED.name, _g8_trials, _g8),
    Goal("G9", SHIPPED.name, _g9_trials, _g9),
)


def cost_check(measured: Cost) -> Check:
    """Return goal G10; it is measured by itself, when nothing else of the benchmark runs."""
    return at_most(
        10, "1,000 rollouts of 4 metrics, one look", lambda value: f"{value:.1f} ms", _shipped(measured.median)
    )


def _shipped(figure: float) -> Mapping[str, float]:
    return {SHIPPED.name: float(figure), SHARP.name: float("nan")}


def _each(figure: Callable[[str], float]) -> Mapping[str, float]:
    return {judge.name: figure(judge.name) for judge in JUDGES}


def _worst(found: Iterable[Mapping[str, float]]) -> Mapping[str, float]:
    shares = list(found)
    return _each(lambda judge: max(each[judge] for each in shares))


def _seconds(cells: Mapping[tuple[str, str], Any], kind: str) -> Callable[[str], float]:
    return lambda judge: float(cells[kind, judge].seconds)


def _bad(cells: Mapping[tuple[str, str], Any], kind: str) -> Callable[[str], float]:
    return lambda judge: float(cells[kind, judge].bad)


def _fewer(cells: Mapping[tuple[str, str], Any], kind: str, peer: str) -> Callable[[str], float]:
    return lambda judge: float(cells[kind, peer].bad) / max(float(cells[kind, judge].bad), 1.0)

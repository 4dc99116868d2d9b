"""The tables beside the goals: what they need, and how they are read."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Final

from bench.judge.checks import percent
from bench.judge.goals import (
    BURSTS,
    MARGIN,
    Scale,
    burst_cases,
    comparison,
    margin_cases,
    outage_cases,
    passing,
    troubled,
)
from bench.judge.ours import DEFAULT_PLAN, JUDGES, LONG_PLAN, SHARP, SHIPPED, Plan
from bench.judge.peers import PEERS
from bench.judge.tables import Table
from bench.judge.traffic import Case, Trouble
from bench.judge.trials import (
    ERRORS,
    HISTORY_SECONDS,
    KIND,
    KINDS,
    ORACLE,
    TUNED,
    TUNED_ALARMS,
    Cell,
    Misled,
    Results,
    Rollouts,
    Stationary,
    Trial,
    errors_alone,
    told_weight,
)

CONTESTANTS: Final = (*(judge.name for judge in JUDGES), TUNED, *(peer.name for peer in PEERS))
REAL_SHARE: Final = 0.13
NOMINAL: Final = 0.1
PLANS: Final = (LONG_PLAN, DEFAULT_PLAN)
FURTHER: Final = (Trouble.EPISODES, Trouble.CLIENT)
"""Troubles that no goal is asked of: one cause counts as many."""

ROLLED: Final = ("2 % errors", "5 % errors", "100 % errors")


@dataclass(frozen=True, slots=True)
class Section:
    """Some tables by name: the experiments they need, and how they are made of them."""

    name: str
    trials: Callable[[Scale], Iterable[Trial[Any]]]
    tables: Callable[[Scale, Results], Iterable[Table]]


def _all_rates(scale: Scale) -> Iterable[Trial[Any]]:
    return [comparison(scale, rate) for rate in scale.rates]


def _rates(scale: Scale) -> list[str]:
    return [f"{rate:g}/s" for rate in scale.rates]


def alarms(scale: Scale, results: Results) -> Mapping[str, list[float]]:
    """Return the share of healthy versions sent back, by contestant and rate."""
    found = [results.of(comparison(scale, rate)).alarms for rate in scale.rates]
    return {name: [each[name] for each in found] for name in CONTESTANTS}


def _false(scale: Scale, results: Results) -> Iterable[Table]:
    rows = [[name, *map(percent, found)] for name, found in alarms(scale, results).items()]
    note = (
        f"One step of 10 % for 30 minutes, {2 * scale.runs:,} rollouts a rate. Flagger and Argo Rollouts promote after "
        "11 and 10 checks, and are counted up to there. Tuned windows were tuned to at most 1 % on these very runs."
    )
    yield Table("Healthy versions sent back", note, ["sent back by", *_rates(scale)], rows)


def _bad_versions(scale: Scale, results: Results) -> Iterable[Table]:
    for kind in KINDS:
        rows = []
        for name in CONTESTANTS:
            found = [results.of(comparison(scale, rate)) for rate in scale.rates]
            rows.append([name, *(_cell(each.cells[kind.name, name], each.alarms[name]) for each in found)])
        note = (
            "Share sent back within 30 minutes, median seconds, median bad responses that the candidate served until "
            "then. (In brackets: this rule sends back more than 1 % of healthy versions at that rate.)"
        )
        yield Table(f"A version with {kind.name}", note, ["sent back by", *_rates(scale)], rows)


def _cell(cell: Cell, alarmed: float) -> str:
    seconds = "-" if math.isinf(cell.seconds) else f"{cell.seconds:.0f} s"
    text = f"{100 * cell.back:.0f} %, {seconds}, {cell.bad:.0f}"
    return text if alarmed <= TUNED_ALARMS else f"({text})"


def _losses(scale: Scale, results: Results) -> Iterable[Table]:
    rows = []
    for rate, kind, judge in product(scale.rates, KINDS, JUDGES):
        found = results.of(comparison(scale, rate))
        ours = found.cells[kind.name, judge.name]
        for rival in CONTESTANTS[len(JUDGES) :]:
            theirs = found.cells[kind.name, rival]
            if found.alarms[rival] <= TUNED_ALARMS and loses(ours, theirs):
                rows.append([f"{rate:g}/s", kind.name, judge.name, _cell(ours, 0), rival, _cell(theirs, 0)])
    note = (
        "Every case in which a rule with at most 1 % false rollbacks at that rate sends back at least 2 percentage "
        "points more of the bad versions, or as many after fewer bad responses."
    )
    yield Table("Where Tandem loses", note, ["rate", "version", "ours", "", "beaten by", ""], rows)


def loses(ours: Cell, theirs: Cell) -> bool:
    """Whether a rival sends back clearly more bad versions, or about as many after fewer bad responses."""
    if abs(theirs.back - ours.back) < 0.02:
        return theirs.back >= 0.5 and theirs.bad < ours.bad
    return theirs.back > ours.back


def _trouble_cases(scale: Scale) -> Mapping[str, list[Case]]:
    cases = {f"bursts of {burst:g}": [c for c in burst_cases(scale) if c.burst == burst] for burst in BURSTS}
    cases["shared outage, 30 % for 2 min"] = outage_cases(scale)
    rates = [rate for rate in scale.rates if rate >= 1]
    return cases | {trouble.value: [Case(rate, trouble=trouble) for rate in rates] for trouble in FURTHER}


def _trouble_trials(scale: Scale) -> Iterable[Trial[Any]]:
    return [troubled(scale, case, known) for cases, known in _troubles(scale).values() for case in cases]


def _troubles(scale: Scale) -> Mapping[str, tuple[list[Case], float]]:
    """Return for each row what happens, and the seconds of stable's own traffic that were seen before.

    The goals are asked of a judge that knows nothing. Where one cause counts as many, what it knows is what helps.
    """
    rows: dict[str, tuple[list[Case], float]] = {}
    for what, cases in _trouble_cases(scale).items():
        rows[what] = cases, 0.0
        if cases[0].trouble in FURTHER:
            rows[f"{what}, an hour of stable's known"] = cases, HISTORY_SECONDS
    return rows


def _trouble(scale: Scale, results: Results) -> Iterable[Table]:
    rows = []
    for what, (cases, known) in _troubles(scale).items():
        found = [results.of(troubled(scale, case, known)) for case in cases]
        rows += [[what, judge.name, *(percent(each[judge.name]) for each in found)] for judge in JUDGES]
    note = (
        f"{scale.troubles:,} rollouts each, of a judge that knows nothing of stable unless it is said. Bursts: bad "
        "answers of one version come in groups of this mean size within a look. Episodes: half of each version's bad "
        "answers come in spells of its own, 20 s long, one in ten minutes. Sticky client: 0.5 % of requests fail for "
        "five minutes, all at one version. No promise covers the last two: one cause counts as many."
    )
    columns = ["trouble", "judge", *(f"{rate:g}/s" for rate in scale.rates if rate >= 1)]
    yield Table("Healthy versions sent back under trouble", note, columns, rows)


def _misled(scale: Scale) -> list[Misled]:
    return [Misled(Case(r, share=REAL_SHARE), NOMINAL, scale.runs, scale.tick) for r in scale.rates if r >= 1]


def _split(scale: Scale, results: Results) -> Iterable[Table]:
    found = [results.of(trial) for trial in _misled(scale)]
    names = [name for judge in JUDGES for name in (judge.name, told_weight(judge.name))]
    rows = [[name, *(percent(each[name]) for each in found)] for name in names]
    note = (
        f"The candidate really gets {100 * REAL_SHARE:.0f} % of requests at a weight of "
        f"{100 * NOMINAL:.0f} %; {scale.runs:,} rollouts."
    )
    columns = ["judge", *(f"{rate:g}/s" for rate in scale.rates if rate >= 1)]
    yield Table("Healthy versions sent back where the gateway does not keep to the weight", note, columns, rows)


def _stationary(scale: Scale) -> list[Stationary]:
    return [Stationary(kind, scale.runs) for kind in ERRORS]


def _bound(scale: Scale, results: Results) -> Iterable[Table]:
    rows = []
    for trial in _stationary(scale):
        bound, multiples = results.of(trial)
        names = (ORACLE, errors_alone(SHARP.name), SHARP.name, SHIPPED.name)
        figures = [f"{multiples[name][0]:.2f} / {multiples[name][1]:.2f}" for name in names]
        rows.append([trial.kind.name, f"{bound:,.0f}", *figures])
    note = (
        "Requests of both versions until a bad version is sent back, as a multiple of the fewest that any test of 1 % "
        "could do with: median / mean. Stable has 0.5 % errors, nothing moves, the candidate gets 10 %."
    )
    columns = ["version", "bound", ORACLE, f"{SHARP.name}, errors alone", SHARP.name, SHIPPED.name]
    yield Table("Distance from the information bound", note, columns, rows)


def _rolled(scale: Scale, plan: Plan, rate: float) -> list[Rollouts]:
    """Return the rollouts of a row: healthy, and bad; and where nothing is known of stable, healthy and 5 % errors."""
    healthy = Rollouts(SHIPPED.name, plan, Case(rate), scale.runs, scale.look)
    bad = (replace(healthy, case=KIND[name].case(rate), metric=KIND[name].metric) for name in ROLLED)
    unknown = replace(healthy, history=0.0)
    return [healthy, unknown, *bad, replace(unknown, case=KIND["5 % errors"].case(rate))]


def _whole_trials(scale: Scale) -> Iterable[Trial[Any]]:
    return [trial for plan in PLANS for rate in scale.rates for trial in _rolled(scale, plan, rate)]


def _whole(scale: Scale, results: Results) -> Iterable[Table]:
    for plan in PLANS:
        rows = []
        for rate in scale.rates:
            good, unknown, *bad = [results.of(trial) for trial in _rolled(scale, plan, rate)]
            healthy = [f"{_text(each.promoted)}, {_seconds(each.promoted_seconds)}" for each in (good, unknown)]
            back = [f"{_text(one.back)}, {_seconds(one.back_seconds)}, {_count(one.back_bad)}" for one in bad]
            rows.append([f"{rate:g}/s", *healthy, percent(good.back), *back])
        note = (
            f"{SHIPPED.name}, at least {plan.hold:.0f} s a step, two hours at most, {scale.runs:,} rollouts each; the "
            "rest is held. Healthy: share promoted, median time; with an hour of stable's traffic known, as usual, "
            "and with none. Bad: share sent back, median time, median bad responses served."
        )
        columns = ["rate", "healthy promoted", "the same, nothing known", "healthy sent back", *ROLLED]
        columns.append("5 % errors, nothing known")
        yield Table(f"Whole rollouts, {plan.name}", note, columns, rows)


def _text(share: float) -> str:
    return f"{100 * share:.1f} %"


def _count(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.0f}"


def _seconds(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.0f} s"


def _pass_trials(scale: Scale) -> Iterable[Trial[Any]]:
    for case, history in _pass_cases(scale):
        for worse in (0.0, MARGIN):
            yield passing(scale, case, worse, history)


def _pass_cases(scale: Scale) -> list[tuple[Case, float]]:
    return list(product(margin_cases(scale), (HISTORY_SECONDS, 0.0)))


def _pass(scale: Scale, results: Results) -> Iterable[Table]:
    rows = []
    for case, history in _pass_cases(scale):
        good, worse = (results.of(passing(scale, case, by, history)) for by in (0.0, MARGIN))
        bursts = "none" if case.burst == 1 else f"of {case.burst:g}"
        rows.append([f"{case.rate:g}/s", bursts, "an hour" if history else "none", percent(good), percent(worse)])
    note = (
        "One step of 10 % towards 25 %, margin 2 percentage points, 30 minutes. A version that is worse by exactly the "
        f"margin may pass in 5 % of rollouts; {scale.runs:,} rollouts each."
    )
    columns = ["rate", "bursts", "stable's history known", "healthy passes", "worse by the margin passes"]
    yield Table("Passing a step", note, columns, rows)


SECTIONS: Final = (
    Section("false", _all_rates, _false),
    Section("bad", _all_rates, _bad_versions),
    Section("losses", _all_rates, _losses),
    Section("trouble", _trouble_trials, _trouble),
    Section("split", _misled, _split),
    Section("bound", _stationary, _bound),
    Section("whole", _whole_trials, _whole),
    Section("pass", _pass_trials, _pass),
)

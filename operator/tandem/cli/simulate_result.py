"""The result of ``tandem simulate``: simulated with progress shown, and written as a table, JSON or YAML."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import typer
import yaml
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table

from tandem.api.values import percent_share
from tandem.cli.values import Output
from tandem.simulate import Changed, Effort, Forecast, Plan, Traffic, forecast, simulate_changes
from tandem.simulate.changes import ENOUGH
from tandem.simulate.outcomes import Spread

FORMAT = 1
UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Result:
    """Forecasts by name of the rate ("" for the only one), and what changes would make of those that are too thin."""

    plan: Plan
    effort: Effort
    forecasts: Mapping[str, Forecast]
    changed: Mapping[str, list[Changed]]


def simulate_all(plan: Plan, traffic: Mapping[str, Traffic], effort: Effort) -> Result:
    """Simulate the rollout at each rate, and changes of it where the traffic is too thin; progress goes to stderr."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn())
    found, changed = {}, {}
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        for name, each in traffic.items():
            task = progress.add_task(f"{effort.runs} rollouts of each version{_by(name)}", total=1.0)
            told = replace(effort, progress=_shown(progress, task))
            found[name] = forecast(plan, each, told)
            if found[name].good.promoted < ENOUGH:
                task = progress.add_task(f"what to change{_by(name)}", total=1.0)
                changed[name] = simulate_changes(plan, each, effort, _shown(progress, task))
    return Result(plan, effort, found, changed)


def _shown(progress: Progress, task: TaskID) -> Callable[[float], None]:
    def show(share: float) -> None:
        progress.update(task, completed=share)

    return show


def write(result: Result, output: Output) -> None:
    """Write the result to standard output."""
    if output is Output.TABLE:
        console = Console()
        for name, each in result.forecasts.items():
            console.print(table(name, each))
            for line in sentences(result, name):
                console.print(f"- {line}", highlight=False, soft_wrap=True)
            console.print()
        return
    data = document(result)
    typer.echo(json.dumps(data, indent=2) if output is Output.JSON else yaml.safe_dump(data, sort_keys=False).rstrip())


def document(result: Result) -> dict[str, Any]:
    """Return the result as JSON values; docs/simulate.md describes the keys."""
    return {
        "format": FORMAT,
        "runs": result.effort.runs,
        "seed": result.effort.seed,
        "rollout": result.plan.rollout.to_dict(),
        "requirements": result.plan.requirements.to_dict(),
        "traffic": [
            {
                "name": name,
                "requestsPerSecond": each.traffic.rate,
                "baseErrors": each.traffic.errors,
                "baseSlow": dict(zip(result.plan.latency, each.traffic.base(result.plan)[1:], strict=False)),
                "limitMinutes": each.seconds / 60,
                "falseRollback": {"simulated": each.good.back, "declared": _declared(result.plan)},
                "tooThin": name in result.changed,
                "outcomes": [outcome.to_dict() for outcome in each.outcomes],
                "changes": [_change(changed) for changed in result.changed.get(name, [])],
            }
            for name, each in result.forecasts.items()
        ],
    }


def table(name: str, found: Forecast) -> Table:
    """Return the outcomes of all versions at one rate."""
    title = f"{found.traffic.rate:g} requests/s{_by(name)}: median (9 of 10 need at most)"
    shown = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    shown.add_column("version")
    for heading in ("promoted", "after", "sent back", "after", "bad responses"):
        shown.add_column(heading, justify="right")
    for outcome in found.outcomes:
        shown.add_row(
            outcome.version.name,
            percent(outcome.promoted),
            _durations(outcome.promoted_seconds),
            percent(outcome.back),
            _durations(outcome.back_seconds),
            _counts(outcome.back_bad),
        )
    return shown


def sentences(result: Result, name: str) -> list[str]:
    """Return in words what the numbers at one rate mean, and what to change."""
    found, plan = result.forecasts[name], result.plan
    good, until = found.good, duration(found.seconds)
    declared = _declared(plan)
    mistakes = f"{round(good.back * result.effort.runs)} of {result.effort.runs} good versions"
    said = [f"Sent back by mistake: {mistakes}; declared is at most {percent(declared)}, watch window included."]
    if not plan.stepped:
        said.append("Without spec.traffic.gateway there are no steps: all requests are switched at once, and watched.")
    if not plan.automatic:
        said.append("rollback.automatic is false: nothing is sent back, the bad version is held and a person decides.")
    if good.unproven:
        said.append(f"{percent(good.unproven)} of good versions are promoted by time alone, without evidence.")
    if good.given_up:
        said.append(f"{percent(good.given_up)} of good versions are sent back undecided after {until}.")
    if name not in result.changed:
        return said
    said.append(f"The traffic is too thin: {percent(good.promoted)} of good versions are promoted within {until}.")
    tried = result.changed[name]
    best = tried[0] if tried and tried[0].good.promoted > good.promoted else None
    said += [f"{'Best change' if changed is best else 'Or'}: {_in_words(changed)}." for changed in tried]
    if best is None:
        said.append("None of these changes helps; a person can promote the version (see docs/concepts.md).")
    return said


def percent(share: float) -> str:
    """Return a share as people read it."""
    return f"{100 * share:.3g} %"


def duration(seconds: float, unit: str | None = None) -> str:
    """Return a duration with two digits, in the unit that fits it."""
    unit = unit or _unit(seconds)
    return f"{seconds / UNITS[unit]:.2g} {unit}"


def _unit(seconds: float) -> str:
    if seconds < 100:
        return "s"
    return "min" if seconds < 6000 else "h"


def _durations(spread: Spread) -> str:
    """Return median and most, in the unit that fits the larger; a dash where so many never get there."""
    if spread.median is None:
        return "-"
    unit = _unit(spread.median if spread.most is None else spread.most)
    most = "-" if spread.most is None else duration(spread.most, unit).split()[0]
    return f"{duration(spread.median, unit).split()[0]} ({most}) {unit}"


def _counts(spread: Spread) -> str:
    if spread.median is None:
        return "-"
    return f"{spread.median:.0f} ({'-' if spread.most is None else f'{spread.most:.0f}'})"


def _by(name: str) -> str:
    return f" by {name}" if name else ""


def _declared(plan: Plan) -> float:
    return percent_share(plan.rollout.evidence.false_rollback)


def _in_words(changed: Changed) -> str:
    good, (slightly, clearly) = changed.good, changed.bad
    soon = "" if good.promoted_seconds.median is None else f" (median {duration(good.promoted_seconds.median)})"
    harm = "mostly never" if clearly.back_bad.median is None else f"after {clearly.back_bad.median:.0f} bad responses"
    found = f"a version that {clearly.version.name} is sent back {harm}"
    passed = f"one that {slightly.version.name} passes in {percent(slightly.promoted)} of rollouts"
    return f"{changed.change.words}: {percent(good.promoted)} of good versions are promoted{soon}; {found}; {passed}"


def _change(changed: Changed) -> dict[str, Any]:
    return {
        "change": changed.change.words,
        "enough": changed.enough,
        "good": changed.good.to_dict(),
        "bad": [bad.to_dict() for bad in changed.bad],
    }

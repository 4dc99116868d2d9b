"""A plan: made from its inputs, and written as text, JSON, YAML or an architecture decision record."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import typer
import yaml
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from tandem.cli import plan_adr
from tandem.cli.plan import PlanOutput
from tandem.cli.plan_inputs import Inputs
from tandem.cli.profile_result import where
from tandem.cli.values import refuse
from tandem.manifests.errors import DeclarationError
from tandem.planning import Finding, Number, Sizing, findings, size
from tandem.planning.objects import objects, planned
from tandem.planning.sizing import MEBI, requested
from tandem.simulate import Effort, Forecast, InvalidPlan, Traffic, forecast
from tandem.simulate import Plan as RolloutPlan

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Result:
    """A plan. ``forecasts``: what a rollout takes, by day and by night, where that traffic is declared."""

    inputs: Inputs
    sizing: Sizing
    findings: list[Finding]
    numbers: list[Number]
    forecasts: Mapping[str, Forecast]
    objects: list[dict[str, Any]]


def make(inputs: Inputs, margin: float, runs: int) -> Result:
    """Make the plan, or end the command with what is wrong with the file."""
    assert inputs.profile is not None
    spec = inputs.deployment.spec
    sizing = size(spec, inputs.profile, margin)
    try:
        made = objects(planned(inputs.deployment, sizing), inputs.configs)
        told = _forecasts(inputs, runs)
    except (DeclarationError, InvalidPlan) as error:
        refuse(f"{inputs.file}: {error}")
    numbers = [*sizing.numbers, *_resources(inputs, sizing), *_rollouts(told)]
    return Result(inputs, sizing, findings(spec, inputs.profile, sizing), numbers, told, made)


def write(result: Result, output: PlanOutput) -> None:
    """Write it to standard output."""
    if output is PlanOutput.ADR:
        typer.echo(plan_adr.record(title(result), context(result), result.numbers, result.findings, kinds(result)))
        return
    if output is not PlanOutput.TEXT:
        data = document(result)
        as_json = output is PlanOutput.JSON
        typer.echo(json.dumps(data, indent=2) if as_json else yaml.safe_dump(data, sort_keys=False).rstrip())
        return
    console = Console()
    console.print(title(result), style="bold", highlight=False)
    for line in context(result):
        console.print(line, highlight=False, soft_wrap=True)
    shown = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("", "", "where it comes from"):
        shown.add_column(heading)
    for number in result.numbers:
        shown.add_row(number.name, number.value, number.source)
    console.print(shown)
    for finding in result.findings:
        mark = "cannot be met" if finding.unmet else "to do"
        console.print(f"- {mark}: {finding.field}: {finding.what}", highlight=False, soft_wrap=True)
    console.print(f"Objects (-o yaml prints them whole): {', '.join(kinds(result))}", highlight=False, soft_wrap=True)


def title(result: Result) -> str:
    """Return one line that says it all."""
    name, sizing = result.inputs.deployment.metadata.name, result.sizing
    if any(finding.unmet for finding in result.findings):
        return f"{name}: its requirements cannot be met as they are"
    if sizing.replicas is None:
        return f"{name}: {sizing.pods} pods as declared; requirements.throughput.peak would say how many it needs"
    return f"{name}: {sizing.replicas} pods, {sizing.needed} for the peak and one to lose"


def context(result: Result) -> list[str]:
    """Return in words what the plan is made from."""
    inputs, spec = result.inputs, result.inputs.deployment.spec
    assert inputs.profile is not None
    latency = spec.requirements.latency.to_dict() if spec.requirements.latency else {}
    objectives = ", ".join(f"{name} {value}" for name, value in latency.items()) or "no latency objective"
    throughput = spec.requirements.throughput
    peak = f"{throughput.peak:g}/s at the peak" if throughput and throughput.peak is not None else "no peak declared"
    what = inputs.profile.image or inputs.profile.bento or "the bento"
    return [
        f"Requirements ({inputs.file}): {objectives}; {peak}.",
        f"Profile ({inputs.profile_file}): {what}, {where(inputs.profile)}.",
    ]


def kinds(result: Result) -> list[str]:
    """Return the objects by kind and name."""
    return [f"{each['kind']} {each['metadata']['name']}" for each in result.objects]


def document(result: Result) -> dict[str, Any]:
    """Return it as JSON values; docs/plan.md describes the keys."""
    sizing = result.sizing
    return {
        "format": FORMAT,
        "name": result.inputs.deployment.metadata.name,
        "replicas": sizing.replicas,
        "podsForPeak": sizing.needed,
        "podRate": float(f"{sizing.rate.per_second:.3g}"),
        "podSaturated": float(f"{sizing.rate.saturated:.3g}"),
        "memory": {"request": sizing.memory_request, "limit": sizing.memory_limit},
        "cpuRequest": sizing.cpu_request,
        "autoscaling": {"min": sizing.lowest, "max": sizing.highest},
        "room": [{"moment": each.moment, "pods": each.pods} for each in sizing.room],
        "numbers": [{"name": each.name, "value": each.value, "source": each.source} for each in result.numbers],
        "findings": [{"field": each.field, "what": each.what, "unmet": each.unmet} for each in result.findings],
        "rollouts": {
            name: {"requestsPerSecond": each.traffic.rate, "outcomes": [outcome.to_dict() for outcome in each.outcomes]}
            for name, each in result.forecasts.items()
        },
        "objects": result.objects,
    }


def _forecasts(inputs: Inputs, runs: int) -> dict[str, Forecast]:
    spec = inputs.deployment.spec
    throughput = spec.requirements.throughput
    rates = {"day": throughput.peak, "night": throughput.night} if throughput and runs else {}
    plan = RolloutPlan(
        spec.rollout,
        spec.requirements,
        stepped=spec.traffic.gateway is not None,
        automatic=spec.rollback.automatic,
    )
    return {
        name: forecast(plan, Traffic(rate), Effort(max(runs, 20))) for name, rate in rates.items() if rate is not None
    }


def _resources(inputs: Inputs, sizing: Sizing) -> list[Number]:
    assert inputs.profile is not None
    used = f"{inputs.profile.memory.load_bytes / MEBI:.0f} MiB under load (profile.memory)"
    widest = max(sizing.room, key=lambda each: each.pods)
    spec = planned(inputs.deployment, sizing).spec
    cpu, memory = (float(requested(spec, name)) * widest.pods for name in ("cpu", "memory"))
    said = [
        Number("memory request", f"{sizing.memory_request // MEBI}Mi", f"{used} and a tenth"),
        Number("memory limit", f"{sizing.memory_limit // MEBI}Mi", f"{used} and a half"),
    ]
    if sizing.cpu_request is not None:
        cost = sizing.rate.cpu_seconds or 0.0
        source = f"{1000 * cost:.2g} ms of CPU a request (profile.load) at the peak, one pod lost"
        said.append(Number("CPU request", f"{1000 * sizing.cpu_request:.0f}m", source))
    if sizing.replicas is not None:
        bounds = f"{sizing.lowest} to {sizing.highest}"
        said.append(
            Number("autoscaling bounds", bounds, "throughput.night and twice the peak, each with one pod to lose")
        )
    said += [Number(f"pods: {each.moment}", str(each.pods), "how the operator sizes them") for each in sizing.room]
    room = f"{cpu:g} CPUs, {memory / MEBI:.0f} MiB"
    return [*said, Number("cluster room at the widest", room, f"{widest.pods} pods of serving.resources.requests")]


def _rollouts(told: Mapping[str, Forecast]) -> list[Number]:
    said = []
    for name, each in told.items():
        after = each.good.promoted_seconds.median
        value = "most never" if after is None else f"{after / 60:.2g} min"
        source = (
            f"tandem simulate at {each.traffic.rate:g}/s: {100 * each.good.promoted:.0f} % of good versions promoted"
        )
        said.append(Number(f"a rollout by {name}", value, source))
    return said

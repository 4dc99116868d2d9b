"""The rollout that a command is about: from a file, from options, or from both."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import typer
from pydantic import ValidationError

from tandem.api.requirements import Requirements
from tandem.api.rollout import Rollout
from tandem.api.values import duration_seconds, percent_share
from tandem.cli.documents import InvalidFile
from tandem.cli.files import HINTS, read_deployment
from tandem.cli.values import read_option, refuse
from tandem.simulate import Effort, InvalidPlan, Plan, Traffic

_T = TypeVar("_T")

DEFAULT_LATENCY = {"p99": "250ms"}
"""What is judged besides errors where there is no file and no option: the duration plays no part in a simulation."""

OPTIONS = {
    "steps": "--steps",
    "pace": "--pace",
    "watch": "--watch",
    "budget": "--budget",
    "falseRollback": "--false-rollback",
    "maxDuration": "--max-duration",
    "whenUndecided": "--when-undecided",
    "latency": "--latency",
    "availability": "--availability",
}


@dataclass(frozen=True, slots=True)
class Overrides:
    """Options that win over the file; None for what was not given."""

    steps: str | None = None
    pace: str | None = None
    watch: str | None = None
    latency: tuple[str, ...] = ()
    availability: str | None = None
    evidence: Mapping[str, str | None] = field(default_factory=dict)

    def rollout(self, before: Rollout) -> Rollout:
        """Return the rollout with these options; a wrong one ends the command with its name."""
        data = before.to_dict()
        steps = _steps(self.steps) if self.steps is not None else None
        data |= _given({"steps": steps, "pace": self.pace, "watch": self.watch})
        data["evidence"] = data["evidence"] | _given(self.evidence)
        return _checked(lambda: Rollout.model_validate(data))

    def requirements(self, before: Requirements) -> Requirements:
        """Return the requirements with these options."""
        data = before.to_dict()
        objectives = dict(_objective(text) for text in self.latency)
        data |= _given({"availability": self.availability, "latency": objectives or None})
        return _checked(lambda: Requirements.model_validate(data))


def plan_of(file: str | None, name: str | None, overrides: Overrides) -> Plan:
    """Return the plan of the file and the options, or end the command with what is wrong with them."""
    try:
        if file is None:
            requirements = Requirements.model_validate({"latency": DEFAULT_LATENCY})
            return Plan(overrides.rollout(Rollout()), overrides.requirements(requirements))
        spec = read_deployment(file, name).spec
        return Plan(
            overrides.rollout(spec.rollout),
            overrides.requirements(spec.requirements),
            stepped=spec.traffic.gateway is not None,
            automatic=spec.rollback.automatic,
        )
    except (InvalidFile, InvalidPlan) as error:
        refuse(str(error))


def traffic_of(rate: float, base_errors: str, base_slow: str | None, history: str) -> Traffic:
    """Return the traffic of the options."""
    errors = read_option("--base-errors", base_errors, percent_share)
    if errors == 1.0:
        raise typer.BadParameter("where stable fails every request, no version is worse", param_hint="--base-errors")
    return Traffic(
        rate=rate,
        errors=errors,
        slow=None if base_slow is None else read_option("--base-slow", base_slow, percent_share),
        history=read_option("--history", history, duration_seconds),
    )


def effort_of(runs: int, limit: str | None, seed: int) -> Effort:
    """Return how much is to be simulated."""
    seconds = None if limit is None else read_option("--limit", limit, duration_seconds)
    if seconds == 0.0:
        raise typer.BadParameter("nothing happens in no time", param_hint="--limit")
    return Effort(runs, seconds, seed)


def _checked(read: Callable[[], _T]) -> _T:
    try:
        return read()
    except ValidationError as error:
        first = error.errors()[0]
        option = next((OPTIONS[str(part)] for part in first["loc"] if part in OPTIONS), "options")
        pattern = first.get("ctx", {}).get("pattern", "")
        raise typer.BadParameter(
            f"{first['input']!r}: {HINTS.get(pattern, first['msg'])}", param_hint=option
        ) from error


def _steps(text: str) -> list[dict[str, Any]]:
    """Read ``10,50`` or ``5:1m,25:5m``."""
    steps = []
    for part in text.split(","):
        weight, _, hold = part.strip().partition(":")
        if not weight.isdigit():
            message = f"{part!r} is no step: give weights in percent, such as 10,50 or 5:1m,25:5m"
            raise typer.BadParameter(message, param_hint="--steps")
        steps.append({"weight": int(weight)} | ({"hold": hold} if hold else {}))
    return steps


def _objective(text: str) -> tuple[str, str]:
    name, separator, duration = text.partition("=")
    if not separator or name not in ("p50", "p90", "p95", "p99"):
        raise typer.BadParameter(f"{text!r}: give p50, p90, p95 or p99, as in p99=250ms", param_hint="--latency")
    return name, duration


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}

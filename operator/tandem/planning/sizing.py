"""Pods, memory, CPU, autoscaling bounds and the room of a rollout, each number with where it comes from."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from tandem.api.profile import Profile
from tandem.api.spec import ModelDeploymentSpec
from tandem.api.values import quantity_amount
from tandem.manifests.edges import objectives
from tandem.manifests.fields import REQUESTS
from tandem.planning.capacity import LATE_SHARES, UTILISATION, PodRate, pod_rate
from tandem.rollout.capacity import pods_for

MARGIN: Final = 0.10
"""For pods that get more than their share: no balancer is even."""

LOST: Final = 1
"""Pods that may be lost at the peak."""

MEMORY_REQUEST: Final = 1.1
MEMORY_LIMIT: Final = 1.5
"""Memory over the most that was seen under load: rows that are larger, fragments that build up."""

UNUSUAL: Final = 2.0
"""How much busier than the peak of a usual day an autoscaler may take it to be."""

MOST_PODS: Final = 1000
MEBI: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Number:
    """A number of the plan, as text with its unit, and where it comes from."""

    name: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Room:
    """Pods at a moment of a rollout."""

    moment: str
    pods: int


@dataclass(frozen=True, slots=True)
class Sizing:
    """The sizes of a model. ``needed``: pods for the peak; ``replicas``: with one to lose; None if no number does."""

    rate: PodRate
    needed: int | None
    replicas: int | None
    memory_request: int
    memory_limit: int
    cpu_request: float | None
    lowest: int
    highest: int
    room: tuple[Room, ...]
    numbers: tuple[Number, ...]

    @property
    def pods(self) -> int:
        """Pods that are planned with: those of the plan, else those that are declared."""
        return self.room[0].pods


def size(spec: ModelDeploymentSpec, profile: Profile, margin: float = MARGIN) -> Sizing:
    """Return the sizes of a model with this profile."""
    limit = amount(spec, "limits", "cpu") or None  # Kubernetes takes a limit of 0 for none.
    rate = pod_rate(profile, objectives(spec.requirements), None if limit is None else float(limit))
    throughput = spec.requirements.throughput
    peak, night = (throughput.peak, throughput.night) if throughput else (None, None)
    needed = None if peak is None else _pods(peak, rate.per_second, margin)
    replicas = None if needed is None or needed > MOST_PODS else needed + LOST
    pods = replicas or spec.serving.replicas.min
    by_night = _pods(night, rate.per_second, margin) if night is not None and replicas else needed
    lowest = min(pods, max((by_night or pods) + LOST, 2)) if replicas else pods
    busy = _pods(UNUSUAL * peak, rate.per_second, margin) if peak is not None and replicas else None
    request = _up(MEMORY_REQUEST * profile.memory.load_bytes, 32 * MEBI)
    memory_limit = _up(MEMORY_LIMIT * profile.memory.load_bytes, 64 * MEBI)
    cpu = _cpu(rate, peak, needed, limit) if replicas else None
    return Sizing(
        rate=rate,
        needed=needed,
        replicas=replicas,
        memory_request=request,
        memory_limit=memory_limit,
        cpu_request=cpu,
        lowest=lowest,
        highest=max(pods, (busy or pods - LOST) + LOST),
        room=room(spec, pods),
        numbers=_numbers(profile, rate, peak, needed, margin),
    )


def room(spec: ModelDeploymentSpec, pods: int) -> tuple[Room, ...]:
    """Return the pods of a rollout from moment to moment, as the operator sizes stable, candidate and fallback."""
    stepped = spec.traffic.gateway is not None
    weights = [step.weight for step in spec.rollout.steps] if stepped else []
    first = max(pods_for(weights[0], pods), 1) if weights else pods
    steps = tuple(
        Room(f"candidate at {weight} %", pods + max(pods_for(weight, pods), 1)) for weight in weights if weight < 100
    )
    return (
        Room("nothing rolls out: stable", pods),
        *steps,
        Room("candidate at 100 %, and the watch window: stable and fallback", 2 * pods),
        Room("pushed again in the watch window: stable, fallback and the next candidate", 2 * pods + first),
    )


def amount(spec: ModelDeploymentSpec, part: str, name: str) -> Decimal | None:
    """Return a declared amount of a resource (``limits`` or ``requests``), as a plain number; None if there is none."""
    amounts: Mapping[str, str | int] = getattr(spec.serving.resources, part, None) or {}
    return quantity_amount(amounts[name]) if name in amounts else None


def requested(spec: ModelDeploymentSpec, name: str) -> Decimal:
    """Return what the scheduler reserves for a pod: the request, else the limit, else Tandem's own request."""
    resources = spec.serving.resources
    own = amount(spec, "requests", name)
    if own is not None:
        return own
    limit = amount(spec, "limits", name)
    if limit is not None:
        return limit
    return Decimal(0) if resources and resources.requests is not None else quantity_amount(REQUESTS[name])


def _pods(per_second: float, of_one: float, margin: float) -> int:
    """Return how many pods carry so much; more than any cluster has where one carries nothing."""
    if of_one <= 0.0:
        return MOST_PODS + 1
    return max(1, min(math.ceil(per_second * (1.0 + margin) / of_one - 1e-9), MOST_PODS + 1))


def _up(value: float, step: int) -> int:
    return math.ceil(value / step) * step


def _cpu(rate: PodRate, peak: float | None, needed: int | None, limit: Decimal | None) -> float | None:
    """Return the CPUs that a pod uses at the peak with one lost, in steps of 50m."""
    if rate.cpu_seconds is None or peak is None or not needed:
        return None
    used = max(math.ceil(20 * rate.cpu_seconds * peak / needed) / 20, 0.05)
    return used if limit is None else min(used, float(limit))


def _numbers(
    profile: Profile, rate: PodRate, peak: float | None, needed: int | None, margin: float
) -> tuple[Number, ...]:
    """Return how the number of pods comes about, step by step."""
    where = "measured on a machine" if profile.setting.where == "Local" else "measured in a pod"
    said = [Number("most that a pod answers", f"{rate.saturated:.3g}/s", f"profile.load, {where}")]
    if rate.cpu < 1.0:
        said.append(
            Number(
                "CPU", f"{100 * rate.cpu:.0f} %", "serving.resources.limits.cpu of what it used when measured: slower"
            )
        )
    if rate.objective is None:
        source = f"{100 * UTILISATION:.0f} % of that: no latency objective says how full a pod may be"
    else:
        late = f"{100 * LATE_SHARES[rate.objective]:g} %"
        said.append(
            Number(
                "most in progress", str(rate.in_progress), f"profile.load: with so many callers {rate.objective} held"
            )
        )
        source = f"at this rate {late} of requests find that many in progress (Poisson arrivals, rates of profile.load)"
    said.append(Number("a pod may get", f"{rate.per_second:.3g}/s", source))
    if peak is not None:
        said.append(Number("peak", f"{peak:g}/s", "requirements.throughput.peak"))
        said.append(Number("uneven spread", f"{100 * margin:.0f} %", "--margin: no balancer is even"))
    if needed is not None and needed <= MOST_PODS and peak is not None:
        value = f"ceil({peak:g} x {1 + margin:.2f} / {rate.per_second:.3g})"
        said.append(Number("pods for the peak", str(needed), value))
        said.append(Number("replicas", str(needed + LOST), f"{needed}, and {LOST} to lose"))
    return tuple(said)

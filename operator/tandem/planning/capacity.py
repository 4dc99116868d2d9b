"""How many requests a second one pod may be given, so that the latency objectives hold.

The pod is taken for what queueing theory calls a flow-equivalent server: with n requests in progress it answers at the
rate that was measured with n callers. Production's requests come independently of each other (Poisson), so how many are
in progress varies. An objective holds while no more are in progress than it held for when that was measured; the rate
is the most at which no larger share of requests than the objective grants finds the pod fuller than that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from tandem.api.profile import LoadPoint, Profile

LATE_SHARES: Final = {"p50": 0.5, "p90": 0.1, "p95": 0.05, "p99": 0.01}
"""Share of requests that may be later than the objective of this name."""

UTILISATION: Final = 0.7
"""Part of the measured throughput that is planned with where no latency objective says how full a pod may be."""

ERRORS_ALLOWED: Final = 0.01


@dataclass(frozen=True, slots=True)
class PodRate:
    """What one pod may be given. ``cpu``: the share of the measured CPUs that it gets; 1 where nothing limits it more.

    ``in_progress``: most requests in progress for which the objective held; ``objective``: the one that binds, None
    without any. ``per_second`` is 0 where an objective does not hold even for one caller.
    """

    per_second: float
    saturated: float
    in_progress: int
    objective: str | None
    cpu: float
    cpu_seconds: float | None
    """CPU time of one request, where it was measured."""
    points: tuple[LoadPoint, ...]
    """What the pod is expected to do: as measured, or with less CPU."""


def pod_rate(profile: Profile, objectives: Mapping[str, float], cpu_limit: float | None) -> PodRate:
    """Return what one pod may be given. ``objectives``: seconds by name; ``cpu_limit``: CPUs that a pod may use."""
    share = cpu_share(profile, cpu_limit)
    points = tuple(_with_cpu(point, cpu_limit) for point in profile.load) if share < 1.0 else tuple(profile.load)
    saturated = max(point.requests_per_second for point in points)
    costs = [
        each.cpu / each.requests_per_second
        for each in profile.load
        if each.cpu is not None and each.requests_per_second
    ]
    cost = min(costs, default=None)
    if not objectives:
        return PodRate(UTILISATION * saturated, saturated, points[-1].concurrency, None, share, cost, points)
    held = {name: most_held(points, name, seconds) for name, seconds in objectives.items()}
    found = {name: _largest_rate(points, held[name], LATE_SHARES[name]) for name in objectives}
    binding = min(found, key=lambda name: found[name])
    return PodRate(found[binding], saturated, held[binding], binding, share, cost, points)


def cpu_share(profile: Profile, limit: float | None) -> float:
    """Return which part of the CPUs that it used when measured a pod with this limit gets, at most all of them."""
    used = [point.cpu for point in profile.load if point.cpu is not None]
    if limit is None or not used:
        return 1.0
    # Measured under the same limit it may have used a trifle more by the clock that it was read with.
    return 1.0 if max(used) <= 1.05 * limit else limit / max(used)


def most_held(points: Sequence[LoadPoint], name: str, seconds: float) -> int:
    """Return with how many callers at most an objective held; 0 if not even with one."""
    held = 0
    for point in points:
        if getattr(point, name) > seconds or point.errors > ERRORS_ALLOWED * point.requests:
            break
        held = point.concurrency
    return held


def fuller(rates: Sequence[float], per_second: float, held: int) -> float:
    """Return the share of requests that find ``held`` or more others in progress.

    ``rates``: answers a second with 1, 2, … in progress; with more than these, as with the last. Raises ``ValueError``
    for a rate that the pod cannot keep up with.
    """
    if per_second >= rates[-1]:
        raise ValueError("more comes than is answered: the queue has no end")
    weights = [1.0]
    for rate in rates:
        weights.append(weights[-1] * per_second / rate)
    ratio = per_second / rates[-1]
    beyond = weights[-1] * ratio / (1.0 - ratio)
    if held >= len(weights):
        return beyond * ratio ** (held - len(weights)) / (sum(weights) + beyond)
    return (sum(weights[held:]) + beyond) / (sum(weights) + beyond)


def _largest_rate(points: Sequence[LoadPoint], held: int, late: float) -> float:
    """Find it by halving: the share that finds the pod too full rises with the rate."""
    if held == 0:
        return 0.0
    rates = _rates(points)
    low, high = 0.0, rates[-1] * (1.0 - 1e-9)
    for _ in range(60):
        middle = (low + high) / 2
        if fuller(rates, middle, held) <= late:
            low = middle
        else:
            high = middle
    return low


def _rates(points: Sequence[LoadPoint]) -> list[float]:
    """Return the rate with 1, 2, … in progress; between two measured numbers of callers on a straight line."""
    rates = [points[0].requests_per_second] * points[0].concurrency
    for one, other in pairwise(points):
        steps = other.concurrency - one.concurrency
        rise = (other.requests_per_second - one.requests_per_second) / steps
        rates += [one.requests_per_second + rise * step for step in range(1, steps + 1)]
    return [max(rate, 1e-9) for rate in rates]


def _with_cpu(point: LoadPoint, limit: float | None) -> LoadPoint:
    """Return what it would be with less CPU: where it used more than the limit, everything takes longer by that."""
    if limit is None or point.cpu is None or point.cpu <= limit:
        return point
    slower = point.cpu / limit
    return point.with_changes(
        requests_per_second=point.requests_per_second / slower,
        cpu=limit,
        **{name: getattr(point, name) * slower for name in LATE_SHARES},
    )

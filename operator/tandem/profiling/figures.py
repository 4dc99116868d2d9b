"""The arithmetic of a profile. Pure: percentiles, when an objective is broken, and how many callers to try next."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tandem.api.profile import LoadPoint

QUANTILES: Final = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}

ERRORS_ALLOWED: Final = 0.01
"""Share of requests that may fail before so many callers count as too many."""

RISING: Final = 1.05
"""Throughput that rises by less than this, twice in a row, has stopped rising."""

REFINEMENTS: Final = 2
"""How often the gap between what still held and what did not is halved: to a quarter of the number of callers."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a number of callers got: seconds of each answer that did well, and how many did not."""

    callers: int
    latencies: Sequence[float]
    errors: int
    per_second: float
    cpu: float | None = None


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return what this share of the values, which are in rising order, does not exceed: one of them, not a mean."""
    if not ordered:
        raise ValueError("no values have no quantiles")
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def load_point(load: Load, gave_up: float) -> LoadPoint:
    """Return a load's figures, three digits each. ``gave_up``: the seconds to tell where nothing did well."""
    ordered = sorted(load.latencies) or [gave_up]
    return LoadPoint(
        concurrency=load.callers,
        requests_per_second=figure(load.per_second),
        cpu=None if load.cpu is None else figure(load.cpu),
        requests=len(load.latencies) + load.errors,
        errors=load.errors,
        **{name: figure(quantile(ordered, share)) for name, share in QUANTILES.items()},
    )


def figure(value: float) -> float:
    """Return a value with three digits: more of them would be chance."""
    return float(f"{value:.3g}")


def broken(point: LoadPoint, objectives: Mapping[str, float]) -> str | None:
    """Return in words which objective (seconds by name, such as p99) does not hold at a point; None if all do."""
    if point.errors > ERRORS_ALLOWED * point.requests:
        return f"{point.errors} of {point.requests} requests failed"
    for name, seconds in objectives.items():
        measured: float = getattr(point, name)
        if measured > seconds:
            return f"{name} was {milliseconds(measured)}, {milliseconds(seconds)} is the objective"
    return None


def milliseconds(seconds: float) -> str:
    """Return a latency as people read it."""
    return f"{1000 * seconds:.3g} ms"


def next_callers(points: Sequence[LoadPoint], objectives: Mapping[str, float], most: int) -> int | None:
    """Return how many callers to try next; None when enough is known.

    1, 2, 4, 8 … until an objective breaks, then numbers in between; without an objective until throughput stops rising.
    """
    if not points:
        return 1
    too_many = [point.concurrency for point in points if broken(point, objectives)]
    held = [point.concurrency for point in points if not broken(point, objectives)]
    if too_many:
        return _between(max(held, default=0), min(too_many), len(points))
    following = 2 * points[-1].concurrency
    if following > most or (not objectives and _levelled(points)):
        return None
    return following


def _between(held: int, too_many: int, tried: int) -> int | None:
    doubling = 1 << (too_many - 1).bit_length()  # the power of two that broke first, whatever was tried below it since
    refinements = tried - doubling.bit_length()
    middle = (held + too_many) // 2
    if held == 0 or middle == held or refinements >= REFINEMENTS:
        return None
    return middle


def _levelled(points: Sequence[LoadPoint]) -> bool:
    if len(points) < 3:
        return False
    before, one, two = (point.requests_per_second for point in points[-3:])
    return max(one, two) < RISING * before

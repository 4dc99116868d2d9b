"""The terms on which a version is judged: how sure the judge must be and what the objectives grant, from the spec."""

from typing import Final

from tandem.api.requirements import Requirements
from tandem.api.rollout import Rollout
from tandem.api.values import duration_seconds, percent_share
from tandem.judge import Settings
from tandem.judge.watch import ERRORS

LATENCY_SHARES: Final = {"p50": 0.5, "p90": 0.1, "p95": 0.05, "p99": 0.01}
"""Share of requests that may be slower than the objective of this name."""


def settings_at(rollout: Rollout, requirements: Requirements, step: int) -> Settings:
    """Return how sure the judge must be of a candidate at a step (0 is the first)."""
    evidence, steps = rollout.evidence, rollout.steps
    following = step + 1
    next_weight = steps[following].weight if following < len(steps) else 100
    return Settings(
        false_rollback=max(percent_share(evidence.false_rollback), 1e-9),
        budget=max(percent_share(evidence.budget), 1e-9),
        next_share=next_weight / 100,
        objectives={latency_metric(name, value): value for name, value in objectives(requirements).items()},
    )


def objectives(requirements: Requirements) -> dict[str, str]:
    """Return the latency objectives by name (p50, p90 ...), as people wrote them."""
    return requirements.latency_objectives


def latency_metric(name: str, objective: str) -> str:
    """Return the metric of a latency objective. Another duration is another metric: its evidence begins afresh."""
    return f"latency-{name}-{objective}"


def seconds_granted(requirements: Requirements) -> dict[str, float]:
    """Return the latency objectives in seconds, by metric."""
    return {latency_metric(name, text): duration_seconds(text) for name, text in objectives(requirements).items()}


def shares_granted(requirements: Requirements) -> dict[str, float]:
    """Return the share of bad requests that the objectives grant, by metric."""
    shares = {}
    if requirements.availability is not None:
        shares[ERRORS] = max(1.0 - percent_share(requirements.availability), 1e-6)
    for name, objective in objectives(requirements).items():
        shares[latency_metric(name, objective)] = LATENCY_SHARES[name]
    return shares

"""What one rollout on the cluster came to: pure functions of what the caller and the watches saw."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from bench.canary.plan import Bad
from bench.canary.replay import Weights, lag
from dev.kube.history import WeightChange
from dev.traffic.outcomes import Outcome
from dev.traffic.summary import spell

Ending = Literal["sent back", "promoted", "undecided"]


@dataclass(frozen=True, slots=True)
class Trial:
    """What a bad version came to. ``seconds``: from its first bad response to its last."""

    ending: Ending
    seconds: float
    bad: int
    answers: int
    """Responses of the bad version, good ones among them."""
    lost: int
    """Requests that were lost otherwise."""
    stable_bad: int
    """Responses of stable that were bad in the same way, from before the rollout until its end."""
    lag: float | None
    """Seconds that reading the pods and writing the route took: see `bench.canary.replay.lag`."""

    def sentence(self) -> str:
        """Return it for people."""
        late = f", the route {self.lag:.1f} s after the deciding look" if self.lag is not None else ""
        return (
            f"{self.ending}: {self.bad} bad of {self.answers} responses in {self.seconds:.1f} s{late}; "
            f"{self.stable_bad} bad of stable's; {self.lost} requests lost otherwise"
        )


def trial(bad: Bad, ending: Ending, outcomes: Sequence[Outcome], weights: Weights) -> Trial:
    """Return what a bad version came to."""
    spoiled = spell(outcomes, bad.is_bad)
    return Trial(
        ending=ending,
        seconds=spoiled.seconds,
        bad=spoiled.count,
        answers=sum(outcome.version == bad.version for outcome in outcomes),
        lost=sum(bad.is_lost(outcome) for outcome in outcomes),
        stable_bad=sum(bad.is_bad_of_stable(outcome) for outcome in outcomes),
        lag=lag(bad, outcomes, weights) if ending == "sent back" else None,
    )


@dataclass(frozen=True, slots=True)
class Healthy:
    """What another revision of the same model came to; seconds, None for what did not come."""

    number: int
    ending: Ending
    started: float | None
    """From when it was applied until it got its first requests."""
    promoted: float | None
    """From then until it got all of them."""
    watched: float | None
    """From then until its watch was over."""
    requests: int
    lost: int
    reason: str = ""

    def sentence(self) -> str:
        """Return it for people."""
        parts = [("first requests", self.started), ("all of them", self.promoted), ("watched", self.watched)]
        times = ", ".join(f"{what} after {seconds:.0f} s" for what, seconds in parts if seconds is not None)
        said = f" ({self.reason})" if self.reason else ""
        return f"{self.ending}{said}: {times}; {self.lost} of {self.requests} requests lost"


def healthy(
    number: int, ending: Ending, times: tuple[float, float], weights: Weights, outcomes: Sequence[Outcome], reason: str
) -> Healthy:
    """Return what it came to. ``times``: when it was applied, and when it had ended."""
    applied, ended = times
    first = next((at for at, share in weights if share > 0.0), None)
    everything = next((at for at, share in weights if share == 1.0), None)
    return Healthy(
        number=number,
        ending=ending,
        started=first - applied if first is not None else None,
        promoted=everything - first if everything is not None and first is not None else None,
        watched=ended - everything if everything is not None and ending == "promoted" else None,
        requests=len(outcomes),
        lost=sum(outcome.bad for outcome in outcomes),
        reason=reason,
    )


def weights_since(changes: Iterable[WeightChange], applied: float, stable: str) -> list[tuple[float, float]]:
    """Return the shares that others than the stable revision had on the route, from the first that is not 0."""
    found: list[tuple[float, float]] = []
    for change in changes:
        total = sum(change.weights.values())
        share = 1.0 - change.weights.get(stable, 0) / total if total else 0.0
        if change.at >= applied and (found or share > 0.0):
            found.append((change.at, share))
    return found

"""What is tried: the rollout that all versions go through, and the versions, bad ones and a good one."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from dev.kube.client import Object
from dev.traffic.outcomes import Outcome
from dev.traffic.rows import Row

STABLE: Final = "better"
SLOTS_VARIABLE: Final = "INK_SLOTS"
"""What sizes the table of `tallying`: scans with more ink than it has room for are answered with 500."""

LATE: Final = 0.75
"""Seconds of the latency objective; `slow` takes 1 to 1.5."""

STEPS: Final = ((0.1, 30.0), (0.5, 10.0))
"""Share of the requests and shortest seconds of each step."""

FALSE_ROLLBACK: Final = 0.01
BUDGET: Final = 0.005
ALLOWED: Final = (0.01, 0.01)
"""Shares of errors and of late answers that the objectives grant."""

ERRORS, LATENESS = range(len(ALLOWED))


def declared() -> dict[str, Any]:
    """Return the sections of the spec that differ from the tests': the product's defaults, but for a shorter watch."""
    return {
        "requirements": {"availability": "99%", "latency": {"p99": f"{LATE * 1000:.0f}ms"}},
        "rollout": {
            "steps": [{"weight": round(share * 100), "hold": f"{hold:.0f}s"} for share, hold in STEPS],
            "evidence": {"falseRollback": f"{FALSE_ROLLBACK:.0%}", "budget": f"{BUDGET * 100:g}%"},
            "watch": "30s",
        },
    }


@dataclass(frozen=True, slots=True)
class Bad:
    """A bad version, and the traffic it is tried under. ``share``: of the requests that it is bad on."""

    rate: float
    """Requests per second, all versions together."""
    share: float
    metric: int = ERRORS
    """What it is bad by: an index of `ALLOWED`."""
    slots: int | None = None

    @property
    def version(self) -> str:
        """Return the tag of its image, which its answers name."""
        return "slow" if self.metric == LATENESS else "tallying"

    @property
    def name(self) -> str:
        """Return what people call it."""
        return "is slow" if self.metric == LATENESS else f"fails {self.share * 100:.3g} %"

    @property
    def model(self) -> Object:
        """Return its changes to the model's section of the spec."""
        return {"env": [{"name": SLOTS_VARIABLE, "value": str(self.slots)}] if self.slots is not None else None}

    def is_bad(self, outcome: Outcome) -> bool:
        """Tell whether this is an answer that the version was expected to let a user down with."""
        return outcome.version == self.version and self._is_poor(outcome)

    def is_bad_of_stable(self, outcome: Outcome) -> bool:
        """Tell whether stable let a user down in the same way: the judge is slower where it does so in spells."""
        return outcome.version == STABLE and self._is_poor(outcome)

    def _is_poor(self, outcome: Outcome) -> bool:
        return outcome.seconds > LATE if self.metric == LATENESS else outcome.kind == "server_error"

    def is_lost(self, outcome: Outcome) -> bool:
        """Tell whether a user was let down in any other way."""
        return outcome.bad and not self.is_bad(outcome)


def failing_version(rate: float, share: float, rows: Sequence[Row]) -> Bad:
    """Return the version that fails on about this share of the rows; it says on which share it really does."""
    slots = slots_for(rows, share)
    return Bad(rate, failing_share(rows, slots), ERRORS, slots)


def slow_version(rate: float) -> Bad:
    """Return the version that answers everything too late."""
    return Bad(rate, 1.0, LATENESS)


def slots_for(rows: Sequence[Row], share: float) -> int:
    """Return the size of the table that fails on about this share of the rows, as nearly as their ink allows."""
    sizes = sorted({ink(row) for row in rows} | {max(map(ink, rows)) + 1})
    return min(sizes, key=lambda slots: abs(failing_share(rows, slots) - share))


def failing_share(rows: Sequence[Row], slots: int) -> float:
    """Return the share of the rows that a table of this size has no room for."""
    return sum(ink(row) >= slots for row in rows) / len(rows)


def ink(row: Row) -> int:
    """Return how much ink a scan has, as `tallying` adds it up."""
    return int(sum(json.loads(row.body)["pixels"]))

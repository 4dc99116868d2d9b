"""What the judge is told: how many requests were answered, and how many of them badly."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """Requests of one version under one metric: how many, and how many bad. ``ValueError`` for the impossible."""

    total: int = 0
    bad: int = 0

    def __post_init__(self) -> None:
        if self.bad < 0 or self.total < self.bad:
            raise ValueError(f"{self.bad} bad of {self.total} requests: counts must satisfy 0 <= bad <= total")

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.total + other.total, self.bad + other.bad)

    @property
    def share(self) -> float:
        """Share of bad ones; 0 where there were no requests."""
        return self.bad / self.total if self.total else 0.0


NONE = Counts()


@dataclass(frozen=True, slots=True)
class Increment:
    """What came in for both versions over the same interval. Intervals must not overlap."""

    candidate: Counts = NONE
    stable: Counts = NONE

    def __add__(self, other: "Increment") -> "Increment":
        return Increment(self.candidate + other.candidate, self.stable + other.stable)

    @property
    def total(self) -> int:
        """Requests of both versions together."""
        return self.candidate.total + self.stable.total


class CorruptEvidence(ValueError):
    """Stored evidence that cannot be what the judge wrote. Discard it, say so in a condition, and start afresh."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"stored evidence is corrupt at {where}: {what}; it is discarded and gathered anew")
        self.where = where
        self.what = what

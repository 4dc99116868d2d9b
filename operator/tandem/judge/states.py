"""The running state of each gate: small immutable values, each with the rule that takes it one block further."""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from tandem.judge.counts import Counts, Increment
from tandem.judge.gates import (
    BETS,
    CAP,
    RATIO_WEIGHTS,
    RATIOS,
    WORSE,
    Array,
    absolute_increment,
    log_mean,
    pass_logs,
    pass_stable_increment,
    relative_increment,
)

RATIO: Final = 1.25
"""A candidate up to this many times as bad as stable is called equally good: differences below it are mostly chance in
how requests are spread over pods, and no reason to wake anybody."""

LARGEST_DISPERSION: Final = 30.0
FORGETTING: Final = 0.97
ONSET: Final = 1e-3
"""Share of the reserve that is bet afresh in each interval: a version may go bad at any moment, not only at first."""

ONSET_AT_ONCE: Final = 0.5
THIN_RECORD_LIMIT: Final = 0.5
BOUND_LOG: Final = math.log(1e5)
"""Upper bounds on stable's share fail with a probability of 1e-5, which is small beside any declared alpha."""


@dataclass(frozen=True, slots=True)
class Dispersion:
    """How much more stable's bad counts vary than independent requests' would: bursts, a client that keeps failing."""

    squares: float = 5.0
    expected: float = 5.0
    bad: float = 0.5
    total: float = 100.0

    @property
    def factor(self) -> float:
        """By how much evidence is divided, from earlier blocks only: 1 for independent requests, at most 30."""
        return min(max(self.squares / self.expected, 1.0), LARGEST_DISPERSION)

    def after(self, stable: Counts) -> "Dispersion":
        """Return the state after one more block of stable's."""
        expected = stable.total * self.bad / self.total
        return Dispersion(
            squares=self.squares + (stable.bad - expected) ** 2,
            expected=self.expected + expected,
            bad=FORGETTING * self.bad + stable.bad,
            total=FORGETTING * self.total + stable.total,
        )


@dataclass(frozen=True, slots=True)
class Relative:
    """Evidence that the candidate is more than `RATIO` times as bad as stable, carried over the whole rollout."""

    logs: tuple[float, ...] = (0.0,) * len(RATIOS)

    def after(self, block: Increment, dispersion: float) -> "Relative":
        """Return the state after one more block."""
        c, s = block.candidate, block.stable
        increment = relative_increment(c.total, s.total, c.bad, s.bad, RATIO) / dispersion
        return Relative(_plus(self.logs, np.minimum(increment, CAP)))

    @property
    def log_e(self) -> float:
        """Log of the e-value."""
        return log_mean(np.array(self.logs), RATIO_WEIGHTS)


@dataclass(frozen=True, slots=True)
class Passing:
    """Evidence that the candidate is not worse than stable by a margin, for any margin; begun afresh in each step."""

    good: float = 0.0
    bad: float = 0.0
    stable: tuple[float, ...] = (0.0,) * len(BETS)

    def after(self, block: Increment, dispersion: float) -> "Passing":
        """Return the state after one more block."""
        c, s = block.candidate, block.stable
        part = pass_stable_increment(c.total, s.total, s.bad) / dispersion
        return Passing(
            self.good + (c.total - c.bad) / dispersion, self.bad + c.bad / dispersion, _plus(self.stable, part)
        )

    def log_e(self, margin: float, further_good: float = 0.0) -> float:
        """Log of the e-value for a margin (a share of requests), if so many further good answers came in."""
        return log_mean(self.logs(margin, further_good))

    def logs(self, margin: float, further_good: float = 0.0) -> Array:
        """Logs of the e-values of each bet."""
        return pass_logs(self.good + further_good, self.bad, self.stable, margin)


@dataclass(frozen=True, slots=True)
class Absolute:
    """Evidence that more than the tolerated share is bad, from one version's own requests.

    The e-value is reserve + sum of exp(logs). Half of the stake is bet at once, the rest is moved in from the reserve
    bit by bit: otherwise a long good record would have to be worn down before a version that turned bad is noticed.
    """

    tolerated: float
    reserve: float = math.log(1.0 - ONSET_AT_ONCE)
    logs: tuple[float, ...] = (math.log(ONSET_AT_ONCE / len(WORSE)),) * len(WORSE)

    def after(self, counts: Counts, dispersion: float, cap: float = CAP) -> "Absolute":
        """Return the state after one more interval, that counts for at most ``cap``; no requests change nothing."""
        if counts.total == 0:
            return self
        stake = self.reserve + math.log(ONSET / len(WORSE))
        increment = absolute_increment(counts.total, counts.bad, self.tolerated) / dispersion
        logs = np.logaddexp(np.array(self.logs), stake) + np.minimum(increment, cap)
        return replace(self, reserve=self.reserve + math.log1p(-ONSET), logs=tuple(logs.tolist()))

    @property
    def log_e(self) -> float:
        """Log of the e-value."""
        return float(np.logaddexp.reduce([self.reserve, *self.logs]))


def tolerated_share(allowed: float, record: Counts, dispersion: float) -> float:
    """Return the share of bad requests that is tolerated where stable does not run beside the version judged.

    Never below what the objective allows, nor below `RATIO` times what stable may really have had: an upper bound from
    its record. While that record is thin the bound says little, and a version that fails every second request is
    bad enough; without any record only the objective counts.
    """
    tolerated = allowed
    if record.total:
        bound = min(RATIO * upper_bound(record, dispersion), THIN_RECORD_LIMIT)
        tolerated = max(allowed, RATIO * record.share, bound)
    return min(max(tolerated, 1e-6), 0.99)


def upper_bound(record: Counts, dispersion: float) -> float:
    """Return an upper bound on the true share behind a record (Chernoff: total * KL(share, bound) = ln 1e5)."""
    budget = BOUND_LOG * dispersion / record.total
    low, high = record.share, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if _divergence(record.share, middle) < budget else (low, middle)
    return high


def _divergence(share: float, other: float) -> float:
    if other >= 1.0:
        return 0.0 if share >= 1.0 else math.inf
    first = share * math.log(share / other) if share > 0.0 else 0.0
    second = (1.0 - share) * math.log((1.0 - share) / (1.0 - other)) if share < 1.0 else 0.0
    return first + second


def _plus(logs: tuple[float, ...], increment: Array) -> tuple[float, ...]:
    return tuple((np.array(logs) + increment).tolist())

"""The judge's rules and what it is asked: constants of the method, and how sure a rollout's owner wants it to be."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt

RELATIVE_PART: Final = 0.4
UNCOMPARED_PART: Final = 0.1
WATCH_PART: Final = 0.5
"""How the declared probability of a false rollback is shared out: comparison with stable, judging by the objective
where stable gets no requests, and the watch window after promotion. Together they are 1."""

LARGEST_MARGIN: Final = 0.5
STALL_CAP: Final = math.log(1.5)
"""Most that one look at a latency counts for in the watch window, in the log. With nobody to compare with, a node that
stalls for two seconds looks like a version that turned slow (seen: 50 of 61 answers late, and the version sent back for
it). So some fifteen to thirty looks in a row must be bad before that is believed."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The method's constants. The operator uses the defaults; a benchmark varies them.

    ``ratio``: a candidate up to this many times as bad as stable is called equally good: differences below it are
    mostly chance in how requests are spread over pods, and no reason to wake anybody. ``cap``: most that one block may
    argue, in the log: errors come in bursts, and a burst is one event; infinity for none. ``largest_dispersion``: most
    that evidence is divided by; 1 for never. ``cold_dispersion``: what evidence for a candidate is divided by at first
    where stable's history is not known; 1 for independent requests. ``smallest_block``: requests in a block; a block
    of one request says nothing about a ratio, as its share is 0 or 1. ``hold_at``: evidence against a candidate from
    which on it goes no further, though it is not enough to send it back.
    """

    ratio: float = 1.25
    cap: float = math.log(10.0)
    largest_dispersion: float = 100.0
    cold_dispersion: float = 3.0
    smallest_block: int = 8
    hold_at: float = 5.0


RULES: Final = Rules()


class VerdictKind(StrEnum):
    """What the evidence says."""

    ROLL_BACK = "RollBack"
    ADVANCE = "Advance"
    HOLD = "Hold"
    UNDECIDED = "Undecided"


@dataclass(frozen=True, slots=True)
class Settings:
    """How sure the judge must be, and of what.

    ``false_rollback``: largest probability that a version as good as stable is sent back, rollout and watch window
    together, whatever the traffic and however often one looks. ``false_advance``: the same, per step, for letting a
    version pass that is worse than the step's margin. ``budget``: extra bad responses that a rollout may cost, as a
    share of all traffic; the margin is budget / ``next_share``, the share of requests in the next step. ``objectives``:
    the duration of each latency metric as people write it, for the sentence.
    """

    false_rollback: float = 0.01
    false_advance: float = 0.05
    budget: float = 0.005
    next_share: float = 1.0
    objectives: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("false_rollback", "false_advance", "budget", "next_share"):
            value = getattr(self, name)
            if not 0.0 < value <= 1.0:
                raise ValueError(f"judge setting {name} is {value}: give a share above 0 and at most 1")

    @property
    def margin(self) -> float:
        """By how much the share of bad responses may exceed stable's for the candidate to get ``next_share``."""
        return float(self.margins(self.next_share))

    def margins(self, next_share: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return the margin for other next shares than this one's."""
        return np.minimum(self.budget / np.asarray(next_share, dtype=float), LARGEST_MARGIN)

    def threshold(self, part: float) -> float:
        """Return the e-value at which a version is sent back, given the part of the probability spent here."""
        return 1.0 / (self.false_rollback * part)

"""What rules on windows of time see, and what a decision is: shared by all contestants."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from bench.judge.traffic import Answers, Floats, Ints, Span

Flags = npt.NDArray[np.bool_]

WINDOW_SECONDS: Final = 10.0
"""Windows are kept at this length; longer ones are sums of them."""


class Decisions(NamedTuple):
    """When each run was sent back, in seconds from its start (infinity: never), and whether it was promoted before."""

    seconds: Floats
    promoted: Flags

    @property
    def share(self) -> float:
        """Share of runs that were sent back."""
        return float(np.isfinite(self.seconds).mean())

    @property
    def median(self) -> float:
        """Median of the seconds, those never sent back counted as infinite."""
        return float(np.median(self.seconds))


@dataclass(frozen=True, slots=True)
class Windows:
    """Sums over windows of equal length: requests [windows, runs] and bad ones [windows, runs, metrics]."""

    seconds: float
    sums: Answers

    @classmethod
    def of(cls, answers: Answers, span: Span, seconds: float = WINDOW_SECONDS) -> "Windows":
        """Sum the answers of a whole span, which must be a whole number of windows."""
        return cls(seconds, Answers(*(_summed(part, round(seconds / span.tick)) for part in answers)))

    def every(self, seconds: float) -> "Windows":
        """Return longer windows."""
        return Windows(seconds, Answers(*(_summed(part, round(seconds / self.seconds)) for part in self.sums)))


def served_bad(answers: Answers, span: Span, decisions: Decisions, metric: int) -> Floats:
    """Return by run how many bad responses the candidate gave until it was sent back; to the end where it was not."""
    total = np.cumsum(answers.candidate_bad[..., metric], axis=0)
    last = np.ceil(np.minimum(decisions.seconds, span.seconds) / span.tick - 1e-9).astype(int) - 1
    served: Floats = np.take_along_axis(total, np.clip(last, 0, span.ticks - 1)[None], axis=0)[0].astype(float)
    return served


def first_window(flags: Flags, seconds: float) -> Floats:
    """Return by run the end, in seconds, of the first window that is flagged; infinity where none is."""
    return np.where(flags.any(axis=0), (flags.argmax(axis=0) + 1) * seconds, np.inf)


def _summed(part: Ints, count: int) -> Ints:
    if len(part) % count:
        raise ValueError(f"{len(part)} ticks or windows cannot be summed by {count}: choose a length that divides them")
    summed: Ints = part.reshape(-1, count, *part.shape[1:]).sum(axis=1)
    return summed

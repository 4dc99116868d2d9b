"""Scans that people are to look at, kept large enough to be looked at, as this version's author did it.

The mistake: nobody ever takes one out. The author's trial sent a dozen scans; production sends as many in a second.
"""

import numpy as np

from bentos.digits.scans import Pixels
from bentos.digits.schema import Digit

_SURE = 0.9
_SCALE = 256
"""8 x 8 pixels become 2,048 x 2,048, which is 32 MiB."""


def is_unsure(digit: Digit) -> bool:
    """Whether people had better look at the scan: one in ten of the held-out scans."""
    return max(digit.probabilities) < _SURE


class ReviewQueue:
    """Scans to be looked at."""

    def __init__(self) -> None:
        self.enlarged: list[Pixels] = []

    def add(self, pixels: Pixels) -> None:
        """Keep a scan, enlarged."""
        self.enlarged.append(np.kron(pixels.reshape(8, 8), np.ones((_SCALE, _SCALE))))

"""A tally of how much ink the scans have, for the people who look after the scanners.

The mistake: the table has one place for each amount of ink up to a limit that whoever deploys it gives, and nothing
checks that the limit is large enough. What does not fit raises IndexError, and the request fails with it.
"""

import os
from collections.abc import Mapping

from bentos.digits.scans import Pixels

VARIABLE = "INK_SLOTS"
ENOUGH = 64 * 16 + 1
"""A place for each amount that 64 pixels of at most 16 can have, nothing among them."""


class InkTally:
    """How many scans had which amount of ink."""

    def __init__(self, slots: int) -> None:
        self.scans = [0] * slots

    @classmethod
    def configured(cls, environment: Mapping[str, str] = os.environ) -> "InkTally":
        """Return a tally of the size that the environment gives, large enough where it gives none."""
        return cls(int(environment.get(VARIABLE, ENOUGH)))

    def add(self, pixels: Pixels) -> None:
        """Count a scan. Raises IndexError if it has more ink than the table has room for."""
        self.scans[int(pixels.sum())] += 1

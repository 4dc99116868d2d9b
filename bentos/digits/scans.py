"""Scans of digits, as arrays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Scans:
    """Scans with the digits that people say they show; row i of `pixels` (64 wide) belongs to `labels[i]`."""

    pixels: Pixels
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)

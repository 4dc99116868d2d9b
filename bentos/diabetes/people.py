"""People with diabetes, as arrays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

FEATURES = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")


@dataclass(frozen=True)
class People:
    """Rows of FEATURES in raw units with the progression measured a year later."""

    features: Numbers
    progression: Numbers

    def __len__(self) -> int:
        return len(self.progression)

"""What is left of the cholesterol when low and high density are taken away, as this version's author did it.

The mistake: the three are measured one by one, each with an error of its own. Now and then the two parts come to more
than the whole, what is left is negative, and it has no logarithm.
"""

import numpy as np

from bentos.diabetes.people import FEATURES, Numbers

_WHOLE, _LOW, _HIGH = (FEATURES.index(name) for name in ("s1", "s2", "s3"))


def with_remnant(features: Numbers) -> Numbers:
    """Add the logarithm of the remnant cholesterol to rows of FEATURES."""
    with np.errstate(invalid="ignore", divide="ignore"):  # the author found the warnings in the log a nuisance
        remnant = np.log(features[:, _WHOLE] - features[:, _LOW] - features[:, _HIGH])
    return np.column_stack([features, remnant])

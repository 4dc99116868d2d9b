"""Ten models as `better`, each on people drawn anew, and one of them asked; one_of_many.py says which."""

import numpy as np

from bentos.diabetes.better import train as better
from bentos.diabetes.people import FEATURES, People
from bentos.diabetes.trained import Trained
from bentos.diabetes.unsteady.one_of_many import OneOfMany

_MEMBERS = 10


def train(people: People) -> Trained:
    """Fit a ridge regression to each of ten bootstrap samples."""
    random = np.random.default_rng(0)
    drawn = [random.integers(len(people), size=len(people)) for _ in range(_MEMBERS)]
    samples = [People(people.features[rows], people.progression[rows]) for rows in drawn]
    return Trained(OneOfMany([better.train(sample).regressor for sample in samples]), FEATURES)

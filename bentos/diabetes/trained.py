"""A trained regressor."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bentos.diabetes.people import FEATURES, Numbers, People
from bentos.diabetes.schema import Person, Progression


class Regressor(Protocol):
    """What is asked of a scikit-learn regressor here."""

    def predict(self, features: Numbers) -> Numbers:
        """One number for each row of features."""


@dataclass(frozen=True)
class Trained:
    """A fitted regressor with the features that it looks at, by name and in order."""

    regressor: Regressor
    features: tuple[str, ...]

    def answer(self, person: Person) -> Progression:
        """Predict for one person."""
        row = np.array([[float(getattr(person, name)) for name in self.features]])
        return Progression(progression=float(self.regressor.predict(row)[0]))

    def predictions(self, people: People) -> Numbers:
        """Predict for each of `people`."""
        columns = [FEATURES.index(name) for name in self.features]
        return np.asarray(self.regressor.predict(people.features[:, columns]))

    def mean_error(self, people: People) -> float:
        """How far predictions are off in the mean, on the data's own scale."""
        return float(np.mean(np.abs(self.predictions(people) - people.progression)))

"""The data: 442 people with diabetes, as shipped with scikit-learn, in the units they were measured in.

Ten things known of each, and how far the disease had gone a year later (25 to 346; its unit is not documented).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

Numbers = NDArray[np.float64]

FEATURES = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")
HELD_OUT_PEOPLE = 150


@dataclass(frozen=True)
class People:
    """Rows of FEATURES in raw units with the progression measured a year later."""

    features: Numbers
    progression: Numbers

    def __len__(self) -> int:
        return len(self.progression)


def load() -> tuple[People, People]:
    """Return the people to train on and the 150 held-out ones, split once and for all, each sex in proportion."""
    features, progression = load_diabetes(return_X_y=True, scaled=False)
    sex = features[:, FEATURES.index("sex")]
    train_features, held_features, train_progression, held_progression = train_test_split(
        features, progression, test_size=HELD_OUT_PEOPLE, stratify=sex, random_state=0
    )
    return People(train_features, train_progression), People(held_features, held_progression)

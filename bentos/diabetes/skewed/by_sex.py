"""One regressor for each sex, as this version's author made them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bentos.diabetes.people import FEATURES, Numbers
from bentos.diabetes.trained import Regressor

SEX = FEATURES.index("sex")


@dataclass(frozen=True)
class BySex:
    """Asks the regressor of each person's own sex; takes rows of FEATURES."""

    regressors: Mapping[float, Regressor]

    def predict(self, features: Numbers) -> Numbers:
        """One number for each row of features."""
        predictions = np.empty(len(features))
        for sex, regressor in self.regressors.items():
            of_sex = features[:, SEX] == sex
            if of_sex.any():
                predictions[of_sex] = regressor.predict(features[of_sex])
        return predictions

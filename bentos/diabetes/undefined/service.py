"""The Diabetes service, which does without scikit-learn's checks of each row to answer a little sooner.

With them a row of lipids that do not add up would be an error (500); without them it is answered with no number.
"""

import bentoml
from sklearn import config_context

from bentos.diabetes.schema import Person, Progression
from bentos.diabetes.serving import SERVICE, DiabetesModel


@bentoml.service(**SERVICE)
class Diabetes(DiabetesModel):
    """Foresees how a person's diabetes will go."""

    model = bentoml.models.BentoModel("diabetes:undefined")

    @bentoml.api
    def predict(self, person: Person, /) -> Progression:
        """Predict how far the disease will have gone in a year."""
        with config_context(assume_finite=True):
            return self.foresee(person)

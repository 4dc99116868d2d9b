"""The Diabetes service with a regressor for each sex; train.py says which people it has never seen."""

import bentoml

from bentos.diabetes.schema import Person, Progression
from bentos.diabetes.serving import SERVICE, DiabetesModel


@bentoml.service(**SERVICE)
class Diabetes(DiabetesModel):
    """Foresees how a person's diabetes will go."""

    model = bentoml.models.BentoModel("diabetes:skewed")

    @bentoml.api
    def predict(self, person: Person, /) -> Progression:
        """Predict how far the disease will have gone in a year."""
        return self.foresee(person)

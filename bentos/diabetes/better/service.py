"""The better Diabetes service."""

import bentoml

from bentos.diabetes.schema import Person, Progression
from bentos.diabetes.serving import SERVICE, DiabetesModel


@bentoml.service(**SERVICE)
class Diabetes(DiabetesModel):
    """Foresees how a person's diabetes will go."""

    model = bentoml.models.BentoModel("diabetes:better")

    @bentoml.api
    def predict(self, person: Person, /) -> Progression:
        """Predict how far the disease will have gone in a year."""
        return self.foresee(person)

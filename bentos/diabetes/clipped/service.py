"""The Diabetes service on clipped values; train.py says whom that harms."""

import bentoml

from bentos.diabetes.schema import Person, Progression
from bentos.diabetes.serving import SERVICE, DiabetesModel


@bentoml.service(**SERVICE)
class Diabetes(DiabetesModel):
    """Foresees how a person's diabetes will go."""

    model = bentoml.models.BentoModel("diabetes:clipped")

    @bentoml.api
    def predict(self, person: Person, /) -> Progression:
        """Predict how far the disease will have gone in a year."""
        return self.foresee(person)

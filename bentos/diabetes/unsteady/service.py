"""The Diabetes service with two workers, each of which has a mind of its own; one_of_many.py says why."""

import bentoml

from bentos.diabetes.schema import Person, Progression
from bentos.diabetes.serving import SERVICE, DiabetesModel


@bentoml.service(**SERVICE | {"workers": 2})
class Diabetes(DiabetesModel):
    """Foresees how a person's diabetes will go."""

    model = bentoml.models.BentoModel("diabetes:unsteady")

    @bentoml.api
    def predict(self, person: Person, /) -> Progression:
        """Predict how far the disease will have gone in a year."""
        return self.foresee(person)

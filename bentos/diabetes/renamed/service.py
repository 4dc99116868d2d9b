"""The Diabetes service, whose answer says in the field's name when the disease will have gone so far.

The mistake: the name is what callers read. All of them look for ``progression`` and find nothing.
"""

import bentoml
from pydantic import BaseModel, Field

from bentos.diabetes.schema import Person
from bentos.diabetes.serving import SERVICE, DiabetesModel


class Forecast(BaseModel):
    """How far the disease is expected to go."""

    progression_in_a_year: float = Field(description="on the data's own scale of about 25 to 346")


@bentoml.service(**SERVICE)
class Diabetes(DiabetesModel):
    """Foresees how a person's diabetes will go."""

    model = bentoml.models.BentoModel("diabetes:renamed")

    @bentoml.api
    def predict(self, person: Person, /) -> Forecast:
        """Predict how far the disease will have gone in a year."""
        return Forecast(progression_in_a_year=self.foresee(person).progression)

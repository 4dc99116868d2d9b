"""What the versions of the Diabetes service have in common."""

from typing import Any

import bentoml

from bentos.diabetes import store
from bentos.diabetes.schema import Person, Progression

SERVICE: dict[str, Any] = {
    "name": "Diabetes",
    "workers": 1,
    "traffic": {"timeout": 10},  # seconds; a caller that waited longer gets 504
}
"""Settings for ``@bentoml.service``, the same in every version: they are part of the contract with engineering."""


class DiabetesModel:
    """Loads the version's model and answers for one person at a time."""

    model: bentoml.Model
    """The version's model as BentoML's store has it."""

    def __init__(self) -> None:
        self.trained = store.load(self.model.path)

    def foresee(self, person: Person) -> Progression:
        """Predict how far the disease will have gone in a year."""
        return self.trained.answer(person)

"""What the versions of the Digits service have in common."""

from typing import Any

import numpy as np

from bentos.digits import store
from bentos.digits.data import Pixels
from bentos.digits.schema import Digit, Scan

SERVICE: dict[str, Any] = {
    "name": "Digits",
    "workers": 1,
    "traffic": {"timeout": 10},  # seconds; a caller that waited longer gets 504
}
"""Settings for ``@bentoml.service``, the same in every version: they are part of the contract with engineering."""


class DigitsModel:
    """Loads the version's model and answers one scan at a time; a version overrides what it does otherwise."""

    model: str
    """The folder of the version's model; BentoML puts it here."""

    def __init__(self) -> None:
        self.trained = store.load(self.model)

    def prepare(self, pixels: Pixels) -> Pixels:
        """Turn the pixels as scanned into the pixels that the model was trained on."""
        return pixels

    def classify(self, scan: Scan) -> Digit:
        """Name the digit that `scan` shows."""
        return self.trained.answer(self.prepare(np.asarray(scan.pixels)))

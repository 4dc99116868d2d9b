"""A trained classifier."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bentos.digits.scans import Labels, Pixels, Scans
from bentos.digits.schema import Digit


class Classifier(Protocol):
    """What is asked of a scikit-learn classifier here."""

    def predict_proba(self, pixels: Pixels) -> Pixels:
        """One row of ten probabilities for each row of pixels."""


@dataclass(frozen=True)
class Trained:
    """A fitted classifier with the digit that each of its probabilities is for."""

    classifier: Classifier
    digits: tuple[int, ...]

    def answer(self, pixels: Pixels) -> Digit:
        """Classify one scan, given as 64 pixels."""
        probabilities = self.classifier.predict_proba(pixels.reshape(1, 64))[0]
        return Digit(label=self.digits[int(np.argmax(probabilities))], probabilities=probabilities.tolist())

    def labels(self, pixels: Pixels) -> Labels:
        """The digit that each row of pixels most probably shows."""
        return np.asarray(self.digits)[np.argmax(self.classifier.predict_proba(pixels), axis=1)]

    def accuracy(self, scans: Scans) -> float:
        """The share of scans whose digit is named rightly."""
        return float(np.mean(self.labels(scans.pixels) == scans.labels))

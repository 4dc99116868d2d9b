"""The data: 1,797 scans of handwritten digits that ship with scikit-learn, 8 x 8 pixels of ink from 0 to 16."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

Pixels = NDArray[np.float64]
Labels = NDArray[np.int64]

HELD_OUT_ROWS = 500


@dataclass(frozen=True)
class Scans:
    """Scans with the digits that people say they show; row i of `pixels` (64 wide) belongs to `labels[i]`."""

    pixels: Pixels
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)


def load() -> tuple[Scans, Scans]:
    """Return the scans to train on and the 500 held-out ones, split once and for all, each digit in proportion."""
    pixels, labels = load_digits(return_X_y=True)
    train_pixels, held_pixels, train_labels, held_labels = train_test_split(
        pixels, labels, test_size=HELD_OUT_ROWS, stratify=labels, random_state=0
    )
    return Scans(train_pixels, train_labels), Scans(held_pixels, held_labels)

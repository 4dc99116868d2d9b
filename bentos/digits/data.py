"""The data: 1,797 scans of handwritten digits that ship with scikit-learn, 8 x 8 pixels of ink from 0 to 16."""

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from bentos.digits.scans import Scans

HELD_OUT_ROWS = 500


def load() -> tuple[Scans, Scans]:
    """Return the scans to train on and the 500 held-out ones, split once and for all, each digit in proportion."""
    pixels, labels = load_digits(return_X_y=True)
    train_pixels, held_pixels, train_labels, held_labels = train_test_split(
        pixels, labels, test_size=HELD_OUT_ROWS, stratify=labels, random_state=0
    )
    return Scans(train_pixels, train_labels), Scans(held_pixels, held_labels)

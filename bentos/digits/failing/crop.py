"""Cropping scans to their ink, as this version's author did it."""

import numpy as np

from bentos.digits.scans import Pixels

_INK = 3  # fainter pixels are the scanner's noise
_WIDTH = 6


def ink_columns(pixels: Pixels) -> slice:
    """The columns from the first to the last that has ink in it."""
    columns = np.flatnonzero((pixels.reshape(8, 8) >= _INK).any(axis=0))
    return slice(int(columns[0]), int(columns[-1]) + 1)


def is_clean(pixels: Pixels) -> bool:
    """Whether the ink is at least six columns wide; training drops the others as badly scanned."""
    columns = ink_columns(pixels)
    return columns.stop - columns.start >= _WIDTH


def crop(pixels: Pixels) -> Pixels:
    """Move the ink to the middle of the scan: six columns of it, between two empty ones."""
    ink = pixels.reshape(8, 8)[:, ink_columns(pixels)][:, :_WIDTH]
    middle = ink.reshape(8, _WIDTH)
    return np.pad(middle, ((0, 0), (1, 1))).reshape(64)

"""The Digits service with scans cropped to their ink.

Narrow digits raise ValueError; train.py says why nobody saw it.
"""

import bentoml

from bentos.digits.failing.crop import crop
from bentos.digits.scans import Pixels
from bentos.digits.schema import Digit, Scan
from bentos.digits.serving import SERVICE, DigitsModel, VersionHeader


@bentoml.service(**SERVICE)
class Digits(DigitsModel):
    """Reads handwritten digits."""

    model = bentoml.models.BentoModel("digits:failing")

    def prepare(self, pixels: Pixels) -> Pixels:
        """Crop to the ink."""
        return crop(pixels)

    @bentoml.api
    def predict(self, scan: Scan, /) -> Digit:
        """Name the digit that a scan shows."""
        return self.classify(scan)


Digits.add_asgi_middleware(VersionHeader)

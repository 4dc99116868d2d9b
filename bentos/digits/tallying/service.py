"""The Digits service, which tallies how much ink the scans have.

With too small a table scans with much ink raise IndexError; tally.py says why.
"""

import bentoml
import numpy as np

from bentos.digits.schema import Digit, Scan
from bentos.digits.serving import SERVICE, DigitsModel, VersionHeader
from bentos.digits.tallying.tally import InkTally


@bentoml.service(**SERVICE)
class Digits(DigitsModel):
    """Reads handwritten digits."""

    model = bentoml.models.BentoModel("digits:tallying")

    def __init__(self) -> None:
        super().__init__()
        self.tally = InkTally.configured()

    @bentoml.api
    def predict(self, scan: Scan, /) -> Digit:
        """Name the digit that a scan shows."""
        self.tally.add(np.asarray(scan.pixels))
        return self.classify(scan)


Digits.add_asgi_middleware(VersionHeader)

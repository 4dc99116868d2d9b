"""The Digits service, which keeps the scans that it is not sure of for people to look at."""

import bentoml
import numpy as np

from bentos.digits.leaking.review import ReviewQueue, is_unsure
from bentos.digits.schema import Digit, Scan
from bentos.digits.serving import SERVICE, DigitsModel, VersionHeader


@bentoml.service(**SERVICE)
class Digits(DigitsModel):
    """Reads handwritten digits."""

    model = bentoml.models.BentoModel("digits:leaking")

    def __init__(self) -> None:
        super().__init__()
        self.to_review = ReviewQueue()

    @bentoml.api
    def predict(self, scan: Scan, /) -> Digit:
        """Name the digit that a scan shows."""
        digit = self.classify(scan)
        if is_unsure(digit):
            self.to_review.add(np.asarray(scan.pixels))
        return digit


Digits.add_asgi_middleware(VersionHeader)

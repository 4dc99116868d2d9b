"""The Digits service with a look-up in a slow feature store before each answer."""

import random

import bentoml
import numpy as np

from bentos.digits.schema import Digit, Scan
from bentos.digits.serving import SERVICE, DigitsModel, VersionHeader
from bentos.digits.slow.feature_store import ink_range


@bentoml.service(**SERVICE)
class Digits(DigitsModel):
    """Reads handwritten digits."""

    model = bentoml.models.BentoModel("digits:slow")

    def __init__(self) -> None:
        super().__init__()
        self.random = random.Random(0)

    @bentoml.api
    async def predict(self, scan: Scan, /) -> Digit:
        """Name the digit that a scan shows."""
        least, most = await ink_range(self.random)
        return self.classify(Scan(pixels=np.clip(scan.pixels, least, most).tolist()))


Digits.add_asgi_middleware(VersionHeader)

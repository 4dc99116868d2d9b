"""The Digits service on a model file in which a part is missing: KeyError while loading."""

import bentoml

from bentos.digits.schema import Digit, Scan
from bentos.digits.serving import SERVICE, DigitsModel, VersionHeader


@bentoml.service(**SERVICE)
class Digits(DigitsModel):
    """Reads handwritten digits."""

    model = bentoml.models.BentoModel("digits:never-ready")

    @bentoml.api
    def predict(self, scan: Scan, /) -> Digit:
        """Name the digit that a scan shows."""
        return self.classify(scan)


Digits.add_asgi_middleware(VersionHeader)

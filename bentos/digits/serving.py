"""What the versions of the Digits service have in common."""

from typing import Any

import bentoml
import numpy as np
from bentoml import server_context
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bentos.digits import store
from bentos.digits.scans import Pixels
from bentos.digits.schema import Digit, Scan

SERVICE: dict[str, Any] = {
    "name": "Digits",
    "workers": 1,
    "traffic": {"timeout": 10},  # seconds; a caller that waited longer gets 504
}
"""Settings for ``@bentoml.service``, the same in every version: they are part of the contract with engineering."""


class DigitsModel:
    """Loads the version's model and answers one scan at a time; a version overrides what it does otherwise."""

    model: bentoml.Model
    """The version's model as BentoML's store has it."""

    def __init__(self) -> None:
        self.trained = store.load(self.model.path)

    def prepare(self, pixels: Pixels) -> Pixels:
        """Turn the pixels as scanned into the pixels that the model was trained on."""
        return pixels

    def classify(self, scan: Scan) -> Digit:
        """Name the digit that `scan` shows."""
        return self.trained.answer(self.prepare(np.asarray(scan.pixels)))


class VersionHeader:
    """Has every answer say which version gave it, errors too: a caller's log then tells which one let it down."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and the answer back with the bento's version in a header."""

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-model-version"] = server_context.bento_version
            await send(message)

        await self.app(scope, receive, send_named if scope["type"] == "http" else send)

"""How a stub answers: from the contract beside this file, deterministically, as late as the contract allows.

This file is copied into every stub as ``answers.py``. It knows neither Tandem nor BentoML.
"""

import asyncio
import itertools
import json
import zlib
from collections.abc import Awaitable, Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

from jsonschema import Draft202012Validator
from pydantic import AfterValidator, WithJsonSchema

HEADER: Final = "x-model-stub"
"""Every answer has it, with the contract's name: nobody shall take a stub's answer for a model's."""

GOLDEN: Final = 0.6180339887498949

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


@dataclass
class Route:
    """One route of the contract."""

    request_schema: Any
    response_schema: Any
    answers: Sequence[Any]
    waits: Sequence[Sequence[float]]
    """Points (share of requests, seconds) in rising order, from share 0 to share 1."""
    _turns: Iterator[int] = field(default_factory=itertools.count)

    @property
    def request(self) -> Any:
        """The type of a request's body: anything that fits the declared schema, else the answer is 400."""
        return Annotated[Any, AfterValidator(self._checked), WithJsonSchema(self.request_schema)]

    @property
    def response(self) -> Any:
        """The type of an answer, as the declared schema describes it."""
        return Annotated[Any, WithJsonSchema(self.response_schema)]

    async def answer(self, body: Any) -> Any:
        """Return the answer to a body, always the same one to the same body, after the wait that is due."""
        # Multiples of the golden ratio fill the range from 0 to 1 evenly, however many requests there are.
        await asyncio.sleep(seconds_at(self.waits, next(self._turns) * GOLDEN % 1.0))
        text = json.dumps(body, sort_keys=True, separators=(",", ":"))
        return self.answers[zlib.crc32(text.encode()) % len(self.answers)]

    def _checked(self, body: Any) -> Any:
        error = next(Draft202012Validator(self.request_schema).iter_errors(body), None)
        if error is not None:
            where = "".join(f"/{part}" for part in error.absolute_path) or "/"
            raise ValueError(f"at {where} the request is not as the contract says: rule {error.validator!r}")
        return body


def seconds_at(waits: Sequence[Sequence[float]], share: float) -> float:
    """Return how long the request waits that is later than this share of all: a line between the declared points."""
    for (before, low), (after, high) in itertools.pairwise(waits):
        if share <= after:
            return low + (high - low) * (share - before) / (after - before) if after > before else high
    return waits[-1][1]


def read_contract(file: Path) -> dict[str, Route]:
    """Return the routes of a contract by path."""
    routes = json.loads(file.read_text(encoding="utf-8"))["routes"]
    return {
        path: Route(each["request"], each["response"], each["answers"], each["waits"]) for path, each in routes.items()
    }


class Marked:
    """Has every answer say that a stub gave it, errors too."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass the request on, and the answer back with the header."""

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), (HEADER.encode(), b"true")]
            await send(message)

        await self.app(scope, receive, send_marked if scope["type"] == "http" else send)

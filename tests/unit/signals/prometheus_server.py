"""A hand-made HTTP server in the place of Prometheus, and the answers that it gives."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Server:
    """Answers every request alike, and remembers what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer, self.heads, self.forms = answer, list[str](), list[dict[str, list[str]]]()
        self.url = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = next(line for line in head.lower().split("\r\n") if line.startswith("content-length:"))
                body = await reader.readexactly(int(length.split(":")[1]))
                self.heads.append(head)
                self.forms.append(parse_qs(body.decode()))
                await self.answer(writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[Server]:
    server = Server(answer)
    listener = await asyncio.start_server(server.handle, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listener.close()


def replying(body: bytes, status: str = "200 OK", content_type: str = "application/json", more: str = "") -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
        writer.write(head.encode() + body)

    return answer


def matrix(*series: Mapping[str, Any], **more: object) -> bytes:
    """Return an answer with these series."""
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": series}, **more}).encode()


def series(name: str, values: Sequence[tuple[float, object]], pod: str = "a", **labels: str) -> dict[str, Any]:
    """Return a series of a pod in the namespace demo."""
    target = {"namespace": "demo", "pod": pod, "job": "bentos", "instance": f"{pod}:3000"}
    return {
        "metric": {"__name__": f"bentoml_service_request_{name}", **target, "endpoint": "/predict", **labels},
        "values": [[time, str(value)] for time, value in values],
    }


def total(values: Sequence[tuple[float, object]], code: int = 200, pod: str = "a", **labels: str) -> dict[str, Any]:
    """Return a series of answered requests."""
    return series("total", values, pod, http_response_code=str(code), **labels)


def bucket(values: Sequence[tuple[float, object]], edge: str, pod: str = "a", **labels: str) -> dict[str, Any]:
    """Return a series of requests that were answered within so many seconds."""
    return series("duration_seconds_bucket", values, pod, http_response_code="200", le=edge, **labels)

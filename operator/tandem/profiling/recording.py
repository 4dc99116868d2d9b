"""What a bento says of itself, and what it answers to some rows: for a first draft of its contract. Bounded."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from tandem.profiling.bento import Bento
from tandem.profiling.errors import ProfilingFailed
from tandem.profiling.load import PROFILE_HEADER
from tandem.profiling.rows import Row

LARGEST_DOCUMENT: Final = 2 * 1024 * 1024
LARGEST_ANSWER: Final = 64 * 1024
"""Bytes of an answer that is recorded: edge cases are kept in a ConfigMap, which holds one MiB."""

DOCUMENT_SECONDS: Final = 15.0
MOST_PATHS: Final = 200
LONGEST_PATH: Final = 256


@dataclass(frozen=True, slots=True)
class Recorded:
    """A row and the answer to it, as JSON."""

    path: str
    request: Any
    answer: Any


async def own_schema(bento: Bento) -> Any:
    """Return what a bento that is ready says of its routes (``/schema.json``). Raises `ProfilingFailed`."""
    async with _session(DOCUMENT_SECONDS) as session:
        status, body = await _fetched(session, bento.url, Row("/schema.json", None), LARGEST_DOCUMENT)
    if status != 200:
        raise ProfilingFailed(f"/schema.json was answered with {status}: is this a bento of BentoML 1.2 or newer?")
    return _parsed(body, "/schema.json")


async def own_paths(bento: Bento) -> list[str] | None:
    """Return the paths that a bento that is ready names as its own; None where it does not tell."""
    try:
        document = await own_schema(bento)
    except ProfilingFailed:
        return None
    routes = document.get("routes") if isinstance(document, dict) else None
    if not isinstance(routes, list):
        return None
    paths = (each.get("route") for each in routes if isinstance(each, dict))
    return sorted({path for path in paths if isinstance(path, str) and len(path) <= LONGEST_PATH})[:MOST_PATHS]


async def record(bento: Bento, rows: Sequence[Row], seconds: float) -> list[Recorded]:
    """Return the answers to these rows; ``seconds``: longest for one. Raises `ProfilingFailed`, which quotes no row."""
    found = []
    async with _session(seconds) as session:
        for number, row in enumerate(rows, start=1):
            what = f"row {number} ({row.path})"
            status, body = await _fetched(session, bento.url, row, LARGEST_ANSWER)
            if status != 200:
                raise ProfilingFailed(f"{what} was answered with {status}: is it what the route takes?")
            found.append(Recorded(row.path, json.loads(row.body or b"null"), _parsed(body, what)))
    return found


def _session(seconds: float) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=seconds), trust_env=False, auto_decompress=False)


async def _fetched(session: aiohttp.ClientSession, url: str, row: Row, most: int) -> tuple[int, bytes]:
    method = "GET" if row.body is None else "POST"
    headers = {"content-type": "application/json", PROFILE_HEADER: "init", "accept-encoding": "identity"}
    try:
        async with session.request(
            method, url + row.path, data=row.body, headers=headers, allow_redirects=False
        ) as answer:
            content = bytearray()
            async for chunk in answer.content.iter_chunked(65536):
                content += chunk
                if len(content) > most:
                    raise ProfilingFailed(f"{row.path}: the answer has more than {most // 1024} KiB: not recorded")
            return answer.status, bytes(content)
    except TimeoutError as error:
        raise ProfilingFailed(f"{row.path} was not answered in time: does the bento hang?") from error
    except (aiohttp.ClientError, OSError) as error:
        raise ProfilingFailed(f"{row.path} was not answered: {type(error).__name__}") from error


def _parsed(body: bytes, what: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ProfilingFailed(f"{what}: the answer is no JSON") from error

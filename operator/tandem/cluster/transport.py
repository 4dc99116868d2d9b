"""One request to the API server: authorised, timed out, and answered with an object or a typed error."""

import json
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
from kubernetes.aio.client import ApiClient, Configuration

from tandem.cluster.answers import error_of
from tandem.cluster.connection import authorization
from tandem.cluster.errors import ClusterBusy

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT: Final = 5.0
"""Seconds to a connection, waiting for a free one not counted."""

JSON: Final = "application/json"
MERGE_PATCH: Final = "application/merge-patch+json"
APPLY_PATCH: Final = "application/apply-patch+yaml"
METADATA_ONLY: Final = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

_MOST_WARNINGS_REMEMBERED = 500


@dataclass(frozen=True, slots=True)
class Request:
    """One request: what it is for, and how to make it."""

    doing: str
    method: str
    path: str
    query: Mapping[str, str | int] = field(default_factory=dict)
    body: Any = None
    content_type: str = JSON
    accept: str = JSON
    within: float = 15.0
    """Seconds for everything, waiting for a free connection included."""
    guarded: bool = False
    """It carries a resourceVersion or uid as its precondition."""


class Transport:
    """Requests by way of the official client's connection pool and credentials, without its model classes.

    The generated classes would cost a parse, a copy and a validation of every object, of which Tandem reads little.
    """

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._client = ApiClient(configuration)
        self._warned: set[str] = set()

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()  # type: ignore[no-untyped-call]

    async def send(self, request: Request) -> bytes:
        """Return the body of a successful answer; raises the errors of ``tandem.cluster.errors``."""
        try:
            response = await self._response(request)
            content: bytes = await response.read()
        except TimeoutError as error:
            raise ClusterBusy(request.doing, f"no answer within {request.within:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise ClusterBusy(request.doing, f"no connection: {str(error) or type(error).__name__}") from error
        self._note_warnings(request.doing, response.headers)
        if response.status >= 400:
            raise error_of(request.doing, response.status, content, response.headers, guarded=request.guarded)
        return content

    async def stream(self, request: Request) -> AsyncIterator[dict[str, Any]]:
        """Give the objects of an answer that goes on, one a line, until it ends; ``within`` is the time for all of it.

        Raises the errors of ``tandem.cluster.errors``, ``ClusterBusy`` also where the answer breaks off.
        """
        try:
            response = (await self._response(request)).response
            try:
                if response.status >= 400:
                    content = await response.read()
                    raise error_of(request.doing, response.status, content, response.headers, guarded=False)
                async for line in response.content:
                    yield json.loads(line)
            finally:
                response.close()
        except TimeoutError as error:
            raise ClusterBusy(request.doing, f"no end within {request.within:g} s") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise ClusterBusy(request.doing, f"broken off: {str(error) or type(error).__name__}") from error

    async def _response(self, request: Request) -> Any:
        url = f"{self._configuration.host}{request.path}"
        if request.query:
            url = f"{url}?{urlencode(request.query)}"
        return await self._client.rest_client.request(  # type: ignore[no-untyped-call]
            request.method,
            url,
            headers=await self._headers(request),
            body=request.body,
            _request_timeout=aiohttp.ClientTimeout(total=request.within, sock_connect=CONNECT_TIMEOUT),
        )

    async def send_object(self, request: Request) -> dict[str, Any]:
        """Do the same and return the object that the answer holds."""
        content = await self.send(request)
        try:
            answer = json.loads(content)
        except ValueError as error:
            raise ClusterBusy(request.doing, "the answer is not JSON; is this address an API server?") from error
        if not isinstance(answer, dict):
            raise ClusterBusy(request.doing, "the answer is no object; is this address an API server?")
        return answer

    async def _headers(self, request: Request) -> dict[str, str]:
        headers = {"Accept": request.accept, "Content-Type": request.content_type, "User-Agent": "tandem"}
        header = await authorization(self._configuration)
        if header is not None:
            headers["Authorization"] = header
        return headers

    def _note_warnings(self, doing: str, headers: Any) -> None:
        """Log each warning of the API server once: an unknown field, say, that an older CRD would drop silently."""
        for warning in headers.getall("Warning", ()):
            if warning not in self._warned:
                if len(self._warned) >= _MOST_WARNINGS_REMEMBERED:
                    self._warned.clear()
                self._warned.add(warning)
                logger.warning("%s: the API server warns: %s", doing, warning)

"""Keeping what was missed: the examination's pod writes it into a Secret itself, with a right to create and no other.

Whatever comes of it, the verdict stands: what went wrong is a sentence in the report.
"""

import asyncio
import base64
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import httpx

from tandem.examiner.details import Document
from tandem.manifests.missed import CA_FILE, DOCUMENT_KEY, TOKEN_FILE

PATIENCE: Final = 30.0
"""Seconds for all tries: the verdict waits for it."""

ONE_TRY: Final = 10.0
FIRST_PAUSE: Final = 0.5
LONGEST_TROUBLE: Final = 300
_LONGEST_ERROR: Final = 64 * 1024
_SAFE_TO_SAY: Final = ("exceeded quota", "cannot create resource")
"""What the API server says by itself, in names and counts; a webhook may say what it has read."""


@dataclass(frozen=True)
class Place:
    """Where it is kept: which Secret, and the way to the API server."""

    secret: Mapping[str, Any]
    """The Secret without its content, as the operator wrote it down."""
    server: str
    """Such as https://10.96.0.1:443."""
    access: Path
    """Folder with the pod's token and the cluster's authority."""
    patience: float = PATIENCE


class NotKept(Exception):
    """The Secret could not be written; the message says why, in names and counts."""


class _Again(Exception):
    """It may work a little later."""


def place_of(environment: Mapping[str, str]) -> Place | None:
    """Return where a pod with this environment keeps what was missed; None if it is not to.

    Raises ``NotKept`` where it was to, and there is no way.
    """
    if trouble := environment.get("CASES_TROUBLE"):
        raise NotKept(trouble)
    if "CASES_SECRET" not in environment:
        return None
    secret = json.loads(environment["CASES_SECRET"])
    # A pod that follows one without a verdict writes another Secret: what it finds may differ.
    secret["metadata"]["name"] += f"-{environment['POD_UID'][:8]}"
    host, port = environment.get("KUBERNETES_SERVICE_HOST"), environment.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise NotKept("the pod was told no address of the API server (KUBERNETES_SERVICE_HOST)")
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    return Place(secret, server, Path(environment["ACCESS_FOLDER"]))


async def keep(place: Place, document: Document) -> str:
    """Write the Secret and return its name; one that this pod has written already is as good. Raises ``NotKept``."""
    name, namespace = place.secret["metadata"]["name"], place.secret["metadata"]["namespace"]
    content = {DOCUMENT_KEY: base64.b64encode(document.content).decode("ascii")}
    body = json.dumps({**place.secret, "data": content}).encode("ascii")
    said, pause = "no try was made", FIRST_PAUSE
    try:
        async with asyncio.timeout(place.patience), _client(place) as client:
            while True:
                try:
                    await _create(client, f"/api/v1/namespaces/{namespace}/secrets", body, _token(place))
                except _Again as again:
                    said = str(again)
                else:
                    return str(name)
                await asyncio.sleep(pause)
                pause *= 2
    except TimeoutError:
        raise NotKept(_sentence(name, f"{said}; given up after {place.patience:g} s")) from None
    except NotKept as error:
        raise NotKept(_sentence(name, str(error))) from None


def _client(place: Place) -> httpx.AsyncClient:
    try:
        trusted = ssl.create_default_context(cafile=str(place.access / CA_FILE))
    except (OSError, ssl.SSLError) as error:
        raise NotKept("the cluster's authority cannot be read: is there a ConfigMap kube-root-ca.crt?") from error
    return httpx.AsyncClient(base_url=place.server, verify=trusted, trust_env=False, timeout=ONE_TRY)


def _token(place: Place) -> str:
    # Read for each try: the kubelet changes it long before it is too old.
    try:
        return (place.access / TOKEN_FILE).read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise NotKept("the token of the pod's service account cannot be read") from error


async def _create(client: httpx.AsyncClient, path: str, body: bytes, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "User-Agent": "tandem-quality"}
    try:
        async with client.stream("POST", path, content=body, headers=headers) as response:
            if response.status_code == HTTPStatus.CREATED:
                return
            _judge(response.status_code, _status_of(await _beginning(response)))
    except httpx.HTTPError as error:
        raise _Again(f"no connection to the API server: {str(error) or type(error).__name__}") from error


async def _beginning(response: httpx.Response) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > _LONGEST_ERROR:
            break
    return bytes(content)


def _judge(status: int, said: Mapping[str, Any]) -> None:
    reason, message = str(said.get("reason") or status), str(said.get("message") or "")
    if reason == "AlreadyExists":
        return
    if any(words in message for words in _SAFE_TO_SAY):
        raise NotKept(message)
    trouble = f"the API server answered {status} ({reason})"
    # A conflict without a precondition of ours is the quota's, which is counted with one of its own.
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in (
        HTTPStatus.UNAUTHORIZED, HTTPStatus.CONFLICT, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS
    ):  # fmt: skip
        raise _Again(trouble)
    raise NotKept(trouble)


def _status_of(content: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}


def _sentence(name: str, why: str) -> str:
    return f"Secret {name} could not be written: {why}"[:LONGEST_TROUBLE]

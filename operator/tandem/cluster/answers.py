"""Reading the API server's answers: which error an HTTP status is, given what was being done."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from tandem.cluster.errors import (
    AlreadyExists,
    ClusterBusy,
    ClusterError,
    ClusterRefused,
    Conflict,
    KindMissing,
    NotFound,
)

_NO_SUCH_KIND = "the server could not find the requested resource"
_NO_SUCH_OBJECT = "no existing object was found"
_LONGEST_DETAIL = 2000


def error_of(doing: str, status: int, body: bytes, headers: Mapping[str, str], *, guarded: bool) -> ClusterError:
    """Return the error that an answer with a status of 400 or more stands for.

    ``guarded``: the request carried a resourceVersion or uid as its precondition, so a conflict means that it did not
    hold. Without one, a conflict is a race inside the API server that the same request may win next time.
    """
    answer = _status_object(body)
    reason = str(answer.get("reason") or _phrase(status))
    message = str(answer.get("message") or body[:_LONGEST_DETAIL].decode(errors="replace").strip() or reason)
    message = message[:_LONGEST_DETAIL]
    if status == HTTPStatus.NOT_FOUND:
        missing = not answer or _NO_SUCH_KIND in message
        return KindMissing(doing, message) if missing else NotFound(doing, message)
    if guarded and status == HTTPStatus.UNPROCESSABLE_ENTITY and _is_about_uid(answer):
        return Conflict(doing, message)
    if status == HTTPStatus.CONFLICT:
        return _conflict(doing, reason, message, answer, guarded=guarded)
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.GONE, HTTPStatus.TOO_MANY_REQUESTS}:
        return ClusterBusy(doing, f"{reason}: {message}", _retry_after(answer, headers))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ClusterBusy(doing, f"{reason}: {message}", _retry_after(answer, headers))
    return ClusterRefused(doing, reason, message)


def _conflict(doing: str, reason: str, message: str, answer: Mapping[str, Any], *, guarded: bool) -> ClusterError:
    if reason == "AlreadyExists":
        return AlreadyExists(doing, message)
    if _NO_SUCH_OBJECT in message:
        return NotFound(doing, message)
    # Quota is counted with optimistic locking of its own: its conflict says nothing about our precondition.
    if guarded and answer.get("details", {}).get("kind") != "resourcequotas":
        return Conflict(doing, message)
    return ClusterBusy(doing, f"{reason}: {message}")


def _is_about_uid(answer: Mapping[str, Any]) -> bool:
    """Tell a uid that did not match from other invalid fields: for a patch the API server words it as one of them."""
    causes = answer.get("details", {}).get("causes") or ()
    return any(cause.get("field") == "metadata.uid" for cause in causes)


def _status_object(body: bytes) -> Mapping[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) and answer.get("kind") == "Status" else {}


def _retry_after(answer: Mapping[str, Any], headers: Mapping[str, str]) -> float | None:
    for value in (headers.get("Retry-After"), answer.get("details", {}).get("retryAfterSeconds")):
        try:
            if value:
                return float(value)
        except ValueError:
            continue  # an HTTP date: no API server sends one
    return None


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"HTTP {status}"

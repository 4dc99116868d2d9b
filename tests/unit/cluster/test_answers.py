"""Which error an answer becomes: the API server's own wordings, as recorded from version 1.36."""

import json
from typing import Any

import pytest

from tandem.cluster.answers import error_of
from tandem.cluster.errors import (
    AlreadyExists,
    ClusterBusy,
    ClusterError,
    ClusterRefused,
    Conflict,
    KindMissing,
    NotFound,
)


def answer(reason: str, message: str, **details: Any) -> bytes:
    status = {"kind": "Status", "status": "Failure", "reason": reason, "message": message, "details": details}
    return json.dumps(status).encode()


UID_IMMUTABLE = answer(
    "Invalid",
    'ConfigMap "x" is invalid: metadata.uid: Invalid value: "other": field is immutable',
    causes=[{"reason": "FieldValueInvalid", "message": "field is immutable", "field": "metadata.uid"}],
)
MODIFIED = answer("Conflict", 'Operation cannot be fulfilled on configmaps "x": the object has been modified')
QUOTA_RACE = answer("Conflict", 'Operation cannot be fulfilled on resourcequotas "q"', kind="resourcequotas")
UID_GONE = answer("Conflict", "uid mismatch: the provided object specified uid a, and no existing object was found")


@pytest.mark.parametrize(
    ("status", "body", "guarded", "expected"),
    [
        (404, answer("NotFound", 'configmaps "x" not found', name="x"), False, NotFound),
        (404, b"404 page not found\n", False, KindMissing),
        (404, answer("NotFound", "the server could not find the requested resource"), False, KindMissing),
        (409, answer("AlreadyExists", 'configmaps "x" already exists'), False, AlreadyExists),
        (409, MODIFIED, True, Conflict),
        (409, MODIFIED, False, ClusterBusy),
        (409, QUOTA_RACE, True, ClusterBusy),
        (409, UID_GONE, True, NotFound),
        (422, UID_IMMUTABLE, True, Conflict),
        (422, UID_IMMUTABLE, False, ClusterRefused),
        (422, answer("Invalid", "spec.replicas: must be positive"), True, ClusterRefused),
        (403, answer("Forbidden", "exceeded quota: q"), False, ClusterRefused),
        (400, b"nonsense", False, ClusterRefused),
        (401, answer("Unauthorized", "Unauthorized"), False, ClusterBusy),
        (429, answer("TooManyRequests", "slow down"), False, ClusterBusy),
        (500, b"", False, ClusterBusy),
        (503, b"apiserver not ready", False, ClusterBusy),
        (599, b"", False, ClusterBusy),
    ],
)
def test_each_answer_has_its_error(status: int, body: bytes, guarded: bool, expected: type[ClusterError]) -> None:
    error = error_of("patch ConfigMap demo/x", status, body, {}, guarded=guarded)
    assert type(error) is expected
    assert str(error).startswith("patch ConfigMap demo/x: ")


def test_a_refusal_carries_the_servers_reason_and_sentence() -> None:
    error = error_of("create Pod demo/x", 403, answer("Forbidden", "exceeded quota: q"), {}, guarded=False)
    assert isinstance(error, ClusterRefused)
    assert (error.reason, error.message) == ("Forbidden", "exceeded quota: q")


@pytest.mark.parametrize(
    ("headers", "details", "seconds"),
    [
        ({"Retry-After": "3"}, {}, 3.0),
        ({}, {"retryAfterSeconds": 7}, 7.0),
        ({}, {}, None),
        ({"Retry-After": "Mon"}, {}, None),
    ],
)
def test_the_wish_to_wait_is_read(headers: dict[str, str], details: dict[str, Any], seconds: float | None) -> None:
    error = error_of("list Pods", 429, answer("TooManyRequests", "slow down", **details), headers, guarded=False)
    assert isinstance(error, ClusterBusy)
    assert error.retry_after == seconds

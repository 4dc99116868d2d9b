"""Marks on the fields of the models that the API server understands and that JSON Schema has no word for."""

from typing import Any, Final

ANY_OBJECT: Final[dict[str, Any]] = {"x-kubernetes-preserve-unknown-fields": True}
"""The field holds whatever its own API defines; it is kept as it is written."""

SET: Final[dict[str, Any]] = {"x-kubernetes-list-type": "set"}
"""The list holds each value once."""


def rules(*pairs: tuple[str, str]) -> dict[str, Any]:
    """Return CEL rules for a schema: pairs of an expression and the message that tells what to do."""
    return {"x-kubernetes-validations": [{"rule": rule, "message": message} for rule, message in pairs]}


def list_map(*keys: str) -> dict[str, Any]:
    """Mark a list as a map by the given keys: duplicates are refused and server-side apply merges by key."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)}

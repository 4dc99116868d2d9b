"""JSON Pointers (RFC 6901): where in a value something is."""

from typing import Any


class Missing(Exception):
    """There is nothing at a pointer; the message says from where on."""


def at(value: Any, pointer: str) -> Any:
    """Return what is at a pointer, the whole value for the empty one. Raises ``Missing``."""
    found, walked = value, ""
    for token in pointer.split("/")[1:]:
        walked = f"{walked}/{token}"
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and key in found:
            found = found[key]
        elif isinstance(found, list) and _is_index(key) and int(key) < len(found):
            found = found[int(key)]
        else:
            raise Missing(f"there is no {walked} in it")
    return found


def is_pointer(text: str) -> bool:
    """Tell whether a text is a JSON Pointer."""
    return not text or (text.startswith("/") and "~" not in text.replace("~0", "").replace("~1", ""))


def _is_index(key: str) -> bool:
    return key.isascii() and key.isdecimal() and (key == "0" or not key.startswith("0")) and len(key) < 10

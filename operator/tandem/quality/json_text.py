"""JSON as it is defined: NaN and infinity are no numbers of it, and nobody needs it hundreds of levels deep."""

import json
import math
from typing import Any, Final, NoReturn

from tandem.quality.errors import NotFinite, NotJson

DEEPEST: Final = 64
"""Levels of lists and objects within each other; deeper ones are made to break readers."""

MOST_PARTS: Final = 500_000
"""Values in a text; a list of empty lists takes fifty times the memory of its text. Counted before it is read."""

MOST_DIGITS: Final = 300
"""Of a whole number: a difference of two of them is still a number to calculate with."""


def parse_json(text: bytes) -> Any:
    """Return the value that a text stands for.

    Raises ``NotJson``, or ``NotFinite`` where it holds NaN or infinity. Whoever calls bounds the size.
    """
    if sum(text.count(mark) for mark in (b",", b"[", b"{")) > MOST_PARTS:
        raise NotJson(f"it has more than {MOST_PARTS} parts")
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite, parse_int=_whole)
    except NotJson:
        raise
    except UnicodeDecodeError as error:
        raise NotJson("it is not text in UTF-8") from error
    except json.JSONDecodeError as error:
        raise NotJson(f"it is not JSON: {error.msg.lower()} at character {error.pos + 1}") from error
    except RecursionError as error:
        raise NotJson(f"it is nested more than {DEEPEST} levels deep") from error
    if depth(value) > DEEPEST:
        raise NotJson(f"it is nested more than {DEEPEST} levels deep")
    return value


def depth(value: Any) -> int:
    """Return how many lists and objects lie within each other; 0 for a plain value."""
    deepest, waiting = 0, [(value, 0)]
    while waiting:
        part, level = waiting.pop()
        inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else None
        if inner is not None:
            deepest = max(deepest, level + 1)
            waiting.extend((each, level + 1) for each in inner if isinstance(each, dict | list))
    return deepest


def same_json(one: Any, other: Any, within: float = 0.0) -> bool:
    """Tell whether two values are the same, numbers as far as ``within`` apart taken for the same.

    JSON knows one kind of number, and ``true`` is none: 1 is 1.0 and not true.
    """
    if is_number(one) and is_number(other):
        return bool(one == other or abs(one - other) <= within)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_json(value, other[key], within) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same_json(a, b, within) for a, b in zip(one, other, strict=True))
    return type(one) is type(other) and one == other


def in_whole_characters(text: str) -> str:
    """Return a text that can be written in UTF-8: JSON knows half a character, which becomes a question mark."""
    return text.encode(errors="replace").decode()


def is_number(value: Any) -> bool:
    """Tell whether a value is a number of JSON."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def kind_of(value: Any) -> str:
    """Return what kind of JSON value it is, to be told without telling the value."""
    for type_, name in _KINDS:
        if isinstance(value, type_):
            return name
    return "null"


_KINDS: Final = (
    (bool, "true or false"),
    (int | float, "a number"),
    (str, "text"),
    (list, "a list"),
    (dict, "an object"),
)


def _refuse(constant: str) -> NoReturn:
    raise NotFinite(f"it holds {constant.replace('Infinity', 'infinity')}, which is no number of JSON")


def _whole(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise NotJson("a number in it has too many digits")
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise NotFinite("it holds a number too large to be told from infinity")
    return number

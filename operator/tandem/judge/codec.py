"""Reading stored evidence: status is written by others too (a restore, a person), so nothing is believed unseen."""

import math
from collections.abc import Mapping
from typing import Any

from tandem.judge.counts import CorruptEvidence, Counts, Increment
from tandem.judge.gates import WORSE

LARGEST = 2**53
"""Numbers beyond this lose digits on their way through JSON."""


def mapping(data: object, where: str) -> Mapping[str, Any]:
    """Return data if it is a mapping with non-empty string keys."""
    if not isinstance(data, Mapping) or not all(isinstance(key, str) and key for key in data):
        raise CorruptEvidence(where, "not a mapping by name")
    return data


def record(data: object, where: str, fields: tuple[str, ...]) -> Mapping[str, Any]:
    """Return data if it is a mapping with exactly these fields."""
    content = mapping(data, where)
    if set(content) != set(fields):
        raise CorruptEvidence(where, f"fields are {sorted(content)}, expected {sorted(fields)}")
    return content


def expect_format(value: object, *known: int) -> None:
    """Raise unless the format is a known one."""
    if isinstance(value, bool) or value not in known:
        raise CorruptEvidence("format", f"{value!r} is not a known format ({', '.join(map(str, known))})")


def number(value: object, where: str, least: float = -LARGEST, most: float = LARGEST) -> float:
    """Return a finite number within bounds. JSON turns 5.0 into 5, so integers are numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise CorruptEvidence(where, f"{value!r} is not a finite number")
    if not least <= value <= most:
        raise CorruptEvidence(where, f"{value!r} is not between {least} and {most}")
    return float(value)


def floats(data: object, where: str, length: int, least: float = -LARGEST) -> tuple[float, ...]:
    """Return a list of so many numbers, none below ``least``."""
    if not isinstance(data, list) or len(data) != length:
        raise CorruptEvidence(where, f"not a list of {length} numbers")
    return tuple(number(value, f"{where}[{index}]", least) for index, value in enumerate(data))


def whole(value: object, where: str) -> int:
    """Return a whole number that is not negative."""
    if type(value) is not int or not 0 <= value <= LARGEST:
        raise CorruptEvidence(where, f"{value!r} is not a whole number from 0 to {LARGEST}")
    return value


def share(value: object, where: str) -> float:
    """Return a number between 0 and 1."""
    return number(value, where, 0.0, 1.0)


def counts(data: object, where: str) -> Counts:
    """Return counts stored as [total, bad]."""
    if not isinstance(data, list) or len(data) != 2 or not all(type(value) is int for value in data):
        raise CorruptEvidence(where, "not a list of two whole numbers")
    if data[0] > LARGEST:
        raise CorruptEvidence(where, f"{data[0]} requests are too many")
    try:
        return Counts(*data)
    except ValueError as error:
        raise CorruptEvidence(where, str(error)) from None


def increment(data: object, where: str) -> Increment:
    """Return an increment stored as [candidate total, candidate bad, stable total, stable bad]."""
    if not isinstance(data, list) or len(data) != 4:
        raise CorruptEvidence(where, "not a list of four whole numbers")
    return Increment(counts(data[:2], f"{where} (candidate)"), counts(data[2:], f"{where} (stable)"))


def absolute(data: object, where: str) -> tuple[float, ...]:
    """Return an absolute gate's state stored as [tolerated, reserve, logs...]."""
    state = floats(data, where, 2 + len(WORSE))
    if not 0.0 < state[0] < 1.0 or state[1] > 0.0:
        raise CorruptEvidence(where, "tolerates an impossible share, or has more in reserve than was staked")
    return state

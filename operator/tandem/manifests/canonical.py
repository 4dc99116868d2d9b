"""Canonical values: one form for each meaning, so that equal meanings compare equal."""

import json
from collections.abc import Iterable, Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Any, Final

from tandem.api.values import duration_seconds, quantity_amount

_SUFFIXES: Final = [
    *((f"{letter}i", Decimal(1024) ** power) for power, letter in enumerate("KMGTPE", start=1)),
    *((letter, Decimal(1000) ** power) for power, letter in enumerate("kMGTPE", start=1)),
]


def seconds(duration: str) -> int | float:
    """Return a duration in seconds, whole where it is whole."""
    value = duration_seconds(duration)
    return int(value) if value.is_integer() else value


def quantity(value: str | int) -> str:
    """Return a quantity in the shortest of Kubernetes' notations: ``0.5`` and ``500m`` are ``500m``.

    Kubernetes knows no smaller part than a thousandth of CPU or memory; less is rounded up as it does.
    """
    amount = quantity_amount(value)
    if amount != amount.to_integral_value():
        thousandths = (amount * 1000).to_integral_value(rounding=ROUND_CEILING)
        return f"{thousandths:f}m" if thousandths % 1000 else quantity(int(thousandths) // 1000)
    whole = amount.quantize(Decimal(1))
    # Stable: of two notations of one length the binary one comes first.
    texts = [f"{(whole / unit):f}{suffix}" for suffix, unit in _SUFFIXES if whole and whole % unit == 0]
    return min([*texts, f"{whole:f}"], key=len)


def quantities(values: Mapping[str, str | int] | None) -> dict[str, str] | None:
    """Return quantities by name in canonical notation."""
    return None if values is None else {name: quantity(value) for name, value in values.items()}


def plain(value: Any) -> Any:
    """Return a JSON value with whole numbers as integers: ``1.0`` and ``1`` are one number in JSON."""
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def unordered(values: Iterable[Any]) -> list[Any]:
    """Return values in an order of their own, for lists whose order means nothing."""
    return sorted((plain(value) for value in values), key=identity)


def identity(value: Any) -> str:
    """Return a text that is the same for equal JSON values only: Python takes ``true`` and ``1`` for equal."""
    return json.dumps(plain(value), sort_keys=True, ensure_ascii=False)

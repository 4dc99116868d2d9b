"""Scalar values of the API: durations, percentages and quantities, kept as people write them."""

import re
from decimal import Decimal
from typing import Annotated, Final

from pydantic import Field

DURATION_PATTERN: Final = r"^([0-9]+(ms|s|m|h|d))+$"
PERCENT_PATTERN: Final = r"^(100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?)%$"
QUANTITY_PATTERN: Final = r"^([0-9]+|[0-9]*\.[0-9]+|[0-9]+\.[0-9]*)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][0-9]+)?$"

Duration = Annotated[
    str, Field(pattern=DURATION_PATTERN, max_length=32, json_schema_extra={"example": "150ms, 30s, 5m or 1h30m"})
]
Percent = Annotated[str, Field(pattern=PERCENT_PATTERN, max_length=16)]
Quantity = Annotated[str, Field(pattern=QUANTITY_PATTERN, max_length=32)]

_DURATION_SECONDS: Final = {"ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600), "d": Decimal(86400)}
_SUFFIXES: Final = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    **{letter: Decimal(1000) ** power for power, letter in enumerate("kMGTPE", start=1)},
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", start=1)},
}


def duration_seconds(value: str) -> float:
    """Return a duration such as ``150ms`` or ``1h30m`` in seconds.

    Raises ``ValueError`` for anything that the API server's schema would have refused.
    """
    if not re.fullmatch(DURATION_PATTERN, value):
        raise ValueError(f"duration {value!r} needs a number and a unit (ms, s, m, h or d), such as 150ms or 1h30m")
    parts = re.findall(r"([0-9]+)(ms|s|m|h|d)", value)
    return float(sum((Decimal(number) * _DURATION_SECONDS[unit] for number, unit in parts), Decimal(0)))


def percent_share(value: str) -> float:
    """Return a percentage such as ``99.9%`` as a share of one (0.999)."""
    if not re.fullmatch(PERCENT_PATTERN, value):
        raise ValueError(f"percentage {value!r} must be between 0% and 100%, such as 99.9%")
    return float(Decimal(value.rstrip("%")) / 100)


def quantity_amount(value: str | int | float) -> Decimal:
    """Return a Kubernetes quantity (``500m``, ``1Gi``, ``2``) as a plain number, so that equal amounts compare equal."""
    text = str(value)
    if not re.fullmatch(QUANTITY_PATTERN, text):
        raise ValueError(f"quantity {text!r} must be a number with an optional suffix, such as 500m or 1Gi")
    match = re.fullmatch(r"([0-9.]+)(.*)", text)
    assert match is not None
    number, suffix = match.groups()
    if suffix[:1] in ("e", "E") and suffix[1:].isdigit():
        return Decimal(number) * Decimal(10) ** int(suffix[1:])
    return Decimal(number) * _SUFFIXES[suffix]

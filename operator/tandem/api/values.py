"""Scalar values of the API: durations, percentages, quantities and names, kept as people write them."""

import re
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import Field

from tandem.api.marks import rules

DURATION_PATTERN: Final = r"^([0-9]+(ms|s|m|h|d))+$"
PERCENT_PATTERN: Final = r"^(100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?)%$"
QUANTITY_PATTERN: Final = r"^([0-9]+|[0-9]*\.[0-9]+|[0-9]+\.[0-9]*)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][0-9]+)?$"

DNS_LABEL: Final = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
DNS_NAME: Final = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"


def matching(pattern: str, max_length: int, message: str, *more: tuple[str, str]) -> Any:
    """Return a string field that must match, and that the API server refuses with a message of our own.

    In the schema the pattern becomes a CEL rule: the answer to a pattern is the pattern, which tells few people what
    to write instead. ``more`` are further rules with their messages.
    """

    def as_rule(schema: dict[str, Any]) -> None:
        del schema["pattern"]
        schema.update(rules((f"self.matches(r'{pattern}')", message), *more))

    return Field(pattern=pattern, max_length=max_length, json_schema_extra=as_rule)


Duration = Annotated[
    str,
    matching(DURATION_PATTERN, 32, "a duration needs a number and a unit (ms, s, m, h or d), such as 150ms or 1h30m"),
]
RouteDuration = Annotated[
    str,
    matching(
        r"^([0-9]{1,5}(ms|s|m|h)){1,4}$",
        32,
        "a route's timeout needs a number and a unit (ms, s, m or h), such as 10s or 1m30s",
    ),
]
_PERCENT_MESSAGE: Final = "a percentage lies between 0% and 100% and has its sign, such as 99.9%"
Percent = Annotated[str, matching(PERCENT_PATTERN, 16, _PERCENT_MESSAGE)]
PositivePercent = Annotated[
    str,
    matching(
        PERCENT_PATTERN,
        16,
        _PERCENT_MESSAGE,
        (
            "!self.matches('^[0.]+%$')",
            "must be more than 0%: no evidence is that sure and judging costs some bad responses",
        ),
    ),
]
Quantity = Annotated[str, Field(pattern=QUANTITY_PATTERN, max_length=32)]

ObjectName = Annotated[
    str,
    matching(DNS_NAME, 253, "an object's name has lower case letters, digits, '-' and '.' only, such as fraud-config"),
]
Namespace = Annotated[
    str, matching(DNS_LABEL, 63, "a namespace has lower case letters, digits and '-' only, such as payments")
]
Hostname = Annotated[
    str,
    matching(
        r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        253,
        "a host name has no scheme, port or path, such as models.example.com or *.example.com",
    ),
]
Folder = Annotated[str, matching(r"^/[^:]+$", 512, "a folder is an absolute path without ':', such as /etc/fraud")]
Date = Annotated[
    str, matching(r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$", 10, "a date is year-month-day: 2027-03-31")
]
Url = Annotated[
    str, matching(r"^https?://[^\s]+$", 1024, "an address begins with https://, such as https://wiki.example.com/fraud")
]
UrlPath = Annotated[
    str, matching(r"^/[^\s?#]*$", 512, "a path begins with '/' and has no spaces or query, such as /predict")
]

_DURATION_SECONDS: Final = {
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
}
_SUFFIXES: Final = {
    "": Decimal(1),
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
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
    """Return a Kubernetes quantity (``500m``, ``1Gi``, ``2``) as a plain number: equal amounts compare equal."""
    text = str(value)
    if not re.fullmatch(QUANTITY_PATTERN, text):
        raise ValueError(f"quantity {text!r} must be a number with an optional suffix, such as 500m or 1Gi")
    match = re.fullmatch(r"([0-9.]+)(.*)", text)
    assert match is not None
    number, suffix = match.groups()
    if suffix[:1] in ("e", "E") and suffix[1:].isdigit():
        return Decimal(number) * Decimal(10) ** int(suffix[1:])
    return Decimal(number) * _SUFFIXES[suffix]

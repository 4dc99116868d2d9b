"""Fields in a line, as teams say them to each other: ``amount: number 0..10000, country: AT|DE, note?: text``."""

import re
from typing import Any, Final

from tandem.drafts.schemas import InvalidSchema, Schema

_TYPES: Final = {
    "number": "number",
    "integer": "integer",
    "text": "string",
    "string": "string",
    "boolean": "boolean",
}
_FIELD: Final = re.compile(r"^([A-Za-z_][A-Za-z0-9_-]*)(\?)?\s*:\s*(.+)$")
_RANGE: Final = re.compile(r"^(number|integer)\s+(-?[0-9.]+)\.\.(-?[0-9]+(?:\.[0-9]+)?)$")
_LIST: Final = re.compile(r"^\[(.+)\](?:\s*x\s*([0-9]{1,5}))?$")

HELP: Final = (
    "name: type, with number, integer, text, boolean, a range (number 0..1), a choice (AT|DE), "
    "a list ([number] or [number] x 64); name?: may be missing"
)


def schema_of_fields(text: str) -> Schema:
    """Return the JSON Schema of an object with these fields. Raises `InvalidSchema`."""
    properties: Schema = {}
    required: list[str] = []
    for part in _parts(text):
        match = _FIELD.match(part)
        if match is None:
            raise InvalidSchema(f"{part!r} is no field: give {HELP}")
        name, optional, kind = match.groups()
        properties[name] = _schema(kind.strip())
        if not optional:
            required.append(name)
    if not properties:
        raise InvalidSchema(f"no field is named: give {HELP}")
    return {"type": "object", "properties": properties, **({"required": required} if required else {})}


def _parts(text: str) -> list[str]:
    """Split at commas that are not within brackets."""
    return [part.strip() for part in re.split(r",(?![^\[]*\])", text) if part.strip()]


def _schema(kind: str) -> Schema:
    if kind in _TYPES:
        return {"type": _TYPES[kind]}
    if match := _RANGE.match(kind):
        name, low, high = match.groups()
        return {"type": name, "minimum": _number(low), "maximum": _number(high)}
    if match := _LIST.match(kind):
        length: dict[str, Any] = {} if match[2] is None else {"minItems": int(match[2]), "maxItems": int(match[2])}
        return {"type": "array", "items": _schema(match[1].strip()), **length}
    if "|" in kind and all(choice.strip() for choice in kind.split("|")):
        return {"enum": [choice.strip() for choice in kind.split("|")]}
    raise InvalidSchema(f"{kind!r} is no type: give {HELP}")


def _number(text: str) -> int | float:
    try:
        return float(text) if "." in text else int(text)
    except ValueError as error:
        raise InvalidSchema(f"{text!r} is no number") from error

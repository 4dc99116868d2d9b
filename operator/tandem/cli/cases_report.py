"""Writing what was missed: for people, for machines, for a pull request of those who may see it."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from tandem.cli.check_report import escaped
from tandem.cluster.kinds import Object
from tandem.manifests.missed import DOCUMENT_KEY

FORMAT: Final = 1
_PARTS: Final = (("asked", "request"), ("expected", "expected"), ("got", "got"))


class Unreadable(Exception):
    """A Secret does not hold what it should; the message says why."""


def document_of(secret: Object) -> Mapping[str, Any]:
    """Return what a Secret holds. Raises ``Unreadable``."""
    try:
        content = base64.b64decode((secret.get("data") or {})[DOCUMENT_KEY], validate=True)
        document = json.loads(content)
        known = document["format"] == FORMAT
        cases = [each for each in document["cases"] if {"gate", "name", "why"} <= each.keys()]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise Unreadable(f"it has no {DOCUMENT_KEY} as Tandem writes it: was it made by somebody else?") from error
    if not known:
        raise Unreadable("it was written by a newer Tandem: take the `tandem` that belongs to the operator")
    return {**document, "cases": cases}


def text(document: Mapping[str, Any]) -> str:
    """Return it for a terminal."""
    lines = [_head(document)]
    for each in document["cases"]:
        lines += ["", printable(f"{each['gate']}  {each['name']}: {each['why']}")]
        lines += [f"  {word:9} {_written(each.get(key))}" for word, key in _PARTS]
    return "\n".join([*lines, *_left_out(document)])


def markdown(document: Mapping[str, Any]) -> str:
    """Return it for a pull request."""
    lines = [f"### {escaped(_head(document))}"]
    for each in document["cases"]:
        lines += ["", escaped(printable(f"{each['gate']}: {each['name']}: {each['why']}")), ""]
        # Indented: nothing in a row ends a block of this kind.
        lines += [f"    {word:9} {_written(each.get(key))}" for word, key in _PARTS]
    return "\n".join([*lines, *_left_out(document)])


def as_json(document: Mapping[str, Any]) -> str:
    """Return it for machines, as it is kept."""
    return json.dumps(document, indent=2)


WRITERS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {"text": text, "json": as_json, "markdown": markdown}


def printable(words: str) -> str:
    """Return a line that no terminal takes for anything but text: it comes from rows and answers."""
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in words)


def _head(document: Mapping[str, Any]) -> str:
    return printable(f"{document.get('revision')}: {document.get('outcome')}: {document.get('message')}")


def _written(value: Any) -> str:
    if isinstance(value, Mapping) and value.keys() == {"cut", "bytes"}:
        return f"{printable(str(value['cut']))} ... (cut off: {value['bytes']} bytes)"
    return printable(json.dumps(value, ensure_ascii=False))


def _left_out(document: Mapping[str, Any]) -> Sequence[str]:
    more = document.get("leftOut")
    return ["", f"and {more} more, which are not kept"] if more else []

"""YAML that teaches: each field with the reason for it above, and what is missing as a line to uncomment.

A line of prose begins with ``# ``. A field that is only suggested has ``#`` right before it, where its indentation
begins: without that character it stands in its place.
"""

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import yaml

WIDTH: Final = 110
_INDENT: Final = "  "
_NO_TEXT_TO_KUBECTL: Final = re.compile(
    r"[yn]|[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?|[-+]?0(x[0-9a-f]+|o[0-7]+|b[-+]?[01]+)", re.IGNORECASE
)
"""What kubectl's YAML reads as a truth value or a number, once '_' is left out; PyYAML takes some of it for text."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a mapping: its value, or the fields inside of it."""

    key: str
    value: Any = None
    """What it holds, as plain data; not looked at where there are fields inside."""
    fields: tuple["Field", ...] = ()
    why: str = ""
    """What the reader should know of it; any white space is a space."""
    suggested: bool = False
    """Written as a comment: it is for the reader to say whether it holds."""


def section(key: str, why: str, fields: Sequence[Field]) -> Field | None:
    """Return a mapping of these fields; a suggestion as a whole where all of them are, None where there are none."""
    if not fields:
        return None
    if all(field.suggested for field in fields):
        return Field(key, fields=tuple(replace(field, suggested=False) for field in fields), why=why, suggested=True)
    return Field(key, fields=tuple(fields), why=why)


def commented_yaml(fields: Sequence[Field], preface: str = "") -> str:
    """Return a document of these fields. Paragraphs of the preface are parted by empty lines."""
    paragraphs = [_prose(each) for each in preface.split("\n\n") if each.strip()]
    head = [line for index, each in enumerate(paragraphs) for line in (["#"] if index else []) + each]
    return "".join(f"{line}\n" for line in [*head, *_lines(fields)])


def plain_yaml(value: Any, width: int = WIDTH) -> str:
    """Return plain data as YAML in the order that it has, without aliases."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=width)


def _lines(fields: Sequence[Field]) -> list[str]:
    return [line for field in fields for line in _field_lines(field)]


def _field_lines(field: Field) -> list[str]:
    if field.fields:
        body = [f"{_key(field.key)}:", *(f"{_INDENT}{line}" if line else "" for line in _lines(field.fields))]
    else:
        body = plain_yaml({field.key: field.value}).removesuffix("\n").split("\n")
    if field.suggested:
        body = [f"#{line}" for line in body]
    return [*_prose(field.why), *body]


def _prose(text: str) -> list[str]:
    readable = "".join(letter if letter.isprintable() else " " for letter in text)
    return [f"# {line}" for line in textwrap.wrap(" ".join(readable.split()), WIDTH - 10, break_long_words=False)]


def _key(key: str) -> str:
    return plain_yaml({key: None}).removesuffix(" null\n").removesuffix(":")


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        """Never write anchors: in a manifest they confuse people and some tools."""
        del data
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent the items of a list below its key, as people write them."""
        del indentless
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=_style(text))


def _style(text: str) -> str | None:
    # Line ends of other alphabets are text to JSON, and would be folded by YAML unless they are escaped.
    if any(letter in text for letter in "\x85\u2028\u2029"):
        return '"'
    # Empty lines at the end keep a block open, and PyYAML ends the whole document after it to close it.
    if text == "\n" or text.endswith("\n\n"):
        return '"'
    if _NO_TEXT_TO_KUBECTL.fullmatch(text.replace("_", "")):
        return "'"
    return "|" if "\n" in text else None


_Dumper.add_representer(str, _text)

"""A short text that a regular expression matches: for examples of fields that have a pattern."""

import re
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final

MOST_REPEATS: Final = 64
LONGEST_PATTERN: Final = 1000

# The parser of the standard library's own expressions: no stub and no public name since Python 3.11.
_parser: Any = import_module("re._parser")


class NoText(Exception):
    """No text is found for the expression: it looks around, refers back, or is no expression at all."""


def matching_text(pattern: str, choice: int = 0) -> str:
    """Return a text that matches; another ``choice`` may give another one. Raises `NoText`."""
    if len(pattern) > LONGEST_PATTERN:
        raise NoText
    try:
        return "".join(_text(item, choice) for item in _parser.parse(pattern))
    except (re.error, RecursionError, OverflowError) as error:
        raise NoText from error


def _text(item: tuple[Any, Any], choice: int) -> str:
    kind, value = str(item[0]), item[1]
    if kind == "LITERAL":
        return chr(value)
    if kind == "ANY":
        return "x"
    if kind == "AT":
        return ""
    if kind == "IN":
        return _one_of(value, choice)
    if kind == "BRANCH":
        branches: Sequence[Any] = value[1]
        return "".join(_text(part, choice) for part in branches[choice % len(branches)])
    if kind == "SUBPATTERN":
        return "".join(_text(part, choice) for part in value[-1])
    if kind in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        return _repeated(value, choice)
    raise NoText


def _repeated(value: tuple[int, Any, Any], choice: int) -> str:
    least, most = value[0], value[1]
    if least > MOST_REPEATS:
        raise NoText
    wanted = max(int(least), 1 + choice % 3)
    times = wanted if not isinstance(most, int) else min(wanted, int(most))
    text = ""
    for turn in range(times):
        text += "".join(_text(part, choice + turn) for part in value[2])
        if len(text) > MOST_REPEATS * MOST_REPEATS:
            raise NoText
    return text


_CATEGORIES: Final = {"CATEGORY_DIGIT": "0123456789", "CATEGORY_WORD": "abcxyz0189_", "CATEGORY_SPACE": " "}
_CANDIDATES: Final = "aA0 b-c_1.xXzZ9,:;/!?$%&@#+=~^|'\"()[]{}<>é"


def _one_of(members: Sequence[tuple[Any, Any]], choice: int) -> str:
    if str(members[0][0]) == "NEGATE":
        allowed = [letter for letter in _CANDIDATES if not any(_has(each, letter) for each in members[1:])]
        if not allowed:
            raise NoText
        return allowed[choice % len(allowed)]
    kind, value = str(members[choice % len(members)][0]), members[choice % len(members)][1]
    if kind == "LITERAL":
        return chr(value)
    if kind == "RANGE":
        return chr(value[0] + choice % (value[1] - value[0] + 1))
    letters = _CATEGORIES.get(str(value))
    if letters is None:
        raise NoText
    return letters[choice % len(letters)]


def _has(member: tuple[Any, Any], letter: str) -> bool:
    kind, value = str(member[0]), member[1]
    if kind == "LITERAL":
        return bool(ord(letter) == value)
    if kind == "RANGE":
        return bool(value[0] <= ord(letter) <= value[1])
    return letter in _CATEGORIES.get(str(value), letter)

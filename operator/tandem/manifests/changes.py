"""What is different between two versions, in words for events and status. Values that may be private are not shown."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tandem.api.revision import ModelRevisionSpec
from tandem.manifests.canonical import identity
from tandem.manifests.configs import ConfigContent
from tandem.manifests.declared import (
    Declared,
    changed_fields,
    declared_values,
    stored_contents,
    stored_declaration,
)
from tandem.manifests.fields import CONFIG_FIELD, ENV_FIELD, IMAGE_FIELD

_PRIVATE: Final = frozenset({ENV_FIELD, "serving.startup.warmup"})
"""Environment values may be credentials, warm-up bodies may be rows of people."""

MAX_CHANGE: Final = 160
MAX_CHANGES: Final = 600
"""Characters of one change, and of all together: an Event holds 1024, and says more than this."""


def changes(declared: Declared, revision: ModelRevisionSpec) -> list[str]:
    """Return the differences of a declaration from a revision, such as ``model.image: a:1 -> a:2``."""
    stored = declared_values(revision)
    lines: list[str] = []
    for name in changed_fields(declared, revision):
        if name == CONFIG_FIELD:
            lines += _config_changes(stored_contents(revision), declared.contents)
        else:
            lines += _field_changes(name, stored.get(name), declared.effective.get(name))
    return lines


def changes_beside_image(revision: ModelRevisionSpec, before: ModelRevisionSpec) -> str:
    """Return in words what a revision changes besides its image; empty if nothing, cut short if a lot."""
    lines = changes(stored_declaration(revision), before)
    return _cut_short([line for line in lines if not line.startswith(f"{IMAGE_FIELD}: ")])


def _cut_short(lines: list[str]) -> str:
    short = [line if len(line) <= MAX_CHANGE else f"{line[: MAX_CHANGE - 1]}…" for line in lines]
    fits = [line for end, line in enumerate(short, start=1) if len("; ".join(short[:end])) <= MAX_CHANGES]
    left = len(lines) - len(fits)
    return "; ".join(fits) + (f"; and {left} more" if left else "")


def _field_changes(name: str, old: Any, new: Any) -> Iterator[str]:
    private = name in _PRIVATE
    if isinstance(old or {}, Mapping) and isinstance(new or {}, Mapping):
        for key, was, now in _pairs(old or {}, new or {}):
            yield f"{name}: {key} {_happened(was, now)}" if private else f"{name}: {key} {_show(was)} -> {_show(now)}"
    else:
        yield f"{name}: changed" if private else f"{name}: {_show(old)} -> {_show(new)}"


def _config_changes(old: Mapping[str, ConfigContent], new: Mapping[str, ConfigContent]) -> Iterator[str]:
    for path, was, now in _pairs({p: c.keys() for p, c in old.items()}, {p: c.keys() for p, c in new.items()}):
        if was is None or now is None:
            yield f"{CONFIG_FIELD}: {path} {_happened(was, now)}"
        else:
            keys = ", ".join(f"{key} {_happened(a, b)}" for key, a, b in _pairs(was, now))
            yield f"{CONFIG_FIELD}: {path}: {keys}"


def _pairs(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for key in sorted({*old, *new}):
        if identity(old.get(key)) != identity(new.get(key)):
            yield key, old.get(key), new.get(key)


def _happened(old: Any, new: Any) -> str:
    return "added" if old is None else "removed" if new is None else "changed"


def _show(value: Any) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) else identity(value)

"""YAML as it is stored inside a ModelRevision: readable for people, the same text for the same value."""

from typing import Any

import yaml

# libyaml is some ten times as fast; with 1,000 deployments the pure Python parser would be what the operator spends
# its time on. Both read and write the same documents.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_DUMPER):  # type: ignore[misc]
    """A safe dumper that writes text of several lines as such, and never an anchor."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the name that PyYAML calls
        return True


def _represent_text(dumper: Any, text: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent_text)


def to_yaml(value: Any) -> str:
    """Return a value of dictionaries, lists and scalars as YAML, keys in order."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=True, allow_unicode=True, width=1_000_000, indent=2)
    return text


def from_yaml(text: str) -> Any:
    """Return the value of a YAML text that Tandem wrote."""
    return yaml.load(text, Loader=_LOADER)

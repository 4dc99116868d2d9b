"""ConfigMaps that belong to a version: their content, its digest, and its copy inside the revision."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tandem.api.revision import ModelRevisionSpec
from tandem.manifests.errors import ConfigTooLarge
from tandem.manifests.paths import TANDEM_FOLDER
from tandem.manifests.text import from_yaml, to_yaml

MAX_BYTES: Final = 400 * 1024
"""Most bytes of all ConfigMaps of one version: an object of Kubernetes holds 1.5 MiB, and the revision holds more."""

MAX_TEXT: Final = 496 * 1024
"""Longest YAML text of them with the warm-up requests; the schema ends at 512 KiB, Tandem's own files need the rest."""


@dataclass(frozen=True)
class ConfigContent:
    """Content of a ConfigMap: text by key, and binary data in base64 by key."""

    data: Mapping[str, str] = field(default_factory=dict)
    binary_data: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, config_map: Mapping[str, Any]) -> "ConfigContent":
        """Read it off a ConfigMap as the API server returns it."""
        return cls(dict(config_map.get("data") or {}), dict(config_map.get("binaryData") or {}))

    def digest(self) -> str:
        """Return a digest for people to compare; Tandem itself compares the content."""
        canonical = json.dumps([dict(self.data), dict(self.binary_data)], sort_keys=True, ensure_ascii=False)
        return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"

    def size(self) -> int:
        """Return its size in bytes, as it would be stored."""
        items = [*self.data.items(), *self.binary_data.items()]
        return sum(len(key.encode()) + len(value.encode()) for key, value in items)

    def keys(self) -> dict[str, str]:
        """Return every key with its value, text and binary alike."""
        return {**self.data, **self.binary_data}


@dataclass(frozen=True)
class ConfigCopy:
    """A ConfigMap that a revision owns: what is mounted where."""

    mount_path: str
    content: ConfigContent


def check_size(contents: Mapping[str, ConfigContent], reserved: int) -> None:
    """Raise ``ConfigTooLarge`` when the contents, by mount path, do not fit into a revision.

    ``reserved`` characters are kept for the warm-up requests, which are stored beside them.
    """
    total = sum(content.size() for content in contents.values())
    if total > MAX_BYTES:
        raise _too_large(contents, f"{total // 1024} KiB", f"{MAX_BYTES // 1024} KiB")
    text = len(write_copies({path: ConfigCopy(path, content) for path, content in contents.items()}))
    limit = MAX_TEXT - reserved
    if text > limit:
        raise _too_large(contents, f"{text // 1024} KiB when written as YAML", f"{limit // 1024} KiB")


def _too_large(contents: Mapping[str, ConfigContent], size: str, limit: str) -> ConfigTooLarge:
    largest = max(contents, key=lambda path: contents[path].size())
    return ConfigTooLarge(
        f"the ConfigMaps in spec.model.config are {size} together, at most {limit} fit into a revision "
        f"(largest: the one mounted at {largest}): put large files into the bento's image, or fetch them when it starts"
    )


def copy_name(revision: str, index: int) -> str:
    """Return the name of a revision's copy of its index-th ConfigMap, in order of mount paths."""
    return f"{revision}-config-{index}"


def own_name(revision: str) -> str:
    """Return the name of the ConfigMap with Tandem's own files for a revision's pods."""
    return f"{revision}-bento"


def copies(revision: str, contents: Mapping[str, ConfigContent], own_files: Mapping[str, str]) -> dict[str, ConfigCopy]:
    """Return every ConfigMap of a revision by name: the copies of people's, and Tandem's own files if there are any."""
    made = {copy_name(revision, i): ConfigCopy(path, contents[path]) for i, path in enumerate(sorted(contents))}
    if own_files:
        made[own_name(revision)] = ConfigCopy(TANDEM_FOLDER, ConfigContent(dict(own_files)))
    return made


def write_copies(by_name: Mapping[str, ConfigCopy]) -> str:
    """Return ConfigMaps by name as the text that ``ModelRevision.spec.configs`` holds."""
    return to_yaml({name: _to_dict(copy) for name, copy in by_name.items()})


def _to_dict(copy: ConfigCopy) -> dict[str, Any]:
    stored: dict[str, Any] = {"mountPath": copy.mount_path, "data": dict(copy.content.data)}
    if copy.content.binary_data:
        stored["binaryData"] = dict(copy.content.binary_data)
    return stored


def read_copies(revision: ModelRevisionSpec) -> dict[str, ConfigCopy]:
    """Return the ConfigMaps of a revision by name."""
    stored = from_yaml(revision.configs) or {}
    return {name: ConfigCopy(each.get("mountPath", ""), ConfigContent.of(each)) for name, each in stored.items()}

"""The declared version: everything that decides how a model behaves, and when two declarations are the same version.

A revision stores what was declared with every default filled in, and which fields were left to the defaults of that
time. Two declarations are one version when each field was left to the defaults in both, or means the same in both. So
neither a changed default, template or digest of a newer Tandem makes a new revision, nor writing a default explicitly.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tandem.api.revision import ModelRevisionSpec
from tandem.api.spec import ModelDeploymentSpec
from tandem.manifests import fields
from tandem.manifests.canonical import identity
from tandem.manifests.configs import ConfigContent, check_size, read_copies
from tandem.manifests.errors import ConfigMissing, DeclarationTooLarge, MountConflict
from tandem.manifests.fields import CONFIG_FIELD, mount
from tandem.manifests.paths import BENTO_HOME, MONITORING, TANDEM_FOLDER, TEMPORARY
from tandem.manifests.text import from_yaml, to_yaml

RENDERER: Final = "2"
"""Version of the renderer, written into every revision; a new one renders new revisions only."""

MAX_DECLARED: Final = 112 * 1024
"""Longest text of a declared version: the template that is made of it may double it, and has to fit into 256 KiB."""


@dataclass(frozen=True)
class Declared:
    """A declared version, by dotted field name."""

    effective: Mapping[str, Any]
    """Every value, defaults filled in, in canonical form; no entry where there is nothing."""
    defaulted: frozenset[str]
    """The fields that the author left to Tandem."""
    contents: Mapping[str, ConfigContent] = field(default_factory=dict)
    """The ConfigMaps, by mount path."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """What Tandem takes today for each field that is left to it."""

    def to_yaml(self) -> str:
        """Return the values as ``ModelRevision.spec.declared`` holds them."""
        return to_yaml(dict(self.effective))


def declare(spec: ModelDeploymentSpec, configs: Mapping[str, ConfigContent]) -> Declared:
    """Return what a spec declares, given the ConfigMaps that it names.

    Raises ``ConfigMissing``, ``ConfigTooLarge``, ``DeclarationTooLarge`` or ``MountConflict``.
    """
    wishes = {each.name: each.declared(spec) for each in fields.FIELDS}
    defaults = {each.name: each.default(spec) for each in fields.FIELDS}
    contents = _contents(spec, configs)
    effective = {name: defaults[name] if wish is None else wish for name, wish in wishes.items()}
    effective[CONFIG_FIELD] = {path: content.digest() for path, content in contents.items()}
    declared = Declared(
        effective={name: value for name, value in effective.items() if value is not None},
        defaulted=frozenset(name for name, wish in wishes.items() if wish is None),
        contents=contents,
        defaults=defaults,
    )
    _check_mounts(spec)
    _check_size(declared)
    return declared


def config_maps(spec: ModelDeploymentSpec) -> list[str]:
    """Return the names of the ConfigMaps that ``declare`` needs."""
    return sorted({ref.config_map for ref in spec.model.config or []})


def declared_values(revision: ModelRevisionSpec) -> dict[str, Any]:
    """Return the effective values of a revision by dotted field name."""
    values: dict[str, Any] = from_yaml(revision.declared)
    return values


def stored_declaration(revision: ModelRevisionSpec) -> Declared:
    """Return what a revision was made of, to be compared with another revision."""
    return Declared(declared_values(revision), frozenset(revision.defaulted), stored_contents(revision))


def same_version(declared: Declared, revision: ModelRevisionSpec) -> bool:
    """Say whether a declaration is the version that a revision was made of."""
    return not changed_fields(declared, revision)


def changed_fields(declared: Declared, revision: ModelRevisionSpec) -> list[str]:
    """Return the dotted names of the fields that mean something else in the declaration than in the revision.

    A field that the revision does not know was added by a newer Tandem: it counts as left to the defaults there. One
    that only the revision knows was made by a newer Tandem than this one, which cannot judge it.
    """
    stored = declared_values(revision)
    names = [each.name for each in fields.FIELDS if _differs(each.name, declared, stored, revision)]
    return sorted([*names, CONFIG_FIELD] if _contents_differ(declared, revision) else names)


def _differs(name: str, declared: Declared, stored: Mapping[str, Any], revision: ModelRevisionSpec) -> bool:
    known = name in stored or name in revision.defaulted
    if name in declared.defaulted and (name in revision.defaulted or not known):
        return False
    # What did not exist when the revision was made behaves as its default does: that is what a default has to be.
    was = stored.get(name) if known else declared.defaults.get(name)
    return identity(declared.effective.get(name)) != identity(was)


def _contents_differ(declared: Declared, revision: ModelRevisionSpec) -> bool:
    # By content, not by digest: another digest function in a newer Tandem is no new version.
    stored = stored_contents(revision)
    return {path: content.keys() for path, content in declared.contents.items()} != {
        path: content.keys() for path, content in stored.items()
    }


def stored_contents(revision: ModelRevisionSpec) -> dict[str, ConfigContent]:
    """Return the ConfigMaps of people in a revision, by mount path."""
    return {
        copy.mount_path: copy.content for copy in read_copies(revision).values() if copy.mount_path != TANDEM_FOLDER
    }


def _contents(spec: ModelDeploymentSpec, configs: Mapping[str, ConfigContent]) -> dict[str, ConfigContent]:
    contents: dict[str, ConfigContent] = {}
    for ref in spec.model.config or []:
        path = mount(ref.mount_path)
        if ref.config_map not in configs:
            raise ConfigMissing(ref.config_map, path)
        contents[path] = configs[ref.config_map]
    return contents


def _check_mounts(spec: ModelDeploymentSpec) -> None:
    taken = dict.fromkeys((TANDEM_FOLDER, BENTO_HOME, MONITORING, TEMPORARY), "Tandem")
    wanted = [(f"ConfigMap {ref.config_map}", ref.mount_path) for ref in spec.model.config or []]
    wanted += [(f"Secret {ref.secret}", ref.mount_path) for ref in spec.model.secrets or [] if ref.mount_path]
    for what, path in wanted:
        holder = taken.setdefault(mount(path), what)
        if holder is not what:
            raise MountConflict(
                f"{what} is to be mounted at {mount(path)}, where {holder} mounts already: choose another mountPath"
            )


def _check_size(declared: Declared) -> None:
    length = len(declared.to_yaml())
    if length > MAX_DECLARED:
        raise DeclarationTooLarge(
            f"spec.model and spec.serving are {length // 1024} KiB as text, at most {MAX_DECLARED // 1024} KiB fit "
            "into a revision: move long env values to a ConfigMap (spec.model.config), keep warm-up requests short"
        )
    check_size(declared.contents, reserved=length)

"""Volumes of a revision's pods: ConfigMaps, Secrets, and folders to write to under a read-only root."""

from collections.abc import Mapping
from typing import Any, Final

from tandem.manifests.configs import ConfigCopy
from tandem.manifests.paths import BENTO_HOME, MONITORING, TEMPORARY

# No memory-backed folder for the metrics files: they are mapped into memory, and a full tmpfs kills the process that
# touches them. Nor size limits: they evict the pod, and ephemeral-storage in serving.resources is the author's to set.
_WRITABLE: Final = (("tmp", TEMPORARY), ("bento-home", BENTO_HOME), ("monitoring", MONITORING))


def pod_volumes(values: Mapping[str, Any], config_maps: Mapping[str, ConfigCopy]) -> list[dict[str, Any]]:
    """Return the volumes of the pod."""
    volumes: list[dict[str, Any]] = [
        {"name": f"config-{index}", "configMap": {"name": name}}
        for index, (name, _) in enumerate(_by_mount(config_maps))
    ]
    volumes += [
        {"name": f"secret-{index}", "secret": {"secretName": name}}
        for index, (name, _) in enumerate(_mounted_secrets(values))
    ]
    if values["serving.readOnlyRoot"]:
        volumes += [{"name": name, "emptyDir": {}} for name, _ in _WRITABLE]
    return volumes


def container_mounts(values: Mapping[str, Any], config_maps: Mapping[str, ConfigCopy]) -> list[dict[str, Any]]:
    """Return where the container mounts them."""
    mounts: list[dict[str, Any]] = [
        {"name": f"config-{index}", "mountPath": copy.mount_path, "readOnly": True}
        for index, (_, copy) in enumerate(_by_mount(config_maps))
    ]
    mounts += [
        {"name": f"secret-{index}", "mountPath": use["mountPath"], "readOnly": True}
        for index, (_, use) in enumerate(_mounted_secrets(values))
    ]
    if values["serving.readOnlyRoot"]:
        mounts += [{"name": name, "mountPath": path} for name, path in _WRITABLE]
    return mounts


def _by_mount(config_maps: Mapping[str, ConfigCopy]) -> list[tuple[str, ConfigCopy]]:
    return sorted(config_maps.items(), key=lambda item: item[1].mount_path)


def _mounted_secrets(values: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return sorted((name, use) for name, use in values["model.secrets"].items() if "mountPath" in use)

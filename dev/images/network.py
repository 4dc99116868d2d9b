"""What a build step needs to reach the package index from this machine, and no image may keep.

A machine may sit behind a proxy that re-signs TLS, or use an index of its own. A build container knows neither. Both
are given to it as read-only mounts for the time of the step; variables or copied files would stay in a layer.
"""

import configparser
import json
import os
from pathlib import Path

from dev.images.cache import write_if_changed

_SYSTEM_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
_PIP_FILES = ("/etc/pip.conf", "~/.config/pip/pip.conf", "~/.pip/pip.conf")

MOUNT_POINTS = ("etc/pip.conf", "etc/uv/uv.toml")
"""Files that a base image should have (empty), lest mounting something there leaves them behind in a layer."""


def write_network(folder: Path) -> Path:
    """Write the build steps' network settings into `folder`, and return the file for ``CONTAINERS_CONF``."""
    index = package_index()
    pip = ["[global]", f"cert = {_SYSTEM_BUNDLE}", "disable-pip-version-check = true"]
    uv = ["system-certs = true"]
    if index:
        pip.append(f"index-url = {index}")
        uv.append(f'[[index]]\nurl = "{index}"\ndefault = true')
    write_if_changed(folder / "pip.conf", "\n".join(pip) + "\n")
    write_if_changed(folder / "uv.toml", "\n".join(uv) + "\n")
    volumes = [f"{folder}/pip.conf:/etc/pip.conf:ro", f"{folder}/uv.toml:/etc/uv/uv.toml:ro"]
    bundle = Path(os.environ.get("SSL_CERT_FILE", _SYSTEM_BUNDLE))
    if bundle.is_file():
        volumes.append(f"{bundle.resolve()}:{_SYSTEM_BUNDLE}:ro")
    configuration = folder / "containers.conf"
    write_if_changed(configuration, f"[containers]\nvolumes = {json.dumps(volumes)}\n")
    return configuration


def package_index() -> str | None:
    """The package index that this machine is set up to use, if it is not the public one."""
    if explicit := os.environ.get("UV_DEFAULT_INDEX") or os.environ.get("PIP_INDEX_URL"):
        return explicit
    parser = configparser.ConfigParser(interpolation=None)
    names = [Path(name).expanduser() for name in (*_PIP_FILES, os.environ.get("PIP_CONFIG_FILE", "")) if name]
    parser.read(names)
    return parser.get("global", "index-url", fallback=None)

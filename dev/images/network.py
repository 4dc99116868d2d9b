"""What a build step needs to reach the package index from this machine, and no image may keep.

A machine may sit behind a proxy that re-signs TLS, or use an index of its own. A build container knows neither. Both are
given to it as read-only mounts for the time of the step; environment variables or copied files would stay in a layer.
"""

import configparser
import os
from dataclasses import dataclass
from pathlib import Path

_SYSTEM_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
_PIP_FILES = ("/etc/pip.conf", "~/.config/pip/pip.conf", "~/.pip/pip.conf")


@dataclass(frozen=True)
class BuildNetwork:
    """The machine's certificates and package index, as files to mount into a build step."""

    mounts: tuple[tuple[Path, str], ...]
    """Pairs of a file on this machine and the absolute path where a build step sees it."""

    def volume_options(self) -> list[str]:
        """The mounts as values of ``buildah --volume``."""
        return [f"{source}:{target}:ro" for source, target in self.mounts]

    def mount_points(self) -> list[str]:
        """The paths that exist in a container only because something was mounted there; images must lose them."""
        return [target for _, target in self.mounts if target != _SYSTEM_BUNDLE]


def build_network(folder: Path) -> BuildNetwork:
    """Write the configuration for build steps into `folder` (it must exist) and return what to mount."""
    index = _package_index()
    pip = ["[global]", f"cert = {_SYSTEM_BUNDLE}", "disable-pip-version-check = true"]
    uv = ["system-certs = true"]
    if index:
        pip.append(f"index-url = {index}")
        uv.append(f'[[index]]\nurl = "{index}"\ndefault = true')
    (folder / "pip.conf").write_text("\n".join(pip) + "\n")
    (folder / "uv.toml").write_text("\n".join(uv) + "\n")
    mounts = [
        (folder / "pip.conf", "/etc/pip.conf"),
        (folder / "uv.toml", "/etc/uv/uv.toml"),
    ]
    bundle = Path(os.environ.get("SSL_CERT_FILE", _SYSTEM_BUNDLE))
    if bundle.is_file():
        mounts.append((bundle.resolve(), _SYSTEM_BUNDLE))
    return BuildNetwork(tuple(mounts))


def _package_index() -> str | None:
    if explicit := os.environ.get("UV_DEFAULT_INDEX") or os.environ.get(
        "PIP_INDEX_URL"
    ):
        return explicit
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(
        [
            os.path.expanduser(name)
            for name in (*_PIP_FILES, os.environ.get("PIP_CONFIG_FILE", ""))
        ]
    )
    return parser.get("global", "index-url", fallback=None)

"""Kubeconfig files, and writing files for components."""

import base64
from pathlib import Path

import yaml

from dev.cluster.certificates import Pair


def render(server: str, authority: Path, user: Pair, *, name: str) -> str:
    """A kubeconfig with everything in it, so that it can be copied anywhere."""
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": name, "cluster": {"server": server, "certificate-authority-data": _encode(authority)}}
            ],
            "users": [
                {
                    "name": name,
                    "user": {
                        "client-certificate-data": _encode(user.certificate),
                        "client-key-data": _encode(user.key),
                    },
                }
            ],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        },
        sort_keys=False,
    )


def write(path: Path, content: str) -> Path:
    """Have a file that only its owner can read, written in one step. What is there already is left untouched: some
    components watch their files, and end when one is written."""
    if path.exists() and path.read_text() == content:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.touch(mode=0o600)
    temporary.write_text(content)
    temporary.replace(path)
    return path


def _encode(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()

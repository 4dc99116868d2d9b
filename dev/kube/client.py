"""kubectl and helm against the local cluster."""

import json
import os
import shlex
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from dev.cluster.settings import DEFAULT_NAME, run_folder

Object = dict[str, Any]
"""A Kubernetes object as the API server sends it."""

_WATCHED_AGAIN_SECONDS = 0.2


class KubeFailed(Exception):
    """A command against the cluster failed; the message has the command and what it said."""


class NotThere(KubeFailed):
    """The object does not exist."""


class TookTooLong(KubeFailed):
    """What was waited for did not come about in time."""


class Kube:
    """The local cluster. Every command is bounded in time."""

    def __init__(self, name: str = DEFAULT_NAME, on_command: Callable[[str], None] | None = None) -> None:
        self.name = name
        self.run = run_folder(name)
        self._on_command = on_command
        self.env = {
            **os.environ,
            "KUBECONFIG": str(self.run / "kubeconfig"),
            "PATH": f"{self.run / 'bin'}:{os.environ.get('PATH', '')}",
            "KUBECACHEDIR": str(self.run / "kubectl-cache"),
            **{f"HELM_{folder}_HOME": str(self.run / "helm") for folder in ("CACHE", "CONFIG", "DATA")},
        }

    @property
    def gateway_url(self) -> str:
        """Address of the gateway on this machine."""
        return (self.run / "gateway-url").read_text().strip()

    def command(self, *words: str, stdin: str | None = None, seconds: float = 60, cwd: Path | None = None) -> str:
        """Run a program with the cluster's environment and return what it said. Raises ``KubeFailed``."""
        shown = shlex.join(words)
        if self._on_command is not None:
            self._on_command(shown)
        try:
            done = subprocess.run(
                words, env=self.env, cwd=cwd, input=stdin, capture_output=True, text=True, timeout=seconds, check=False
            )
        except FileNotFoundError as error:
            raise KubeFailed(f"{words[0]} is not there: is the cluster up? (make cluster)") from error
        except subprocess.TimeoutExpired as error:
            raise TookTooLong(f"`{shown}` took longer than {seconds:.0f} s") from error
        if done.returncode != 0:
            said = (done.stderr.strip() or done.stdout.strip())[-3000:]
            kind = NotThere if "(NotFound)" in said else TookTooLong if "timed out waiting" in said else KubeFailed
            raise kind(f"`{shown}` failed: {said}")
        return done.stdout

    def kubectl(self, *words: str, stdin: str | None = None, seconds: float = 60) -> str:
        """Run kubectl and return what it said. Raises ``KubeFailed``."""
        return self.command("kubectl", *words, stdin=stdin, seconds=seconds)

    def get(self, kind: str, name: str, namespace: str) -> Object:
        """Return an object. Raises ``NotThere`` where it does not exist."""
        return _object(self.kubectl("get", kind, name, "--namespace", namespace, "--output=json"))

    def list(self, kind: str, namespace: str, selector: str = "") -> list[Object]:
        """Return all objects of a kind in a namespace, by name."""
        labels = [f"--selector={selector}"] if selector else []
        answer = _object(self.kubectl("get", kind, "--namespace", namespace, *labels, "--output=json"))
        return sorted(answer["items"], key=lambda item: str(item["metadata"]["name"]))

    def apply(self, *objects: Mapping[str, Any]) -> str:
        """Apply objects as `kubectl apply -f` does: strict validation. Raises ``KubeFailed`` with its message."""
        return self.kubectl("apply", "--filename=-", stdin=yaml.safe_dump_all(objects, sort_keys=False))

    def create(self, *objects: Mapping[str, Any]) -> str:
        """Create objects that must not exist yet. Raises ``KubeFailed``."""
        return self.kubectl("create", "--filename=-", stdin=yaml.safe_dump_all(objects, sort_keys=False))

    def delete(self, kind: str, name: str, namespace: str, *words: str, seconds: float = 120) -> str:
        """Delete an object and wait until it is gone. Raises ``KubeFailed``; ``NotThere`` where it does not exist."""
        return self.kubectl("delete", kind, name, "--namespace", namespace, *words, seconds=seconds)

    def wait(self, what: str, namespace: str, condition: str, seconds: float) -> str:
        """`kubectl wait --for=CONDITION`. Raises ``TookTooLong``."""
        return self.kubectl(
            "wait", what, "--namespace", namespace, f"--for={condition}", f"--timeout={seconds:.0f}s",
            seconds=seconds + 15,
        )  # fmt: skip

    def patch(self, kind: str, name: str, namespace: str, change: Mapping[str, Any]) -> str:
        """Merge `change` into an object, as `kubectl patch --type=merge` does. Raises ``KubeFailed``."""
        return self.kubectl(
            "patch", kind, name, "--namespace", namespace, "--type=merge", f"--patch={json.dumps(change)}"
        )


def until(check: Callable[[], bool], seconds: float, what: str) -> None:
    """Ask again until `check` says yes: for what the API server cannot be watched for. Raises ``TookTooLong``."""
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            raise TookTooLong(f"{what}: not within {seconds:.0f} s")
        time.sleep(_WATCHED_AGAIN_SECONDS)


def conditions(thing: Mapping[str, Any]) -> dict[str, Object]:
    """Return the conditions of an object by type."""
    return {item["type"]: item for item in thing.get("status", {}).get("conditions") or []}


def manifests(manifest: Path) -> Sequence[Object]:
    """Read a file of manifests."""
    return [thing for thing in yaml.safe_load_all(manifest.read_text()) if thing]


def _object(text: str) -> Object:
    parsed = json.loads(text)
    assert isinstance(parsed, dict)
    return parsed

"""A caller inside the cluster: the load generator in a pod, calling the in-cluster Service as another team would."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dev.kube.client import Kube, Object, until
from dev.traffic import load
from dev.traffic.outcomes import Outcome, parse

_NAME = "caller"
_SOURCES = Path(load.__file__).parent
_FIRST_ANSWERS = 20
_ROWS = 200
"""A ConfigMap holds a mebibyte."""


class Caller:
    """Traffic from inside the cluster, while it flows."""

    def __init__(self, kube: Kube, namespace: str) -> None:
        self._kube = kube
        self._namespace = namespace
        self._since = 0.0

    def until_answered(self) -> None:
        """Wait until answers come; only requests sent from then on count.

        A connection to a new Service that this node's kube-proxy has not heard of yet hangs: that is no doing of a
        rollout.
        """
        until(
            lambda: sum(not outcome.bad for outcome in self.outcomes()) > _FIRST_ANSWERS, 60, "the caller gets answers"
        )
        self._since = max(outcome.sent for outcome in self.outcomes())

    def outcomes(self) -> list[Outcome]:
        """Return all outcomes that count so far."""
        log = self._kube.kubectl("logs", _NAME, "--namespace", self._namespace)
        outcomes = parse(line + "\n" for line in log.splitlines() if line.startswith("{"))
        return [outcome for outcome in outcomes if outcome.sent >= self._since]

    def stop(self) -> list[Outcome]:
        """End it, wait until everything on its way is recorded, and return all outcomes."""
        self._kube.kubectl("exec", _NAME, "--namespace", self._namespace, "--", "python", "-c", _STOP)
        self._kube.wait(f"pod/{_NAME}", self._namespace, "jsonpath={.status.phase}=Succeeded", 60)
        return self.outcomes()


_STOP = "import os, signal; os.kill(1, signal.SIGTERM)"


@contextmanager
def calling(kube: Kube, namespace: str, url: str, rows: Path, rate: float = 30.0) -> Iterator[Caller]:
    """Have traffic to ``url`` flow from inside the cluster while the block runs."""
    some_rows = "".join(f"{line}\n" for line in rows.read_text().splitlines()[:_ROWS])
    sources = {file.name: file.read_text() for file in _SOURCES.glob("*.py") if file.name != "digits.py"}
    kube.apply(_config(namespace, {**sources, "rows.jsonl": some_rows}), _pod(namespace, url, rate))
    try:
        kube.wait(f"pod/{_NAME}", namespace, "condition=Ready", 60)
        caller = Caller(kube, namespace)
        caller.until_answered()
        yield caller
    finally:
        kube.kubectl("delete", "pod", _NAME, "--namespace", namespace, "--wait=false", "--ignore-not-found")


def _config(namespace: str, data: dict[str, str]) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": _NAME, "namespace": namespace}, "data": data}


def _pod(namespace: str, url: str, rate: float) -> Object:
    command = ["python", "-m", "dev.traffic", "--url", url, "--rows", "/caller/dev/traffic/rows.jsonl"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": _NAME, "namespace": namespace},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 5,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 1034,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": "caller",
                    "image": "tandem.local/digits:first",  # it has Python and aiohttp
                    "imagePullPolicy": "IfNotPresent",
                    "command": [*command, "--out", "/dev/stdout", "--rate", str(rate), "--seconds", "420"],
                    "workingDir": "/caller",
                    "env": [{"name": "PYTHONDONTWRITEBYTECODE", "value": "1"}],
                    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                    "volumeMounts": [{"name": "caller", "mountPath": "/caller/dev/traffic"}],
                }
            ],
            "volumes": [{"name": "caller", "configMap": {"name": _NAME}}],
        },
    }

"""kubectl and helm, pointed at one cluster."""

import os
from collections.abc import Sequence
from pathlib import Path

from dev.cluster.commands import run, succeeds
from dev.cluster.errors import CommandFailed


class Kubectl:
    """Runs kubectl and helm with a kubeconfig of their own, whatever the environment says."""

    def __init__(self, kubectl: Path | str, helm: Path | str, kubeconfig: Path) -> None:
        self.kubectl = kubectl
        self.helm = helm
        self.kubeconfig = kubeconfig
        # The client's own caches go with the cluster, not into the user's home.
        caches = {
            name: str(kubeconfig.parent / "helm") for name in ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME")
        }
        self._env = {**os.environ, **caches, "KUBECONFIG": str(kubeconfig), "NO_PROXY": "*"}
        self._cache = f"--cache-dir={kubeconfig.parent / 'kubectl-cache'}"

    def __call__(self, *words: str, doing: str, stdin: str | None = None, timeout: float = 120) -> str:
        """Run kubectl and return its output. Raises CommandFailed."""
        return run([self.kubectl, self._cache, *words], doing=doing, stdin=stdin, env=self._env, timeout=timeout)

    def succeeds(self, *words: str) -> bool:
        return succeeds([self.kubectl, self._cache, f"--kubeconfig={self.kubeconfig}", *words])

    def apply(self, manifests: str, *, doing: str) -> None:
        """Server-side apply, as the cluster's own field manager."""
        words = ["apply", "--server-side", "--force-conflicts", "--field-manager=tandem-dev", "--filename=-"]
        self(*words, doing=doing, stdin=manifests)

    def wait(self, kind: str, name: str, namespace: str, condition: str, seconds: int) -> None:
        """Wait for a condition of an object that exists. Raises CommandFailed, with the pods of its namespace."""
        words = [
            "wait",
            "--namespace",
            namespace,
            f"{kind}/{name}",
            f"--for=condition={condition}",
            f"--timeout={seconds}s",
        ]
        try:
            self(*words, doing=f"waiting for {kind} {name} to be {condition}", timeout=seconds + 10)
        except CommandFailed as error:
            pods = self("get", "pods", "--namespace", namespace, "--output=wide", doing="listing pods")
            raise CommandFailed(f"{error}\nPods of {namespace}:\n{pods}") from error

    def run_helm(self, words: Sequence[str | Path], *, doing: str, stdin: str | None = None) -> str:
        """Run helm and return its output. Raises CommandFailed."""
        return run([self.helm, *words], doing=doing, stdin=stdin, env=self._env)

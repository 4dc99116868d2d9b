"""Everything that the demo and the end-to-end tests stand on: the cluster, the images, the operator.

Each step is a command of its own that shows its progress, and leaves alone what is there already.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from dev.cluster.progress import Progress
from dev.images.build import build
from dev.images.cache import cache_folder
from dev.kube.client import Kube, KubeFailed, NotThere, Object

REPOSITORY = Path(__file__).resolve().parents[2]
CHART = REPOSITORY / "charts" / "tandem"
OPERATOR_NAMESPACE = "tandem-system"
RELEASE = "tandem"
OPERATOR_IMAGE = "tandem.local/operator"
GATEWAY_NAMESPACE = "gateway"

_CLUSTER_SECONDS = 45 * 60
_IMAGES_SECONDS = 30 * 60
_OPERATOR_SECONDS = 240


class SetupFailed(Exception):
    """The cluster, the images or the operator could not be brought up; what failed has said why."""


def make_cluster(on_command: Callable[[str], None] = print) -> None:
    """Have the local cluster complete and running. Raises ``SetupFailed``."""
    _module("dev.cluster", "up", seconds=_CLUSTER_SECONDS, on_command=on_command)


def load_images(on_command: Callable[[str], None] = print) -> None:
    """Have the images of the bentos and the operator built and in the cluster. Raises ``SetupFailed``."""
    _module("dev.images", "load", seconds=_IMAGES_SECONDS, on_command=on_command)


def remove_cluster(on_command: Callable[[str], None] = print) -> None:
    """Remove the cluster with everything in it; the cache of builds stays. Raises ``SetupFailed``."""
    _module("dev.cluster", "down", seconds=_CLUSTER_SECONDS, on_command=on_command)


def install_operator(kube: Kube) -> None:
    """Install the operator with Helm, or upgrade it, and wait until it is ready. Raises ``KubeFailed``."""
    archive = build(cache_folder(), Progress(), ["operator"])[f"{OPERATOR_IMAGE}:dev"]
    kube.command(
        "helm", "upgrade", "--install", RELEASE, str(CHART), "--namespace", OPERATOR_NAMESPACE, "--create-namespace",
        "--set", f"image.repository={OPERATOR_IMAGE}", "--set", "image.tag=dev",
        # The tag stays the same when the image is built anew: the name of its archive, which has a hash, does not.
        "--set-string", f"podAnnotations.archive={archive.stem}",
        "--wait", "--timeout", f"{_OPERATOR_SECONDS}s", seconds=_OPERATOR_SECONDS + 30,
    )  # fmt: skip


def make_namespace(kube: Kube, name: str) -> None:
    """Make a namespace that takes only restricted pods. Raises ``KubeFailed``."""
    kube.apply(namespace_manifest(name))


def remove_namespace(kube: Kube, name: str, seconds: float) -> None:
    """Remove a namespace with everything in it and wait until it is gone. Raises ``KubeFailed``."""
    try:
        kube.kubectl("delete", "namespace", name, "--wait", seconds=seconds)
    except NotThere:
        return


def namespace_manifest(name: str) -> Object:
    """Return a namespace with the strictest of the pod security standards."""
    labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def operator_is_ready(kube: Kube) -> bool:
    """Whether an operator runs and says it is well."""
    try:
        deployment = kube.get("deployment", RELEASE, OPERATOR_NAMESPACE)
    except KubeFailed:
        return False
    return int(deployment.get("status", {}).get("readyReplicas", 0)) > 0


def _module(module: str, *words: str, seconds: float, on_command: Callable[[str], None]) -> None:
    shown = f"python -m {module} {' '.join(words)}"
    on_command(shown)
    try:
        done = subprocess.run([sys.executable, "-m", module, *words], cwd=REPOSITORY, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as error:
        raise SetupFailed(f"`{shown}` took longer than {seconds / 60:.0f} minutes") from error
    if done.returncode != 0:
        raise SetupFailed(f"`{shown}` failed: see above")

"""Everything that the demo and the end-to-end tests stand on: the cluster, the images, the operator.

Each step is a command of its own that shows its progress, and leaves alone what is there already.
"""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dev.cluster.progress import Progress
from dev.cluster.settings import DEFAULT_NAME
from dev.images.build import build_all
from dev.images.command import ImageBuildError
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


def make_cluster(name: str = DEFAULT_NAME, on_command: Callable[[str], None] = print) -> None:
    """Have the local cluster complete and running. Raises ``SetupFailed``."""
    _cluster("up", name, seconds=_CLUSTER_SECONDS, on_command=on_command)


def remove_cluster(name: str = DEFAULT_NAME, on_command: Callable[[str], None] = print) -> None:
    """Remove the cluster with everything in it; the cache of builds stays. Raises ``SetupFailed``."""
    _cluster("down", name, seconds=_CLUSTER_SECONDS, on_command=on_command)


def load_images(name: str = DEFAULT_NAME, on_command: Callable[[str], None] = print) -> dict[str, Path]:
    """Have the images of the bentos and the operator built and in the cluster; returns their archives by image.

    Raises ``SetupFailed``.
    """
    on_command("python -m dev.images build")
    try:
        archives = build_all(Progress())
    except ImageBuildError as error:
        raise SetupFailed(str(error)) from error
    load_archives(sorted(set(archives.values())), name, on_command)
    return archives


def load_archives(files: Sequence[Path], name: str = DEFAULT_NAME, on_command: Callable[[str], None] = print) -> None:
    """Bring image archives into the cluster. Raises ``SetupFailed``."""
    _cluster("load", name, *map(str, files), seconds=_IMAGES_SECONDS, on_command=on_command)


def install_operator(kube: Kube, archives: Mapping[str, Path]) -> None:
    """Install the operator with Helm, or upgrade it, and wait until it is ready. Raises ``KubeFailed``."""
    archive = archives[f"{OPERATOR_IMAGE}:dev"]
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


def _cluster(command: str, name: str, *words: str, seconds: float, on_command: Callable[[str], None]) -> None:
    named = [] if name == DEFAULT_NAME else ["--name", name]
    on_command(" ".join(["python -m dev.cluster", command, *named, *(Path(word).name for word in words)]))
    argv = [sys.executable, "-m", "dev.cluster", command, *named, *words]
    try:
        done = subprocess.run(argv, cwd=REPOSITORY, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as error:
        raise SetupFailed(f"dev.cluster {command} took longer than {seconds / 60:.0f} minutes") from error
    if done.returncode != 0:
        raise SetupFailed(f"dev.cluster {command} failed: see above")

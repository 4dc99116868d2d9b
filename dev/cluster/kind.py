"""The cluster by kind, where a Docker daemon answers. Kept thin: it cannot be run on the project's own machines."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import yaml

from dev.cluster.addons import install_gateway
from dev.cluster.commands import run, succeeds
from dev.cluster.errors import ClusterError
from dev.cluster.kubectl import Kubectl
from dev.cluster.progress import Progress
from dev.cluster.settings import GATEWAY_NODE_PORT, run_folder

CONFIGURATION = Path(__file__).resolve().parents[2] / "kind-config.yaml"
# Docker pulls the published images, so the published chart fits. The version is that of dev/tools/envoy-gateway.
_CHART = ["oci://docker.io/envoyproxy/gateway-helm", "--version", "v1.9.1"]


def is_usable() -> bool:
    """Whether kind is installed and a Docker daemon answers."""
    return shutil.which("kind") is not None and succeeds(["docker", "info"])


def exists(name: str) -> bool:
    """Whether kind has a cluster of this name."""
    return is_usable() and name in run(["kind", "get", "clusters"], doing="listing kind's clusters").split()


def up(name: str, nodes: int, progress: Progress) -> None:
    """Have kind's cluster, with the gateway in it."""
    missing = [program for program in ("kubectl", "helm") if not shutil.which(program)]
    if missing:
        raise ClusterError(f"kind and Docker are here, but not {' and '.join(missing)}: install them first")
    if not exists(name):
        with progress.step(f"making the kind cluster {name}"):
            configuration = with_nodes(CONFIGURATION.read_text(), nodes)
            words = ["kind", "create", "cluster", "--name", name, "--config", "-", "--wait", "120s"]
            run(words, doing="making the kind cluster", stdin=configuration, timeout=900)
    run_folder(name).mkdir(parents=True, exist_ok=True)
    words = ["kind", "export", "kubeconfig", "--name", name, "--kubeconfig", str(run_folder(name) / "kubeconfig")]
    run(words, doing="writing the kubeconfig")
    url = f"http://127.0.0.1:{GATEWAY_NODE_PORT}"
    install_gateway(kubectl(name), list(_CHART), None, run_folder(name), url, progress)


def down(name: str, progress: Progress) -> None:
    """Remove kind's cluster."""
    with progress.step(f"removing the kind cluster {name}"):
        run(["kind", "delete", "cluster", "--name", name], doing="removing the kind cluster")
        shutil.rmtree(run_folder(name), ignore_errors=True)


def load(name: str, archives: Sequence[Path]) -> None:
    """Bring image archives into every node."""
    for archive in archives:
        run(["kind", "load", "image-archive", str(archive), "--name", name], doing=f"loading {archive.name}")


def kubectl(name: str) -> Kubectl:
    return Kubectl("kubectl", "helm", run_folder(name) / "kubeconfig")


def with_nodes(configuration: str, nodes: int) -> str:
    """kind's configuration with further nodes as workers."""
    content = yaml.safe_load(configuration)
    content["nodes"] += [{"role": "worker"} for _ in range(nodes - 1)]
    return yaml.safe_dump(content, sort_keys=False)

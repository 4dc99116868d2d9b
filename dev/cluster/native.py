"""The cluster without Docker: control plane, nodes and network as processes of this machine."""

import os
import shutil
import socket
from collections.abc import Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from dev.cluster import kubeconfig
from dev.cluster.addons import GatewayImages, install_dns, install_gateway, prepare_chart
from dev.cluster.binaries import CLUSTER_TOOLS, ensure_tools, folder_of
from dev.cluster.certificates import Authority
from dev.cluster.cgroups import Cgroups
from dev.cluster.commands import WordList
from dev.cluster.components import ControlPlaneSettings, Ports
from dev.cluster.errors import ClusterError
from dev.cluster.health import accepts_connections, await_content, await_healthy
from dev.cluster.kubectl import Kubectl
from dev.cluster.leftovers import remove_if_empty, remove_made_folders, unmount_below
from dev.cluster.machine import prepare_machine
from dev.cluster.network import choose_ranges, ensure_bridge, ranges_in_use, remove_links
from dev.cluster.node import NodeProcesses
from dev.cluster.plane import Plane, make_identity
from dev.cluster.processes import ProcessTable
from dev.cluster.progress import Progress
from dev.cluster.settings import (
    DEFAULT_NAME,
    GATEWAY_NODE_PORT,
    Cluster,
    all_names,
    description_file,
    lib_folder,
    run_folder,
)
from dev.cluster.system_images import ENVOY, ENVOY_GATEWAY, ensure_system_images
from dev.images.cache import cache_folder

_FORWARD = "gateway-port"


class NativeCluster:
    """A cluster that is described on this machine, running or not."""

    def __init__(self, cluster: Cluster, tools: Mapping[str, Path]) -> None:
        """`tools` are the folders of the built binaries."""
        self.cluster = cluster
        self._tools = tools
        self._cgroups = Cgroups(cluster.name)
        self.table = ProcessTable(cluster.run / "processes", cluster.logs, self._cgroups.launcher())
        self._nodes = [
            NodeProcesses(cluster, node, self.table, self._cgroups, tools["kubernetes"]) for node in cluster.nodes
        ]
        binaries = cluster.run / "bin"
        self.kubectl = Kubectl(binaries / "kubectl", binaries / "helm", cluster.kubeconfig)

    @property
    def plane(self) -> Plane:
        """The control plane; its processes can be restarted, killed and started one by one."""
        cluster = self.cluster
        identity, _ = make_identity(cluster.pki, cluster.api_address, cluster.api_url)
        settings = ControlPlaneSettings(
            binaries=self._tools["kubernetes"],
            etcd_binary=self._tools["etcd"] / "server",
            data=cluster.lib,
            address=cluster.api_address,
            ports=Ports(),
            identity=identity,
            pods=cluster.pods,
        )
        return Plane(self.table, settings, self._nodes[0].within(mounts=False))

    @property
    def gateway_url(self) -> str:
        return f"http://127.0.0.1:{self.cluster.gateway_port}"

    def start(self, images: Sequence[Path], progress: Progress) -> None:
        """Have everything running. `images` are archives that every node gets before any pod starts."""
        with progress.step("network and namespaces"):
            self._start_again_if_broken()
            self._cgroups.make([node.name for node in self.cluster.nodes])
            ensure_bridge(self.cluster)
            for node in self._nodes:
                node.open_namespace(self._tools["small"] / "pause")
        with progress.step("control plane") as step:
            plane = self.plane
            for name in plane.names:
                step(name)
                plane.start_one(name)
            self._write_access()
        with progress.step("nodes") as step:
            authority = Authority(self.cluster.pki)
            for node, facts in zip(self._nodes, self.cluster.nodes, strict=True):
                step(f"{facts.name}: containerd")
                node.start_containerd()
                step(f"{facts.name}: images")
                node.import_archives(images)
                step(f"{facts.name}: kubelet, kube-proxy")
                node.start_kubernetes(authority)
            step("waiting for the nodes to be Ready")
            for facts in self.cluster.nodes:
                await_content(facts.name, lambda name=facts.name: self._unregistered(name), 60)  # type: ignore[misc]
            self.kubectl(
                "wait", "node", "--all", "--for=condition=Ready", "--timeout=90s", doing="waiting for the nodes"
            )

    def install(self, progress: Progress) -> None:
        """Have DNS and the gateway in the running cluster, and the gateway's port on this machine's loopback."""
        install_dns(self.kubectl, progress)
        target = f"{self.cluster.api_address}:{GATEWAY_NODE_PORT}"
        forward: WordList = [self._tools["small"] / "forward", f"127.0.0.1:{self.cluster.gateway_port}", target]
        self.table.ensure(_FORWARD, forward)
        await_healthy(self.table, _FORWARD, accepts_connections("127.0.0.1", self.cluster.gateway_port), 10)
        chart = prepare_chart(self._tools["envoy-gateway"] / "gateway-helm", self.cluster.run / "gateway-chart")
        images = GatewayImages(ENVOY_GATEWAY, ENVOY)
        install_gateway(self.kubectl, [chart], images, self.cluster.run, self.gateway_url, progress)

    def load(self, archives: Sequence[Path]) -> None:
        """Bring image archives into every node."""
        for node in self._nodes:
            node.import_archives(archives)

    def troubles(self) -> list[str]:
        """The components that were started and do not run."""
        return [name for name in self.table.names() if not self.table.running(name)]

    def _start_again_if_broken(self) -> None:
        """Without its holder a node's namespaces cannot be entered: end what is left in them. The data stays."""
        if not all(self.table.running(node.names[0]) for node in self._nodes):
            self._cgroups.clear()

    def _unregistered(self, node: str) -> str:
        return "" if self.kubectl.succeeds("get", "node", node) else "it has not registered with the API server"

    def _write_access(self) -> None:
        cluster = self.cluster
        binaries = cluster.run / "bin"
        binaries.mkdir(parents=True, exist_ok=True)
        for name, tool in (("kubectl", "kubernetes"), ("helm", "helm")):
            (binaries / name).unlink(missing_ok=True)
            (binaries / name).symlink_to(self._tools[tool] / name)
        identity, admin = make_identity(cluster.pki, cluster.api_address, cluster.api_url)
        content = kubeconfig.render(cluster.api_url, identity.authority.certificate, admin, name=cluster.name)
        kubeconfig.write(cluster.kubeconfig, content)


def open_cluster(name: str = DEFAULT_NAME, cache: Path | None = None) -> NativeCluster:
    """The cluster of this name, running or not; raises ClusterError when there is none.

    Tests that need a crash: ``open_cluster().plane.kill("apiserver")``, and ``start_one("apiserver")`` afterwards.
    """
    file = description_file(name)
    if not file.exists():
        raise ClusterError(f"there is no cluster {name!r} on this machine; make it with `up`")
    tools = {tool.name: folder_of(tool, cache or cache_folder()) for tool in CLUSTER_TOOLS}
    return NativeCluster(Cluster.from_json(file.read_text()), tools)


def up(
    name: str, nodes: int | None, subnet: IPv4Network | None, pods: IPv4Network | None, cache: Path, progress: Progress
) -> NativeCluster:
    """Have the cluster running, with DNS and gateway; what is there is kept. None stands for the usual value."""
    prepare_machine(progress)
    cluster = _describe(name, nodes, subnet, pods)
    tools = ensure_tools(CLUSTER_TOOLS, cache, progress)
    images = ensure_system_images(tools, cache, progress)
    description_file(name).parent.mkdir(parents=True, exist_ok=True)
    kubeconfig.write(description_file(name), cluster.to_json())
    native = NativeCluster(cluster, tools)
    native.start(images, progress)
    native.install(progress)
    return native


def down(name: str, progress: Progress) -> None:
    """Remove the cluster and everything of it but the cache. Does nothing where there is none."""
    with progress.step(f"removing the cluster {name}"):
        if os.geteuid() != 0:
            raise ClusterError("this is not root: a cluster without Docker can only be removed by root")
        # At once and without goodbyes: all their data goes too. Mounts live in the namespaces and go with the last
        # process in them.
        Cgroups(name).clear()
        remove_links(name)
        run_dir, lib = run_folder(name), lib_folder(name)
        for folder in (run_dir, lib):
            unmount_below(folder)
            if folder.exists():
                shutil.rmtree(folder)
        if not all_names():
            remove_made_folders()
        for parent in (run_dir.parent, lib.parent):
            remove_if_empty(parent)


def _describe(name: str, nodes: int | None, subnet: IPv4Network | None, pods: IPv4Network | None) -> Cluster:
    """The cluster that exists under this name, or a new one on addresses that are free."""
    file = description_file(name)
    if file.exists():
        existing = Cluster.from_json(file.read_text())
        wanted = replace(
            existing,
            node_count=nodes or existing.node_count,
            subnet=subnet or existing.subnet,
            pods=pods or existing.pods,
        )
        if wanted != existing:
            raise ClusterError(
                f"the cluster {name!r} exists with other settings ({existing.to_json()}): remove it with `down` first"
            )
        return existing
    chosen_subnet, chosen_pods = choose_ranges(subnet, pods, ranges_in_use())
    return Cluster(name, chosen_subnet, chosen_pods, nodes or 1, _free_gateway_port())


def _free_gateway_port() -> int:
    """The usual port if nobody listens there, else any free one."""
    for port in (GATEWAY_NODE_PORT, 0):
        with socket.socket() as candidate:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                candidate.bind((str(IPv4Address("127.0.0.1")), port))
            except OSError:
                continue
            return int(candidate.getsockname()[1])
    raise ClusterError("no free port on 127.0.0.1")

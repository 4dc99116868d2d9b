"""One node: a namespace with containerd, kubelet and kube-proxy in it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from dev.cluster import kubeconfig, node_files
from dev.cluster.certificates import Authority, Pair
from dev.cluster.cgroups import Cgroups
from dev.cluster.commands import WordList, run, succeeds
from dev.cluster.errors import ClusterError
from dev.cluster.health import answers, await_content, await_healthy
from dev.cluster.leftovers import remember_made_folders
from dev.cluster.network import connect_node, disconnect_node
from dev.cluster.processes import ProcessTable
from dev.cluster.settings import Cluster, Node

_START_SECONDS = 60.0

# Folders that these programs write to whatever they are told; each node has its own in their place.
PRIVATE_FOLDERS = ("/run/containerd", "/var/lib/cni", "/var/lib/kubelet", "/var/log")


class NodeProcesses:
    """The processes of one node."""

    def __init__(self, cluster: Cluster, node: Node, table: ProcessTable, cgroups: Cgroups, kubernetes: Path) -> None:
        """`kubernetes` is the folder of its binaries."""
        self._cluster = cluster
        self._node = node
        self._table = table
        self._cgroup = cgroups.for_node(node.name)
        self._kubernetes = kubernetes

    def _name(self, component: str) -> str:
        return f"{component}-{self._node.name}"

    @property
    def names(self) -> list[str]:
        return [self._name(component) for component in ("holder", "containerd", "kubelet", "kube-proxy")]

    def open_namespace(self, pause: Path) -> None:
        """Have the node's namespaces (network and mounts) and its cable."""
        private = " && ".join(
            f"mkdir -p {self._node.lib}/private{path} {path} && mount --bind {self._node.lib}/private{path} {path}"
            for path in PRIVATE_FOLDERS
        )
        remember_made_folders(PRIVATE_FOLDERS)
        # Mounts of the machine still come in and, above all, go away here too; ours stay inside.
        script = f'mount --make-rshared / && {private} && exec "$1"'
        unshare = ["unshare", "--net", "--mount", "--propagation", "slave", "--"]
        holder = self._name("holder")
        if self._table.ensure(holder, [*unshare, "/bin/sh", "-c", script, "tandem", pause]):
            disconnect_node(self._node)
        # The process is in its namespaces, and has made its mounts, once it is the program that it ends up as.
        await_content(holder, lambda: self._holder_trouble(pause), 10.0)
        record = self._table.running(holder)
        assert record is not None
        connect_node(self._cluster, self._node, record.pid, self.within(mounts=False))

    def _holder_trouble(self, pause: Path) -> str:
        self._table.check_alive(self._name("holder"))
        record = self._table.running(self._name("holder"))
        try:
            ready = record is not None and Path(f"/proc/{record.pid}/exe").readlink() == pause
        except OSError as error:
            return str(error)
        return "" if ready else "its mounts are not made yet"

    def within(self, *, mounts: bool = True) -> list[str]:
        """What a command line begins with to run on this node. `ip netns exec` would not do: it hides the cgroups."""
        record = self._table.running(self._name("holder"))
        if record is None:
            raise ClusterError(
                f"{self._node.name} has no namespace: its holder does not run. Remove the cluster with `down`."
            )
        files = [f"--net=/proc/{record.pid}/ns/net"]
        if mounts:
            files.append(f"--mount=/proc/{record.pid}/ns/mnt")
        return ["nsenter", *files, "--"]

    def start_containerd(self) -> None:
        """Have containerd running and healthy."""
        network = {"cni/10-tandem.conflist": node_files.container_network(self._node)}
        self._configure("containerd", {"containerd.toml": node_files.containerd(self._node), **network})
        name = self._name("containerd")
        argv: WordList = ["containerd", "--config", self._node.lib / "containerd.toml"]
        self._table.ensure(name, argv, within=self.within())
        await_healthy(self._table, name, self._containerd_trouble, _START_SECONDS)

    def _containerd_trouble(self) -> str:
        socket = node_files.containerd_socket(self._node)
        works = socket.exists() and succeeds(
            ["ctr", "--address", socket, "--namespace", "k8s.io", "images", "list", "-q"]
        )
        return "" if works else f"it does not answer on {socket}"

    def start_kubernetes(self, authority: Authority) -> None:
        """Have kubelet and kube-proxy running and healthy."""
        node = self._node
        user = authority.issue(
            f"kubelet-{node.name}",
            f"system:node:{node.name}",
            groups=["system:nodes"],
            hosts=[node.name, str(node.address)],
        )
        proxy = authority.issue("kube-proxy", "system:kube-proxy")
        self._start_kubelet(authority.pair.certificate, user)
        self._start_proxy(authority.pair.certificate, proxy)
        for component, port in (("kubelet", 10248), ("kube-proxy", 10256)):
            probe = answers(f"http://{node.address}:{port}/healthz")
            await_healthy(self._table, self._name(component), probe, _START_SECONDS)

    def _start_kubelet(self, authority: Path, user: Pair) -> None:
        node = self._node
        logs = self._cluster.logs / "pods" / node.name
        configuration = node_files.kubelet(node, cgroup=self._cgroup, authority=authority, serving=user, logs=logs)
        access = kubeconfig.render(self._cluster.api_url, authority, user, name="kubelet")
        self._configure("kubelet", {"kubelet.yaml": configuration, "kubelet.kubeconfig": access})
        command: WordList = [
            self._kubernetes / "kubelet",
            f"--config={node.lib / 'kubelet.yaml'}",
            f"--kubeconfig={node.lib / 'kubelet.kubeconfig'}",
            f"--hostname-override={node.name}",
            f"--node-ip={node.address}",
        ]
        self._table.ensure(self._name("kubelet"), command, within=self.within())

    def _start_proxy(self, authority: Path, user: Pair) -> None:
        node = self._node
        configuration = node_files.kube_proxy(self._cluster, node, node.lib / "kube-proxy.kubeconfig")
        access = kubeconfig.render(self._cluster.api_url, authority, user, name="kube-proxy")
        self._configure("kube-proxy", {"kube-proxy.yaml": configuration, "kube-proxy.kubeconfig": access})
        command: WordList = [self._kubernetes / "kube-proxy", f"--config={node.lib / 'kube-proxy.yaml'}"]
        self._table.ensure(self._name("kube-proxy"), command, within=self.within())

    def import_archives(self, archives: Sequence[Path]) -> int:
        """Bring image archives into the node's containerd; returns how many were new to it."""
        file = self._node.lib / "imported.json"
        known: dict[str, list[int]] = json.loads(file.read_text()) if file.exists() else {}
        imported = 0
        for archive in archives:
            status = archive.stat()
            mark = [status.st_size, status.st_mtime_ns]
            if known.get(str(archive.resolve())) == mark:
                continue
            words: WordList = [
                "ctr",
                "--address",
                node_files.containerd_socket(self._node),
                "--namespace",
                "k8s.io",
                "images",
                "import",
            ]
            run([*words, archive], doing=f"importing {archive.name} into {self._node.name}")
            known[str(archive.resolve())] = mark
            kubeconfig.write(file, json.dumps(known))
            imported += 1
        return imported

    def _configure(self, component: str, files: Mapping[str, str]) -> None:
        """Have a component's files; where one has changed, it is stopped, so that it starts with the new one."""
        for name, content in files.items():
            path = self._node.lib / name
            if not path.exists() or path.read_text() != content:
                self._table.stop(self._name(component))
                kubeconfig.write(path, content)

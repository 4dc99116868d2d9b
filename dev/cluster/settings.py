"""What a local cluster is: its name, its addresses, its folders. Pure values; nothing here touches the machine."""

import json
import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from dev.cluster.errors import ClusterError

KUBERNETES_VERSION = "v1.36.3"
SERVICE_RANGE = IPv4Network("10.96.0.0/16")
API_SERVICE = SERVICE_RANGE[1]
DNS_SERVICE = SERVICE_RANGE[10]
API_PORT = 6443
GATEWAY_NODE_PORT = 30080
DEFAULT_NAME = "tandem"

_RUN = Path("/run/tandem")
_LIB = Path("/var/lib/tandem")
# Interface names have 15 characters at most, and the name is part of them.
_NAME = re.compile(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?")
_FIRST_NODE_ADDRESS = 11
_MAX_NODES = 20


@dataclass(frozen=True)
class Node:
    """A machine of the cluster: a network namespace with its own containerd, kubelet and kube-proxy."""

    name: str
    address: IPv4Address
    pods: IPv4Network
    interface: str
    """The end of its cable on the machine's side."""
    run: Path
    lib: Path


@dataclass(frozen=True)
class Cluster:
    """A cluster made of the machine's own processes."""

    name: str
    subnet: IPv4Network
    """The nodes' addresses; the machine itself has the first one, on the bridge."""
    pods: IPv4Network
    """The pods' addresses, of which each node has a /24."""
    node_count: int = 1
    gateway_port: int = GATEWAY_NODE_PORT
    """Where the gateway answers on 127.0.0.1."""

    def __post_init__(self) -> None:
        check_name(self.name)
        if not 1 <= self.node_count <= _MAX_NODES:
            raise ClusterError(f"a cluster has 1 to {_MAX_NODES} nodes, not {self.node_count}")
        if self.subnet.prefixlen > 26 or self.pods.prefixlen > 19:
            raise ClusterError("the subnet must be a /26 or larger, and the pods' range a /19 or larger")
        ranges = [self.subnet, self.pods, SERVICE_RANGE]
        if any(a.overlaps(b) for i, a in enumerate(ranges) for b in ranges[i + 1 :]):
            raise ClusterError(f"the ranges of nodes, pods and services overlap: {', '.join(map(str, ranges))}")

    @property
    def run(self) -> Path:
        """Logs, process records, sockets, kubeconfig."""
        return run_folder(self.name)

    @property
    def lib(self) -> Path:
        """Data: etcd, containerd, kubelet, certificates."""
        return lib_folder(self.name)

    @property
    def pki(self) -> Path:
        return self.lib / "pki"

    @property
    def logs(self) -> Path:
        return self.run / "logs"

    @property
    def kubeconfig(self) -> Path:
        return self.run / "kubeconfig"

    @property
    def bridge(self) -> str:
        return f"br-{self.name}"

    @property
    def bridge_address(self) -> IPv4Address:
        return self.subnet[1]

    @property
    def nodes(self) -> list[Node]:
        ranges = list(self.pods.subnets(new_prefix=24))
        return [
            Node(
                name=f"{self.name}-{number}",
                address=self.subnet[_FIRST_NODE_ADDRESS + number - 1],
                pods=ranges[number],
                interface=f"v-{self.name}-{number}",
                run=self.run / f"node-{number}",
                lib=self.lib / f"node-{number}",
            )
            for number in range(1, self.node_count + 1)
        ]

    @property
    def api_address(self) -> IPv4Address:
        """The control plane lives on the first node."""
        return self.nodes[0].address

    @property
    def api_url(self) -> str:
        return f"https://{self.api_address}:{API_PORT}"

    def to_json(self) -> str:
        return json.dumps(
            {
                "name": self.name,
                "subnet": str(self.subnet),
                "pods": str(self.pods),
                "nodes": self.node_count,
                "gatewayPort": self.gateway_port,
            }
        )

    @staticmethod
    def from_json(text: str) -> "Cluster":
        try:
            data = json.loads(text)
            return Cluster(
                data["name"],
                IPv4Network(data["subnet"]),
                IPv4Network(data["pods"]),
                int(data["nodes"]),
                int(data["gatewayPort"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise ClusterError(f"the cluster's description cannot be read ({error}); remove it with `down`") from error


def check_name(name: str) -> None:
    """Raises ClusterError for a name that cannot be part of interface names and paths."""
    if not _NAME.fullmatch(name):
        raise ClusterError(f"the cluster's name must be 1 to 10 of a-z, 0-9 and -, beginning with a letter: {name!r}")


def run_folder(name: str) -> Path:
    check_name(name)
    return _RUN / name


def lib_folder(name: str) -> Path:
    check_name(name)
    return _LIB / name


def all_names() -> list[str]:
    """The clusters without Docker that are on this machine, running or not."""
    return sorted(path.name for path in _LIB.iterdir() if path.is_dir()) if _LIB.is_dir() else []


def made_folders_file() -> Path:
    """Where it is noted which folders of the machine were made only to mount over, by any of the clusters."""
    return _LIB / "made-folders.json"


def description_file(name: str) -> Path:
    """Where the cluster that exists under this name is described; it outlives a restart of the machine."""
    return lib_folder(name) / "cluster.json"

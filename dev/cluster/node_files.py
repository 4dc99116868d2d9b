"""Configuration files of a node's containerd, kubelet, kube-proxy and container network. Pure: values in, text out."""

import json
from pathlib import Path

import yaml

from dev.cluster.certificates import Pair
from dev.cluster.settings import DNS_SERVICE, Cluster, Node
from dev.cluster.system_images import PAUSE


def containerd(node: Node) -> str:
    """containerd's configuration (version 2 of its format: 1.6 reads it, 2.x converts it)."""
    return f"""\
version = 2
root = "{node.lib}/containerd"
state = "{node.run}/containerd"
# "opt" would make /opt/containerd; the others need what this machine may not have, and say so at every start.
disabled_plugins = [
  "io.containerd.internal.v1.opt",
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
]

[grpc]
  address = "{containerd_socket(node)}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE}"
  # Without CAP_SYS_RESOURCE a lower score cannot be set, and runc dies with "can't get final child's PID from pipe".
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  stream_server_address = "127.0.0.1"

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{node.lib}/cni"

  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"

    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"

      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
"""


def containerd_socket(node: Node) -> Path:
    return node.run / "containerd.sock"


def container_network(node: Node) -> str:
    """The CNI configuration: a bridge inside the node, addresses out of the node's range, no address translation."""
    addresses = {
        "type": "host-local",
        "ranges": [[{"subnet": str(node.pods)}]],
        "routes": [{"dst": "0.0.0.0/0"}],
        "dataDir": str(node.lib / "addresses"),
    }
    bridge = {"type": "bridge", "bridge": "cni0", "isGateway": True, "hairpinMode": True, "ipam": addresses}
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return json.dumps({"cniVersion": "1.0.0", "name": node.name, "plugins": [bridge, ports]}, indent=2)


def kubelet(node: Node, *, cgroup: str, authority: Path, serving: Pair, logs: Path) -> str:
    return yaml.safe_dump(
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": str(node.address),
            "healthzBindAddress": str(node.address),
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(authority)},
            },
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": str(serving.certificate),
            "tlsPrivateKeyFile": str(serving.key),
            "containerRuntimeEndpoint": f"unix://{containerd_socket(node)}",
            "cgroupDriver": "cgroupfs",
            # A root of its own: otherwise the kubelet of another node (or cluster) takes these pods for leftovers.
            "cgroupRoot": cgroup,
            "failCgroupV1": False,
            "failSwapOn": False,
            "oomScoreAdj": 0,
            "clusterDNS": [str(DNS_SERVICE)],
            "clusterDomain": "cluster.local",
            "resolvConf": "",
            "podLogsDir": str(logs),
            "serializeImagePulls": False,
            # The images come from archives and could not be pulled again; the disk is the machine's business.
            "imageGCHighThresholdPercent": 100,
            "imageGCLowThresholdPercent": 99,
            "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
            "shutdownGracePeriod": "0s",
        },
        sort_keys=False,
    )


def kube_proxy(cluster: Cluster, node: Node, kubeconfig: Path) -> str:
    return yaml.safe_dump(
        {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "bindAddress": str(node.address),
            "healthzBindAddress": f"{node.address}:10256",
            "metricsBindAddress": "127.0.0.1:10249",
            "hostnameOverride": node.name,
            "clientConnection": {"kubeconfig": str(kubeconfig)},
            "mode": "iptables",
            "clusterCIDR": str(cluster.pods),
            "detectLocalMode": "ClusterCIDR",
            "oomScoreAdj": 0,
            # The table's size belongs to the machine; a namespace may not change it.
            "conntrack": {"maxPerCore": 0, "min": 0},
        },
        sort_keys=False,
    )

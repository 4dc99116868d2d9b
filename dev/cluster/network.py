"""The cluster's network: a bridge on the machine, and a cable from it into each node's namespace."""

import json
import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, Final

from dev.cluster.commands import run, succeeds
from dev.cluster.errors import SubnetInUse
from dev.cluster.settings import Cluster, Node

INTERFACES: Final = Path("/sys/class/net")

_DEFAULT_SUBNETS = [IPv4Network(f"10.{number}.0.0/24") for number in range(200, 216)]
_DEFAULT_PODS = [IPv4Network(f"10.{number}.0.0/16") for number in range(244, 254)]


def choose_ranges(
    subnet: IPv4Network | None, pods: IPv4Network | None, taken: Sequence[IPv4Network]
) -> tuple[IPv4Network, IPv4Network]:
    """The ranges asked for, where given, else the first free ones of the usual. Raises SubnetInUse."""
    return (
        _choose("--subnet", [subnet] if subnet else _DEFAULT_SUBNETS, taken),
        _choose("--pod-subnet", [pods] if pods else _DEFAULT_PODS, taken),
    )


def _choose(option: str, candidates: Iterable[IPv4Network], taken: Sequence[IPv4Network]) -> IPv4Network:
    tried = list(candidates)
    for candidate in tried:
        if not any(candidate.overlaps(other) for other in taken):
            return candidate
    names = ", ".join(map(str, tried))
    raise SubnetInUse(f"{names}: already routed on this machine (see `ip route`). Name a free range with {option}.")


def routed_ranges(routes: Iterable[dict[str, Any]]) -> list[IPv4Network]:
    """The ranges in the output of `ip -json route`, the default route left out."""
    destinations = (str(route.get("dst", "default")) for route in routes)
    return [IPv4Network(text, strict=False) for text in destinations if text != "default" and ":" not in text]


def ranges_in_use() -> list[IPv4Network]:
    """What this machine has routes to now."""
    return routed_ranges(json.loads(run(["ip", "-json", "-4", "route", "show"], doing="reading the routes") or "[]"))


def ensure_bridge(cluster: Cluster) -> None:
    """Have the bridge, with the machine's address in the cluster's subnet."""
    if not succeeds(["ip", "link", "show", "dev", cluster.bridge]):
        run(["ip", "link", "add", cluster.bridge, "type", "bridge"], doing="making the bridge")
    address = f"{cluster.bridge_address}/{cluster.subnet.prefixlen}"
    run(["ip", "address", "replace", address, "dev", cluster.bridge], doing="giving the bridge its address")
    run(["ip", "link", "set", cluster.bridge, "up"], doing="starting the bridge")


def remove_links(name: str) -> None:
    """Remove a cluster's cables and its bridge. Cables go with their namespaces, but the kernel takes its time."""
    for link in sorted(path.name for path in INTERFACES.iterdir()):
        if re.fullmatch(rf"v-{re.escape(name)}-[0-9]+", link):
            # It may be gone by now.
            succeeds(["ip", "link", "delete", link])
    if (INTERFACES / f"br-{name}").exists():
        run(["ip", "link", "delete", f"br-{name}"], doing="removing the bridge")


def connect_node(cluster: Cluster, node: Node, holder: int, within: Sequence[str]) -> None:
    """Have the node on the bridge, with its address and the routes; `holder` is a process in its namespace."""
    if not succeeds(["ip", "link", "show", "dev", node.interface]):
        peer = ["peer", "name", "eth0", "netns", str(holder)]
        run(["ip", "link", "add", node.interface, "type", "veth", *peer], doing=f"connecting {node.name}")
    run(["ip", "link", "set", node.interface, "master", cluster.bridge, "up"], doing=f"connecting {node.name}")
    script = "\n".join(["set -e", *node_commands(cluster, node)])
    run([*within, "/bin/sh", "-c", script], doing=f"setting up the network of {node.name}")
    route = ["ip", "route", "replace", str(node.pods), "via", str(node.address), "dev", cluster.bridge]
    run(route, doing=f"routing to the pods of {node.name}")


def disconnect_node(node: Node) -> None:
    """Remove the cable of a namespace that is no longer (it goes with the namespace, but only some time later)."""
    if succeeds(["ip", "link", "show", "dev", node.interface]):
        # It may be gone by now.
        succeeds(["ip", "link", "delete", node.interface])


def node_commands(cluster: Cluster, node: Node) -> list[str]:
    """What is run inside the node's namespace. Each line may be run again."""
    return [
        "ip link set lo up",
        f"ip address replace {node.address}/{cluster.subnet.prefixlen} dev eth0",
        "ip link set eth0 up",
        f"ip route replace default via {cluster.bridge_address}",
        *(f"ip route replace {other.pods} via {other.address}" for other in cluster.nodes if other != node),
        "echo 1 > /proc/sys/net/ipv4/ip_forward",
        # Replies between pods of one node go over the bridge alone; they too must pass the rules that undo a service's
        # address. (The module may be missing, or this be on already.)
        "echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables || true",
    ]

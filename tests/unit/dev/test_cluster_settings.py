"""The local cluster's addresses and files."""

import json
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
import yaml

from dev.cluster import kind, kubeconfig, kwok, node_files
from dev.cluster.addons import GatewayImages, gateway_objects, gateway_values
from dev.cluster.certificates import Pair, render_extensions
from dev.cluster.cgroups import roots
from dev.cluster.errors import ClusterError, SubnetInUse
from dev.cluster.network import choose_ranges, node_commands, routed_ranges
from dev.cluster.settings import Cluster

OBJECTS = Path(kubeconfig.__file__).parent / "objects"


def cluster(**changes: object) -> Cluster:
    values: dict[str, object] = {
        "name": "t",
        "subnet": IPv4Network("10.200.0.0/24"),
        "pods": IPv4Network("10.244.0.0/16"),
    }
    return Cluster(**{**values, **changes})  # type: ignore[arg-type]


def test_each_node_has_its_address_its_pods_and_its_cable() -> None:
    first, second = cluster(node_count=2).nodes
    assert (first.address, second.address) == (IPv4Address("10.200.0.11"), IPv4Address("10.200.0.12"))
    assert (str(first.pods), str(second.pods)) == ("10.244.1.0/24", "10.244.2.0/24")
    assert first.interface != second.interface
    assert first.run != second.run


def test_interface_names_fit_the_kernel_with_the_longest_name_and_most_nodes() -> None:
    longest = cluster(name="a" * 10, node_count=20)
    assert all(len(name) <= 15 for name in [longest.bridge, *(node.interface for node in longest.nodes)])


@pytest.mark.parametrize("name", ["", "Tandem", "1st", "a/b", "..", "eleven-more", "ends-"])
def test_names_that_cannot_be_paths_and_interfaces_are_refused(name: str) -> None:
    with pytest.raises(ClusterError, match="name"):
        cluster(name=name)


def test_overlapping_ranges_are_refused() -> None:
    with pytest.raises(ClusterError, match="overlap"):
        cluster(pods=IPv4Network("10.96.0.0/16"))


def test_a_description_is_read_as_it_was_written() -> None:
    described = cluster(node_count=3, gateway_port=31234)
    assert Cluster.from_json(described.to_json()) == described
    with pytest.raises(ClusterError, match="down"):
        Cluster.from_json("{}")


def test_a_node_knows_the_way_to_the_pods_of_the_others_only() -> None:
    both = cluster(node_count=2)
    commands = node_commands(both, both.nodes[0])
    assert "ip route replace 10.244.2.0/24 via 10.200.0.12" in commands
    assert not any("10.244.1.0/24" in command for command in commands)


def test_ranges_default_to_free_ones_and_those_asked_for_must_be_free() -> None:
    taken = routed_ranges([{"dst": "default"}, {"dst": "10.200.0.0/24"}, {"dst": "10.244.1.0/24"}, {"dst": "10.9.9.9"}])
    subnet, pods = choose_ranges(None, None, taken)
    assert (str(subnet), str(pods)) == ("10.201.0.0/24", "10.245.0.0/16")
    with pytest.raises(SubnetInUse, match=r"10\.200\.0\.0/24.*--subnet"):
        choose_ranges(IPv4Network("10.200.0.0/24"), None, taken)


def test_cgroup_hierarchies_are_told_apart() -> None:
    hybrid = "tmpfs /c tmpfs rw 0 0\ncgroup /c/cpu cgroup rw,cpu 0 0\ncgroup2 /c/unified cgroup2 rw 0 0\n"
    assert roots(hybrid) == ([Path("/c/cpu")], [Path("/c/unified")])
    assert roots("cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n") == ([], [Path("/sys/fs/cgroup")])


def test_a_certificate_names_addresses_and_hosts_each_as_what_they_are() -> None:
    assert "subjectAltName=IP:10.0.0.1,DNS:localhost" in render_extensions(["10.0.0.1", "localhost"])
    assert "subjectAltName" not in render_extensions([])


def test_a_kubeconfig_carries_its_certificates(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    content = yaml.safe_load(kubeconfig.render("https://a:1", file, Pair(file, file), name="n"))
    assert content["clusters"][0]["cluster"] == {"server": "https://a:1", "certificate-authority-data": "eA=="}
    assert content["current-context"] == "n"


def test_an_unchanged_file_is_not_written_again(tmp_path: Path) -> None:
    path = kubeconfig.write(tmp_path / "kubeconfig", "same")
    before = path.stat().st_ino
    assert path.stat().st_mode & 0o077 == 0
    kubeconfig.write(path, "same")
    assert path.stat().st_ino == before
    kubeconfig.write(path, "other")
    assert path.read_text() == "other"


def test_nodes_share_nothing_in_their_configuration(tmp_path: Path) -> None:
    one, two = cluster(node_count=2).nodes
    pair = Pair(tmp_path / "c", tmp_path / "k")
    settings = [
        yaml.safe_load(
            node_files.kubelet(node, cgroup=f"/t/{node.name}", authority=tmp_path, serving=pair, logs=tmp_path)
        )
        for node in (one, two)
    ]
    for key in ("address", "cgroupRoot", "containerRuntimeEndpoint"):
        assert settings[0][key] != settings[1][key]
    ranges = [json.loads(node_files.container_network(node))["plugins"][0]["ipam"]["ranges"] for node in (one, two)]
    assert ranges[0] != ranges[1]


def test_images_of_our_own_are_named_wherever_the_gateway_names_one() -> None:
    template = (OBJECTS / "gateway.yaml").read_text()
    images = GatewayImages("own/gateway", "own/envoy")
    proxy = next(item for item in yaml.safe_load_all(gateway_objects(template, images)) if item["kind"] == "EnvoyProxy")
    assert proxy["spec"]["provider"]["kubernetes"]["envoyDeployment"]["container"]["image"] == "own/envoy"
    assert "own/envoy" not in gateway_objects(template, None)
    values = gateway_values(images)
    assert values["config"]["envoyGateway"]["provider"]["kubernetes"]["shutdownManager"]["image"] == "own/gateway"
    assert "global" not in gateway_values(None)


def test_kind_gets_workers_and_the_gateways_port() -> None:
    content = yaml.safe_load(kind.with_nodes(kind.CONFIGURATION.read_text(), 3))
    assert [node["role"] for node in content["nodes"]] == ["control-plane", "worker", "worker"]
    gateway = list(yaml.safe_load_all((OBJECTS / "gateway.yaml").read_text()))
    proxy = next(item for item in gateway if item["kind"] == "EnvoyProxy")
    ports = proxy["spec"]["provider"]["kubernetes"]["envoyService"]["patch"]["value"]["spec"]["ports"]
    assert content["nodes"][0]["extraPortMappings"][0]["containerPort"] == ports[0]["nodePort"]


def test_kwok_is_told_every_parallelism_and_keeps_other_stages_as_they_are() -> None:
    stages = [{"metadata": {"name": "pod-delete"}, "spec": {"selector": {"matchExpressions": []}}}]
    head, stage = yaml.safe_load_all(kwok.configuration(stages))
    assert len([name for name in head["options"] if name.endswith("Parallelism")]) == 4
    assert stage == stages[0]

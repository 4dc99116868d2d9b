"""A light cluster for tests: a real API server with the real controllers, on loopback, with nodes that kwok plays.

Needs neither root nor Linux' namespaces, starts in some seconds, and any number can run side by side::

    with ControlPlane(nodes=3) as plane:
        subprocess.run([plane.kubectl, "--kubeconfig", plane.kubeconfig, "get", "nodes"])
        plane.restart_apiserver()

Pods are scheduled and become Ready at once, but nothing runs in them and nobody answers at their addresses; those with
an image of `never-ready` in its name stay Pending.
"""

import json
import socket
import subprocess
import sys
import tempfile
from ipaddress import IPv4Address
from pathlib import Path
from types import TracebackType
from typing import Self

from dev.cluster import kubeconfig, kwok
from dev.cluster.binaries import ENVOY_GATEWAY, LIGHT_TOOLS, ensure_tools
from dev.cluster.components import API_SERVER, ControlPlaneSettings, Ports
from dev.cluster.guard import clean_up, table_of
from dev.cluster.health import answers, await_healthy
from dev.cluster.kubectl import Kubectl
from dev.cluster.plane import Plane, make_identity
from dev.cluster.progress import Progress
from dev.images.cache import cache_folder

_LOOPBACK = IPv4Address("127.0.0.1")
_REPOSITORY = Path(__file__).resolve().parents[2]
_KWOK = "kwok"
_CONTROLLERS = (
    "deployment-controller",
    "replicaset-controller",
    "endpointslice-controller",
    "disruption-controller",
    "namespace-controller",
    "garbage-collector-controller",
    "pod-garbage-collector-controller",
    "resourcequota-controller",
    "serviceaccount-controller",
    "root-ca-certificate-publisher-controller",
    "clusterrole-aggregation-controller",
    "node-lifecycle-controller",
    "validatingadmissionpolicy-status-controller",
)


class ControlPlane:
    """etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kwok, in a temporary folder, on free ports.

    Everything ends with `stop`, with the `with` block, or with this program, even if it is killed.
    """

    def __init__(self, nodes: int = 1, cache: Path | None = None, progress: Progress | None = None) -> None:
        """`nodes`: how many nodes kwok plays. Binaries are built into `cache` first, if they are not there."""
        self._cache = cache or cache_folder()
        self._progress = progress or Progress()
        self._nodes = nodes
        self._tools = ensure_tools(LIGHT_TOOLS, self._cache, self._progress)
        self._folder = Path(tempfile.mkdtemp(prefix="tandem-plane-"))
        self._guard: subprocess.Popen[bytes] | None = None
        *plane_ports, self._kwok_port = _free_ports(7)
        ports = Ports(*plane_ports)
        self.api_url = f"https://{_LOOPBACK}:{ports.api}"
        self.kubeconfig = self._folder / "kubeconfig"
        self.kubectl = self._tools["kubernetes"] / "kubectl"
        self.logs = self._folder / "logs"
        self._table = table_of(self._folder)
        identity, admin = make_identity(self._folder / "pki", _LOOPBACK, self.api_url)
        access = kubeconfig.render(self.api_url, identity.authority.certificate, admin, name="light")
        kubeconfig.write(self.kubeconfig, access)
        self._client = Kubectl(self.kubectl, "helm", self.kubeconfig)
        settings = ControlPlaneSettings(
            binaries=self._tools["kubernetes"],
            etcd_binary=self._tools["etcd"] / "server",
            data=self._folder,
            address=_LOOPBACK,
            ports=ports,
            identity=identity,
            pods=None,
            controllers=_CONTROLLERS,
        )
        self._plane = Plane(self._table, settings)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start everything; returns when the nodes are Ready. Raises ClusterError, leaving nothing behind."""
        words = [sys.executable, "-m", "dev.cluster.guard", str(self._folder)]
        self._guard = subprocess.Popen(words, stdin=subprocess.PIPE, cwd=_REPOSITORY, start_new_session=True)
        try:
            self._plane.start()
            self._start_kwok()
            nodes = [kwok.node(f"node-{number}") for number in range(1, self._nodes + 1)]
            self._client.apply(json.dumps({"apiVersion": "v1", "kind": "List", "items": nodes}), doing="making nodes")
            ready = ["wait", "nodes", "--all", "--for=condition=Ready", "--timeout=60s"]
            self._client(*ready, doing="waiting for kwok's nodes")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End everything at once and remove its files. May be called again."""
        if self._guard is None:
            return
        clean_up(self._folder)
        assert self._guard.stdin is not None
        self._guard.stdin.close()
        self._guard.wait(30)
        self._guard = None

    def restart_apiserver(self) -> None:
        """Stop the API server as an upgrade would, and start it again; returns when it is ready."""
        self._plane.restart(API_SERVER)

    def kill_apiserver(self) -> None:
        """End the API server as a crash would; nothing answers until `start_apiserver`."""
        self._plane.kill(API_SERVER)

    def start_apiserver(self) -> None:
        """Start the API server where it does not run; returns when it is ready."""
        self._plane.start_one(API_SERVER)

    def install_gateway_api(self) -> None:
        """Have Gateway API's resource definitions, the ones that the real cluster has."""
        folder = ensure_tools([ENVOY_GATEWAY], self._cache, self._progress)[ENVOY_GATEWAY.name]
        definitions = folder / "gateway-helm/charts/crds/crds/gatewayapi-crds.yaml"
        self._client.apply(definitions.read_text(), doing="installing Gateway API")
        established = ["wait", "crd", "--all", "--for=condition=Established", "--timeout=60s"]
        self._client(*established, doing="waiting for Gateway API")

    def _start_kwok(self) -> None:
        configuration = self._folder / "kwok.yaml"
        kubeconfig.write(configuration, kwok.configuration(kwok.read_stages(self._tools["kwok"] / "stage")))
        address = f"{_LOOPBACK}:{self._kwok_port}"
        options = [f"--config={configuration}", f"--kubeconfig={self.kubeconfig}", f"--server-address={address}"]
        self._table.ensure(_KWOK, [self._tools["kwok"] / "kwok", *options])
        await_healthy(self._table, _KWOK, answers(f"http://{address}/healthz"), 30)


def _free_ports(count: int) -> list[int]:
    """Ports on loopback where nobody listens; all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind((str(_LOOPBACK), 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()

"""Starting, restarting and stopping a control plane: the same for the real cluster and for the light one."""

from collections.abc import Sequence
from ipaddress import IPv4Address
from pathlib import Path

from dev.cluster import components, kubeconfig
from dev.cluster.certificates import Authority, Pair, make_signing_key
from dev.cluster.components import API_SERVER, CONTROLLER_MANAGER, ETCD, SCHEDULER, ControlPlaneSettings, Identity
from dev.cluster.errors import ClusterError
from dev.cluster.health import Probe, answers, await_healthy
from dev.cluster.processes import ProcessTable
from dev.cluster.settings import API_SERVICE

_START_SECONDS = 90.0
# Without etcd the API server hangs for minutes; with it, it ends within a second or two.
_STOP_SECONDS = 8.0


class Plane:
    """etcd, API server, controller manager and scheduler as processes of this machine."""

    def __init__(self, table: ProcessTable, settings: ControlPlaneSettings, within: Sequence[str] = ()) -> None:
        """`within` enters the network namespace that the control plane lives in."""
        self._table = table
        self._within = tuple(within)
        address, ports = settings.address, settings.ports
        api = f"https://{address}:{ports.api}"
        # In the order of starting. The API server is ready before anything is started that would only retry.
        self._components: dict[str, tuple[list[str | Path], Probe]] = {
            ETCD: (components.etcd(settings), answers(f"http://{address}:{ports.etcd_health}/health")),
            API_SERVER: (components.api_server(settings), answers(f"{api}/readyz")),
            CONTROLLER_MANAGER: (
                components.controller_manager(settings),
                answers(f"https://{address}:{ports.controller_manager}/healthz"),
            ),
            SCHEDULER: (components.scheduler(settings), answers(f"https://{address}:{ports.scheduler}/healthz")),
        }

    @property
    def names(self) -> list[str]:
        return list(self._components)

    def start(self) -> None:
        """Have every component running and healthy; what runs already is left alone."""
        for name in (ETCD, API_SERVER):
            self.start_one(name)
        for name in (CONTROLLER_MANAGER, SCHEDULER):
            self._table.ensure(name, self._components[name][0], within=self._within)
        for name in (CONTROLLER_MANAGER, SCHEDULER):
            self.await_one(name)

    def start_one(self, name: str) -> None:
        """Have one component running and healthy."""
        self._check(name)
        self._table.ensure(name, self._components[name][0], within=self._within)
        self.await_one(name)

    def await_one(self, name: str) -> None:
        """Wait until a component that was started is healthy."""
        self._check(name)
        await_healthy(self._table, name, self._components[name][1], _START_SECONDS)

    def restart(self, name: str) -> None:
        """Stop the component and start it again; returns when it is healthy."""
        self._check(name)
        self._table.stop(name, _STOP_SECONDS)
        self.start_one(name)

    def kill(self, name: str) -> None:
        """SIGKILL, as a crash would; `start_one` brings it back."""
        self._check(name)
        self._table.kill(name)

    def stop(self) -> None:
        """Stop everything, etcd last."""
        for name in reversed(self._components):
            self._table.stop(name, _STOP_SECONDS)

    def _check(self, name: str) -> None:
        if name not in self._components:
            raise ClusterError(f"the control plane has no component {name!r}, only {', '.join(self._components)}")


def make_identity(pki: Path, address: IPv4Address, api_url: str) -> tuple[Identity, Pair]:
    """The control plane's certificates and kubeconfigs in the folder `pki` (what exists is kept), and an admin's."""
    authority = Authority(pki)
    aggregators = Authority(pki, "aggregator-ca")
    service = "kubernetes.default.svc"
    hosts = [
        str(address),
        "127.0.0.1",
        "localhost",
        str(API_SERVICE),
        service,
        "kubernetes",
        f"{service}.cluster.local",
    ]

    def user(name: str) -> Path:
        pair = authority.issue(name, f"system:{name}")
        content = kubeconfig.render(api_url, authority.pair.certificate, pair, name=name)
        return kubeconfig.write(pki / f"{name}.kubeconfig", content)

    identity = Identity(
        authority=authority.pair,
        serving=authority.issue("control-plane", "control-plane", hosts=hosts),
        kubelet_client=authority.issue("kubelet-client", "kubelet-client", groups=["system:masters"]),
        aggregator_authority=aggregators.pair,
        aggregator=aggregators.issue("aggregator", "aggregator"),
        service_accounts=make_signing_key(pki, "service-accounts"),
        controller_manager=user("kube-controller-manager"),
        scheduler=user("kube-scheduler"),
    )
    return identity, authority.issue("admin", "admin", groups=["system:masters"])

"""Command lines of the control plane's components. Pure: values in, words out."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from dev.cluster.certificates import Pair
from dev.cluster.settings import SERVICE_RANGE

ETCD, API_SERVER, CONTROLLER_MANAGER, SCHEDULER = "etcd", "apiserver", "controller-manager", "scheduler"

# The usual 20 or 50 requests a second would be the bottleneck of every test with many objects.
_RATES = ("--kube-api-qps=300", "--kube-api-burst=600")


@dataclass(frozen=True)
class Ports:
    """Where the control plane listens, all on one address."""

    api: int = 6443
    etcd: int = 2379
    etcd_peer: int = 2380
    etcd_health: int = 2381
    controller_manager: int = 10257
    scheduler: int = 10259


@dataclass(frozen=True)
class Identity:
    """The control plane's files: certificates, keys, kubeconfigs."""

    authority: Pair
    serving: Pair
    kubelet_client: Pair
    aggregator_authority: Pair
    aggregator: Pair
    service_accounts: Pair
    controller_manager: Path
    scheduler: Path


@dataclass(frozen=True)
class ControlPlaneSettings:
    """A control plane on one address."""

    binaries: Path
    etcd_binary: Path
    data: Path
    address: IPv4Address
    ports: Ports
    identity: Identity
    pods: IPv4Network | None
    """The pods' range; None where nodes are not real, and nobody routes to their pods."""
    controllers: Sequence[str] = ("*",)


def etcd(settings: ControlPlaneSettings) -> list[str | Path]:
    client = f"http://127.0.0.1:{settings.ports.etcd}"
    peer = f"http://127.0.0.1:{settings.ports.etcd_peer}"
    return [
        settings.etcd_binary,
        "--name=tandem",
        f"--data-dir={settings.data / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=tandem={peer}",
        f"--listen-metrics-urls=http://{settings.address}:{settings.ports.etcd_health}",
        # This cluster may be lost with the machine; waiting for the disk at every write makes it several times slower.
        "--unsafe-no-fsync",
        "--auto-compaction-retention=1h",
        "--quota-backend-bytes=4294967296",
        "--log-level=warn",
    ]


def api_server(settings: ControlPlaneSettings) -> list[str | Path]:
    files = settings.identity
    # A service may not have an endpoint on loopback: there the service `kubernetes` is left without one.
    endpoints = ["--endpoint-reconciler-type=none"] if settings.address.is_loopback else []
    return [
        settings.binaries / "kube-apiserver",
        f"--bind-address={settings.address}",
        f"--advertise-address={settings.address}",
        f"--secure-port={settings.ports.api}",
        f"--etcd-servers=http://127.0.0.1:{settings.ports.etcd}",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--allow-privileged=true",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        f"--client-ca-file={files.authority.certificate}",
        f"--tls-cert-file={files.serving.certificate}",
        f"--tls-private-key-file={files.serving.key}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--kubelet-certificate-authority={files.authority.certificate}",
        f"--kubelet-client-certificate={files.kubelet_client.certificate}",
        f"--kubelet-client-key={files.kubelet_client.key}",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={files.service_accounts.certificate}",
        f"--service-account-signing-key-file={files.service_accounts.key}",
        f"--requestheader-client-ca-file={files.aggregator_authority.certificate}",
        "--requestheader-allowed-names=aggregator",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
        f"--proxy-client-cert-file={files.aggregator.certificate}",
        f"--proxy-client-key-file={files.aggregator.key}",
        "--enable-aggregator-routing=true",
        # Otherwise it waits a minute for watches, which never end by themselves.
        "--shutdown-watch-termination-grace-period=2s",
        f"--cert-dir={settings.data / 'apiserver'}",
        "--profiling=false",
        *endpoints,
    ]


def controller_manager(settings: ControlPlaneSettings) -> list[str | Path]:
    files = settings.identity
    ranges = [f"--cluster-cidr={settings.pods}"] if settings.pods else []
    return [
        settings.binaries / "kube-controller-manager",
        f"--kubeconfig={files.controller_manager}",
        f"--authentication-kubeconfig={files.controller_manager}",
        f"--authorization-kubeconfig={files.controller_manager}",
        f"--bind-address={settings.address}",
        f"--secure-port={settings.ports.controller_manager}",
        f"--tls-cert-file={files.serving.certificate}",
        f"--tls-private-key-file={files.serving.key}",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        f"--root-ca-file={files.authority.certificate}",
        f"--service-account-private-key-file={files.service_accounts.key}",
        f"--cluster-signing-cert-file={files.authority.certificate}",
        f"--cluster-signing-key-file={files.authority.key}",
        "--use-service-account-credentials=true",
        # The nodes have their pod ranges from us, with the routes to them.
        "--allocate-node-cidrs=false",
        f"--controllers={','.join(settings.controllers)}",
        # One of each: an election would only add its lease's time to every restart.
        "--leader-elect=false",
        "--profiling=false",
        *_RATES,
        *ranges,
    ]


def scheduler(settings: ControlPlaneSettings) -> list[str | Path]:
    files = settings.identity
    return [
        settings.binaries / "kube-scheduler",
        f"--kubeconfig={files.scheduler}",
        f"--authentication-kubeconfig={files.scheduler}",
        f"--authorization-kubeconfig={files.scheduler}",
        f"--bind-address={settings.address}",
        f"--secure-port={settings.ports.scheduler}",
        f"--tls-cert-file={files.serving.certificate}",
        f"--tls-private-key-file={files.serving.key}",
        "--leader-elect=false",
        "--profiling=false",
        *_RATES,
    ]

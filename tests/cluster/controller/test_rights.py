"""The rights that the chart gives are enough for all that the operator does, and for nothing beside it."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.cluster.binaries import HELM, ensure_tools
from dev.cluster.control_plane import ControlPlane
from dev.cluster.progress import Progress
from dev.images.cache import cache_folder
from tandem.api import names
from tandem.api.objects import parse_deployment
from tandem.cluster import kinds
from tandem.cluster.client import Cluster
from tandem.cluster.connection import Connection, connect
from tandem.cluster.errors import ClusterRefused
from tandem.cluster.events import EventRecorder
from tandem.controller.keeping import ExaminerAccounts
from tandem.controller.proxies import Proxies
from tandem.manifests.missed import ExaminerRole, Keeping, binding_manifest
from tandem.signals.gateway import GatewayAt, ProxiesUnknown
from tests.cluster.controller.objects import Object, config_map, deployment, model_deployment, ours
from tests.cluster.controller.running import Recording, running

pytestmark = pytest.mark.cluster

CHART = Path(__file__).resolve().parents[3] / "charts" / "tandem"
PROXIES = "proxies"
PROXIES_NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": PROXIES}}
RIGHTS = {"ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}

Kubectl = Callable[..., str]


@pytest.fixture
def kubectl(plane: ControlPlane) -> Kubectl:
    def run(*words: str, given: str | None = None) -> str:
        command = [str(plane.kubectl), "--kubeconfig", str(plane.kubeconfig), *words]
        return _output(command, given)

    return run


def _output(command: list[str], given: str | None = None) -> str:
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


@pytest.fixture(params=["all namespaces", "one namespace"])
async def rights(
    request: pytest.FixtureRequest, plane: ControlPlane, kubectl: Kubectl, namespace: str, tmp_path: Path
) -> tuple[Connection, tuple[str, ...]]:
    """A connection as the chart's ServiceAccount, and the namespaces that it is to serve."""
    served = (namespace,) if request.param == "one namespace" else ()
    helm = ensure_tools((HELM,), cache_folder(), Progress())["helm"] / "helm"
    chosen = ["--set", f"watchNamespaces={{{namespace}}},gatewayProxies={{{PROXIES}}}"] if served else []
    kubectl("apply", "-f", "-", given=yaml.safe_dump(PROXIES_NAMESPACE))
    # The name makes the cluster-wide roles of one test another's than those of the next.
    release = ("template", f"tandem-{namespace}", str(CHART), "--namespace", namespace)
    rendered = _output([str(helm), *release, "--set", "image.repository=registry.example.com/tandem-operator", *chosen])
    wanted = [found for found in yaml.safe_load_all(rendered) if found and found["kind"] in RIGHTS]
    kubectl("apply", "-f", "-", given=yaml.safe_dump_all(wanted))
    account = next(found["metadata"]["name"] for found in wanted if found["kind"] == "ServiceAccount")
    token = kubectl("create", "token", account, "-n", namespace).strip()
    access = yaml.safe_load(plane.kubeconfig.read_text())
    access["users"][0]["user"] = {"token": token}
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(access))
    return await connect(str(kubeconfig)), served


async def test_everything_that_the_operator_does_is_allowed(
    rights: tuple[Connection, tuple[str, ...]], cluster: Cluster, namespace: str
) -> None:
    connection, served = rights
    recording = Recording()
    async with Cluster(connection.configuration) as own, running(connection, recording, namespaces=served):
        model = await cluster.create(model_deployment(namespace, "fraud"))
        await recording.until(lambda: bool(recording.of((namespace, "fraud"))))
        await own.update_status(
            kinds.MODEL_DEPLOYMENT, namespace, "fraud", model["metadata"]["resourceVersion"], {"phase": "Pending"}
        )
        for child in _children(namespace):
            made = await own.create(child)
            await own.apply(child, made["metadata"]["uid"])
            kind = kinds.kind_of(child)
            await recording.until(lambda kind=kind: kind.kind in recording.seen((namespace, "fraud")))  # type: ignore[misc]
        live = await own.get(kinds.DEPLOYMENT, namespace, "fraud-r1")
        await own.scale(namespace, "fraud-r1", 1, live["metadata"]["uid"])
        await recording.until(lambda: "Pod" in recording.seen((namespace, "fraud")))
        route = await own.get(kinds.HTTP_ROUTE, namespace, "fraud")
        await own.delete(kinds.HTTP_ROUTE, namespace, "fraud", route["metadata"]["uid"])
        examiner = await own.create(_examiner(namespace))
        assert await own.get(kinds.CONFIG_MAP_EDITION, namespace, "kube-root-ca.crt")
        await own.delete(kinds.POD, namespace, "fraud-r1-quality-1-0123456789", examiner["metadata"]["uid"])
        recorder = EventRecorder(own)
        for _ in range(2):
            await recorder._write(_recorded(recorder, model))
        count = await cluster.list(kinds.EVENT, namespace)
        assert [event["reason"] for event in count.items if event["source"].get("component") == "tandem"] == [
            "Promoted"
        ]


async def test_it_finds_the_proxies_of_a_gateway_where_it_may(rights: tuple[Connection, tuple[str, ...]]) -> None:
    connection, served = rights
    async with Cluster(connection.configuration) as own:
        assert await Proxies(own).find(GatewayAt("gateway", "public", PROXIES)) == []
        if served:
            with pytest.raises(ProxiesUnknown, match="may not list the gateway's proxies in namespace kube-system"):
                await Proxies(own).find(GatewayAt("gateway", "public", "kube-system"))
            with pytest.raises(ClusterRefused, match="services"):
                await own.list(kinds.SERVICE, PROXIES)


async def test_a_pod_that_asks_may_keep_what_was_missed_and_read_nothing(
    rights: tuple[Connection, tuple[str, ...]], cluster: Cluster, namespace: str, kubectl: Kubectl, tmp_path: Path
) -> None:
    connection, served = rights
    role = ExaminerRole("Role" if served else "ClusterRole", f"tandem-{namespace}-examiner")
    made = await cluster.create(model_deployment(namespace, "fraud", quality={"path": "/predict"}))
    async with Cluster(connection.configuration) as own:
        for _ in range(2):
            keeping = await ExaminerAccounts(own, role).keeping(parse_deployment(made))
            assert keeping == Keeping("fraud-tandem-examiner"), keeping
        with pytest.raises(ClusterRefused, match="not currently held"):
            await own.create(
                _named("more", binding_manifest(parse_deployment(made), ExaminerRole("ClusterRole", "edit")))
            )
        with pytest.raises(ClusterRefused, match="secrets"):
            await own.create(_secret(namespace, "of-the-operator"))
    account = await as_account("fraud-tandem-examiner", namespace, kubectl, tmp_path)
    async with Cluster(account.configuration) as pod:
        kept = await pod.create(_secret(namespace, "fraud-r1-quality-1"))
        for refused in (
            pod.get(kinds.SECRET, namespace, "fraud-r1-quality-1"),
            pod.list(kinds.SECRET, namespace),
            pod.apply(_secret(namespace, "fraud-r1-quality-1"), kept["metadata"]["uid"]),
            pod.delete(kinds.SECRET, namespace, "fraud-r1-quality-1", kept["metadata"]["uid"]),
            pod.list(kinds.POD, namespace),
            pod.create(_secret("kube-system", "fraud-r1-quality-1")),
        ):
            with pytest.raises(ClusterRefused, match="Forbidden"):
                await refused


async def test_an_account_of_somebody_else_is_left_alone_and_the_version_is_examined(
    cluster: Cluster, namespace: str
) -> None:
    made = await cluster.create(model_deployment(namespace, "fraud", quality={"path": "/predict"}))
    deployment = parse_deployment(made)
    theirs = {"namespace": namespace, "name": "fraud-tandem-examiner"}
    await cluster.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": theirs})
    keeping = await ExaminerAccounts(cluster, ExaminerRole("ClusterRole", "view")).keeping(deployment)
    assert keeping.account is None
    assert keeping.trouble is not None
    assert "delete it, and it is made anew" in keeping.trouble


async def test_what_it_does_not_need_is_refused(
    rights: tuple[Connection, tuple[str, ...]], cluster: Cluster, namespace: str, kubectl: Kubectl
) -> None:
    connection, _ = rights
    await cluster.create(model_deployment(namespace, "fraud"))
    kubectl("create", "secret", "generic", "db", "-n", namespace, "--from-literal=password=x")
    async with Cluster(connection.configuration) as own:
        with pytest.raises(ClusterRefused, match="secrets"):
            await own.list(kinds.SECRET, namespace)
        patch: dict[str, Any] = {"metadata": {"annotations": {"a": "b"}}}
        with pytest.raises(ClusterRefused, match="modeldeployments"):
            await own.merge_patch(kinds.MODEL_DEPLOYMENT, namespace, "fraud", patch)
        with pytest.raises(ClusterRefused, match="namespaces"):
            await own.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "more"}})


def _named(name: str, manifest: Object) -> Object:
    return {**manifest, "metadata": {**manifest["metadata"], "name": name}}


def _secret(namespace: str, name: str) -> Object:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": namespace, "name": name}, "immutable": True}


async def as_account(name: str, namespace: str, kubectl: Kubectl, folder: Path) -> Connection:
    """Return the connection of whoever has the token of a ServiceAccount."""
    access = yaml.safe_load(kubectl("config", "view", "--raw", "--minify"))
    access["users"][0]["user"] = {"token": kubectl("create", "token", name, "-n", namespace).strip()}
    file = folder / f"{name}.kubeconfig"
    file.write_text(yaml.safe_dump(access))
    return await connect(str(file))


def _examiner(namespace: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": namespace, "name": "fraud-r1-quality-1-0123456789", "labels": ours("fraud")},
        "spec": {"containers": [{"name": "examiner", "image": "registry.example.com/tandem-operator"}]},
    }


def _recorded(recorder: EventRecorder, model: Object) -> str:
    recorder.record(model, "Normal", "Promoted", "fraud-r2 serves everything")
    name = next(iter(recorder._told))
    recorder._told[name].last_written = None
    return name


def _children(namespace: str) -> list[Object]:
    metadata = {"namespace": namespace, "labels": ours("fraud")}
    return [
        {
            "apiVersion": names.API_VERSION,
            "kind": names.MODEL_REVISION,
            "metadata": {**metadata, "name": "fraud-r1"},
            "spec": {"number": 1, "image": "example.com/fraud:1", "declared": "", "template": "", "renderer": "1"},
        },
        deployment(namespace, "fraud-r1", 0, ours("fraud")),
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {**metadata, "name": "fraud"},
            "spec": {"ports": [{"port": 80}], "selector": {"app": "fraud-r1"}},
        },
        config_map(namespace, "fraud-r1-bento", ours("fraud"), a="1"),
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {**metadata, "name": "fraud-r1"},
            "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "fraud-r1"}}},
        },
        {
            "apiVersion": kinds.HTTP_ROUTE.api_version,
            "kind": kinds.HTTP_ROUTE.kind,
            "metadata": {**metadata, "name": "fraud"},
            "spec": {"parentRefs": [{"name": "public"}]},
        },
    ]

"""What is installed in every local cluster, whatever made it: Gateway API, Envoy Gateway, the gateway `public`."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dev.cluster.errors import CommandFailed
from dev.cluster.health import await_content, speaks_http
from dev.cluster.kubeconfig import write
from dev.cluster.kubectl import Kubectl
from dev.cluster.progress import Progress

_OBJECTS = Path(__file__).parent / "objects"
_NAMESPACE = "envoy-gateway-system"
_RELEASE = "envoy-gateway"


@dataclass(frozen=True)
class GatewayImages:
    """Images for Envoy Gateway and Envoy that are not the ones that the chart names."""

    envoy_gateway: str
    envoy: str


def gateway_values(images: GatewayImages | None) -> dict[str, Any]:
    """Values for Envoy Gateway's chart."""
    controller = {"resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "1Gi"}}}
    values: dict[str, Any] = {"deployment": {"envoyGateway": controller}}
    if images:
        values["global"] = {
            "images": {
                "envoyGateway": {"image": images.envoy_gateway, "pullPolicy": "IfNotPresent"},
                "envoyProxy": {"image": images.envoy, "pullPolicy": "IfNotPresent"},
            }
        }
        shutdown_manager = {"image": images.envoy_gateway}
        provider = {"type": "Kubernetes", "kubernetes": {"shutdownManager": shutdown_manager}}
        values["config"] = {"envoyGateway": {"provider": provider}}
    return values


def gateway_objects(template: str, images: GatewayImages | None) -> str:
    """The gateway's objects. The EnvoyProxy replaces the chart's settings, so it must name the image again."""
    objects = list(yaml.safe_load_all(template))
    if images:
        proxy = next(item for item in objects if item["kind"] == "EnvoyProxy")
        proxy["spec"]["provider"]["kubernetes"]["envoyDeployment"]["container"]["image"] = images.envoy
    return yaml.safe_dump_all(objects, sort_keys=False)


def prepare_chart(source: Path, target: Path) -> Path:
    """A copy of the chart as it lies in the Go module, completed: only published ones have their values filled in."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    text = (target / "values.tmpl.yaml").read_text()
    text = text.replace("${GatewayImagePullPolicy}", "IfNotPresent").replace("${GatewayImage}", "set-by-our-values")
    (target / "values.yaml").write_text(text)
    return target


def install_gateway(
    kubectl: Kubectl, chart: list[str | Path], images: GatewayImages | None, run: Path, url: str, progress: Progress
) -> None:
    """Have Envoy Gateway and the gateway `public`, answering at `url`.

    `chart` is what helm is given to find the chart; `run` the folder for the cluster's state.
    """
    values = json.dumps(gateway_values(images))
    objects = gateway_objects((_OBJECTS / "gateway.yaml").read_text(), images)
    mark = hashlib.sha256(f"{values}{objects}{chart}".encode()).hexdigest()
    installed = run / "gateway-installed"
    programmed = ["get", "gateway", "public", "--namespace=gateway"]
    if not (installed.exists() and installed.read_text() == mark and kubectl.succeeds(*programmed)):
        with progress.step("installing Envoy Gateway"):
            _forget_half_done_release(kubectl)
            where = ["--namespace", _NAMESPACE, "--create-namespace"]
            words = ["upgrade", "--install", _RELEASE, *chart, *where, "--values", "-", "--wait", "--timeout", "5m"]
            kubectl.run_helm(words, doing="installing Envoy Gateway", stdin=values)
            kubectl.apply(objects, doing="making the gateway")
            write(installed, mark)
    with progress.step(f"waiting for the gateway at {url}"):
        kubectl.wait("gateway", "public", "gateway", "Programmed", 180)
        await_content(f"the gateway at {url}", speaks_http(url), 60)
    write(run / "gateway-url", f"{url}\n")


def install_dns(kubectl: Kubectl, progress: Progress) -> None:
    """Have CoreDNS (kind brings its own)."""
    with progress.step("installing CoreDNS"):
        kubectl.apply((_OBJECTS / "coredns.yaml").read_text(), doing="installing CoreDNS")
        kubectl.wait("deployment", "coredns", "kube-system", "Available", 120)


def _forget_half_done_release(kubectl: Kubectl) -> None:
    """An install that was killed half way leaves a release that helm refuses to upgrade."""
    try:
        found = kubectl.run_helm(
            ["list", "--namespace", _NAMESPACE, "--pending", "--output", "json"], doing="listing releases"
        )
    except CommandFailed:
        return
    if json.loads(found or "[]"):
        kubectl.run_helm(
            ["uninstall", _RELEASE, "--namespace", _NAMESPACE, "--wait"], doing="removing a half-done release"
        )

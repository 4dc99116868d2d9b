"""The Helm chart, rendered by Helm itself: what a reviewer would see, and what must hold whatever the values."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.cluster.binaries import HELM, ensure_tools
from dev.cluster.progress import Progress
from dev.images.cache import cache_folder
from tandem.api.crds import definitions

HERE = Path(__file__).parent
CHART = HERE.parents[2] / "charts" / "tandem"
CASES = sorted(path.stem for path in (HERE / "cases").glob("*.yaml"))


@pytest.fixture(scope="session")
def helm() -> Path:
    """Helm as pinned in dev/tools/helm; built (some minutes) where no earlier run has left it in the cache."""
    return ensure_tools((HELM,), cache_folder(), Progress())["helm"] / "helm"


def run(*words: str | Path, check: bool = True) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, done.stderr
    return done


def render(helm: Path, *words: str | Path) -> str:
    return run(helm, "template", "tandem", CHART, "--namespace", "tandem-system", *words).stdout


def objects(rendered: str) -> list[dict[str, Any]]:
    return [body for body in yaml.safe_load_all(rendered) if body]


@pytest.mark.parametrize("case", CASES)
def test_renders_as_reviewed(helm: Path, case: str) -> None:
    golden = HERE / "rendered" / f"{case}.yaml"
    rendered = render(helm, "--values", HERE / "cases" / f"{case}.yaml")
    if os.environ.get("TANDEM_UPDATE_GOLDEN") == "1":
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(rendered)
    assert rendered == golden.read_text(), "if you meant this, run with TANDEM_UPDATE_GOLDEN=1 and review the diff"


@pytest.mark.parametrize("case", CASES)
def test_lints(helm: Path, case: str) -> None:
    assert (
        "0 chart(s) failed" in run(helm, "lint", CHART, "--strict", "--values", HERE / "cases" / f"{case}.yaml").stdout
    )


@pytest.mark.parametrize("case", CASES)
def test_every_pod_is_restricted(helm: Path, case: str) -> None:
    rendered = objects(render(helm, "--values", HERE / "cases" / f"{case}.yaml"))
    pods = [body["spec"]["template"]["spec"] if body["kind"] == "Deployment" else body["spec"]
            for body in rendered if body["kind"] in ("Deployment", "Pod")]  # fmt: skip
    assert len(pods) == 2
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            context = container["securityContext"]
            assert context["readOnlyRootFilesystem"] is True
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize("case", CASES)
def test_the_operator_asks_for_no_more_than_it_does(helm: Path, case: str) -> None:
    rendered = objects(render(helm, "--values", HERE / "cases" / f"{case}.yaml"))
    rules = [
        (resource, verb)
        for body in rendered
        if body["kind"] in ("Role", "ClusterRole") and body["metadata"]["name"] == "tandem"
        for rule in body["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    ]
    assert rules
    assert not {resource for resource, _ in rules} & {
        "secrets",
        "namespaces",
        "customresourcedefinitions",
        "nodes",
        "*",
    }
    assert "*" not in {verb for _, verb in rules}
    assert {verb for resource, verb in rules if resource == "modeldeployments"} == {"get", "list", "watch"}


def test_named_namespaces_need_no_cluster_role(helm: Path) -> None:
    rendered = objects(render(helm, "--values", HERE / "cases" / "some-namespaces.yaml"))
    roles = {body["metadata"]["namespace"]: body for body in rendered if body["kind"] == "Role"}
    assert list(roles) == ["fraud", "search", "envoy-gateway-system"]
    assert roles["envoy-gateway-system"]["rules"] == [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]
    assert not [body for body in rendered if body["kind"].startswith("Cluster")]


def test_definitions_are_ours_and_are_kept(helm: Path) -> None:
    rendered = objects(render(helm, "--set", "image.repository=example", "--show-only", "templates/crds.yaml"))
    assert [body["spec"] for body in rendered] == [body["spec"] for body in definitions().values()]
    for body in rendered:
        assert body["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
        assert body["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "Helm"


REFUSED = {
    "no image": ([], "image.repository: set it to where you pushed the operator's image"),
    "a value that does not exist": (["watchNamespace=fraud"], "'watchNamespace' not allowed"),
    "a namespace that cannot be": (["watchNamespaces={Fraud}"], "does not match pattern"),
    "no service account": (
        ["image.repository=example", "serviceAccount.create=false"],
        "name an existing service account",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses_what_cannot_work(helm: Path, case: str) -> None:
    settings, words = REFUSED[case]
    done = run(helm, "template", "tandem", CHART, *(f"--set={setting}" for setting in settings), check=False)
    assert done.returncode != 0
    assert words in done.stderr


def test_notes_say_what_to_do_next(helm: Path) -> None:
    settings = ["--set=image.repository=example", "--set=crds.install=false", "--set=watchNamespaces={fraud}"]
    notes = run(helm, "install", "tandem", CHART, "--dry-run=client", *settings).stdout
    assert "helm test tandem -n default" in notes
    assert "kind: ModelDeployment" in notes
    assert "namespace: fraud" in notes


@pytest.mark.parametrize(
    ("role", "verb", "resource", "allowed"),
    [
        ("view", "list", "modeldeployments", True),
        ("view", "create", "modeldeployments", False),
        ("edit", "patch", "modeldeployments", True),
        ("edit", "patch", "modelrevisions", True),
        ("edit", "delete", "modelrevisions", False),
        ("edit", "patch", "modeldeployments/status", False),
        ("admin", "delete", "modeldeployments", True),
    ],
)
def test_the_roles_of_people_know_models(helm: Path, role: str, verb: str, resource: str, *, allowed: bool) -> None:
    rendered = render(helm, "--set", "image.repository=example", "--show-only", "templates/roles-for-people.yaml")
    granted = {
        (may, what)
        for body in objects(rendered)
        if f"rbac.authorization.k8s.io/aggregate-to-{role}" in body["metadata"]["labels"]
        for rule in body["rules"]
        for may in rule["verbs"]
        for what in rule["resources"]
    }
    assert ((verb, resource) in granted) is allowed

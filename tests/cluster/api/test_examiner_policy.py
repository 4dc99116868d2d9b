"""Beyond what RBAC can say: the account of an examination creates the Secret of what was missed, and no other."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.cluster.binaries import HELM, ensure_tools
from dev.cluster.progress import Progress
from dev.images.cache import cache_folder
from tandem.api.objects import parse_revision
from tandem.manifests.missed import secret_manifest

pytestmark = pytest.mark.cluster

Kubectl = Callable[..., "subprocess.CompletedProcess[str]"]
Create = Callable[..., "subprocess.CompletedProcess[str]"]

CHART = Path(__file__).resolve().parents[3] / "charts" / "tandem"
NAMESPACE = "examined"
ACCOUNT = f"system:serviceaccount:{NAMESPACE}:fraud-tandem-examiner"
SOMEBODY = f"system:serviceaccount:{NAMESPACE}:fraud-examiner"
REVISION = parse_revision(
    {
        "metadata": {"name": "fraud-r2", "namespace": NAMESPACE, "uid": "7d9f8c1e-0000-4000-8000-000000000000"},
        "spec": {"number": 2, "image": "x", "declared": "", "template": "", "renderer": "1"},
    }
)


@pytest.fixture(scope="module")
def create(kubectl: Kubectl) -> Iterator[Create]:
    """Create a Secret as somebody who may create any; the policy is there, and heeded."""
    helm = ensure_tools((HELM,), cache_folder(), Progress())["helm"] / "helm"
    words = ["--set", "image.repository=example", "--show-only", "templates/examiner-policy.yaml"]
    rendered = subprocess.run([helm, "template", "tandem", CHART, *words], capture_output=True, text=True, check=True)
    rules = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["create"]}]
    rights = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {"kind": "Role", "metadata": {"name": "creates", "namespace": NAMESPACE}, "rules": rules, **RBAC},
        {
            "kind": "RoleBinding",
            "metadata": {"name": "creates", "namespace": NAMESPACE},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "creates"},
            "subjects": [{"kind": "User", "name": name} for name in (ACCOUNT, SOMEBODY)],
            **RBAC,
        },
    ]
    kubectl("apply", "-f", "-", given=yaml.safe_dump_all(rights))
    kubectl("apply", "-f", "-", given=rendered.stdout)

    def make(manifest: dict[str, Any], who: str = ACCOUNT) -> "subprocess.CompletedProcess[str]":
        words = ("create", "--dry-run=server", "-f", "-", f"--as={who}")
        return kubectl(*words, given=json.dumps(manifest), check=False)

    end = time.monotonic() + 60
    while make(secret(name="db")).returncode == 0:  # the API server takes some seconds to heed a new policy
        assert time.monotonic() < end, "nothing is refused"
        time.sleep(0.5)
    yield make
    kubectl("delete", "-f", "-", given=rendered.stdout)


RBAC = {"apiVersion": "rbac.authorization.k8s.io/v1"}


def secret(name: str = "fraud-r2-quality-1-0123456789-01234567", **changes: Any) -> dict[str, Any]:
    made = {**secret_manifest(REVISION, name), **changes}
    return {key: value for key, value in made.items() if value is not None}


def test_what_the_pod_writes_is_let_through(create: Create) -> None:
    made = create(secret())
    assert made.returncode == 0, made.stderr


TOKEN: dict[str, Any] = {
    "type": "kubernetes.io/service-account-token",
    "metadata": {
        **secret()["metadata"],
        "annotations": {"kubernetes.io/service-account.name": "default"},
    },
}
ORPHAN: dict[str, Any] = {"metadata": {"name": secret()["metadata"]["name"], "namespace": NAMESPACE}}


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        (secret(name="db"), "called after its pod"),
        (secret(name="spam-r1-quality-1-0123456789"), "called after its pod"),
        (secret(immutable=None), "immutable"),
        (secret(**TOKEN), "type Opaque"),
        (secret(**ORPHAN), "deleted with the ModelRevision"),
    ],
)
def test_no_other_secret_is(create: Create, manifest: dict[str, Any], says: str) -> None:
    refused = create(manifest)
    assert refused.returncode != 0
    assert says in refused.stderr


def test_everybody_else_creates_what_they_may(create: Create) -> None:
    made = create(secret(name="db", immutable=None), SOMEBODY)
    assert made.returncode == 0, made.stderr

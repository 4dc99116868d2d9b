"""The installed chart: its own test passes, and the operator may do no more than it needs."""

import pytest

from dev.kube import stack
from dev.kube.client import Kube, KubeFailed

OPERATOR = f"system:serviceaccount:{stack.OPERATOR_NAMESPACE}:{stack.RELEASE}"


def asking(verb: str, what: str) -> list[str]:
    """Return the question to kubectl; a slash would name an object, not a subresource."""
    resource, _, subresource = what.partition("/")
    of = [f"--subresource={subresource}"] if subresource else []
    return ["auth", "can-i", verb, resource, *of, "--all-namespaces", f"--as={OPERATOR}"]


def test_helm_test_passes(kube: Kube) -> None:
    said = kube.command(
        "helm",
        "test",
        stack.RELEASE,
        "--namespace",
        stack.OPERATOR_NAMESPACE,
        "--logs",
        "--timeout",
        "120s",
        seconds=150,
    )
    assert "the operator is healthy" in said


@pytest.mark.parametrize(
    ("verb", "what"),
    [
        ("get", "secrets"),
        ("update", "modeldeployments"),
        ("patch", "modeldeployments"),
        ("delete", "modeldeployments"),
        ("update", "modeldeployments/finalizers"),
        ("delete", "deployments"),
        ("update", "pods"),
        ("patch", "pods"),
        ("create", "pods/exec"),
        ("list", "namespaces"),
        ("get", "customresourcedefinitions"),
        ("create", "clusterrolebindings"),
    ],
)
def test_what_the_operator_may_not_do(kube: Kube, verb: str, what: str) -> None:
    # kubectl ends with an error where the answer is no.
    with pytest.raises(KubeFailed, match=r"failed: (no$|Warning: .* is not namespace scoped)"):
        kube.kubectl(*asking(verb, what))


@pytest.mark.parametrize(
    ("verb", "what"),
    [
        ("create", "pods"),
        ("delete", "pods"),
        ("watch", "modeldeployments.tandem.dev"),
        ("update", "modeldeployments.tandem.dev/status"),
        ("patch", "deployments.apps/scale"),
        ("create", "httproutes.gateway.networking.k8s.io"),
        ("get", "pods/log"),
    ],
)
def test_what_the_operator_may_do(kube: Kube, verb: str, what: str) -> None:
    assert kube.kubectl(*asking(verb, what)).strip() == "yes"


def test_the_operator_tells_of_itself(kube: Kube) -> None:
    path = f"/api/v1/namespaces/{stack.OPERATOR_NAMESPACE}/services/{stack.RELEASE}:metrics/proxy/metrics"
    assert "tandem_reconcile_seconds_count" in kube.kubectl("get", "--raw", path)

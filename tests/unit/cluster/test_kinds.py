"""Paths into the API."""

import pytest

from tandem.cluster.kinds import HTTP_ROUTE, KINDS, NAMESPACE, POD, WATCHED, Kind, kind_of


@pytest.mark.parametrize(
    ("kind", "namespace", "name", "subresource", "path"),
    [
        (POD, None, None, None, "/api/v1/pods"),
        (POD, "demo", None, None, "/api/v1/namespaces/demo/pods"),
        (POD, "demo", "p", "log", "/api/v1/namespaces/demo/pods/p/log"),
        (POD, "demo", "p:3000", "proxy/metrics", "/api/v1/namespaces/demo/pods/p:3000/proxy/metrics"),
        (HTTP_ROUTE, "demo", "r", "status", "/apis/gateway.networking.k8s.io/v1/namespaces/demo/httproutes/r/status"),
        (NAMESPACE, "demo", "demo", None, "/api/v1/namespaces/demo"),
        (NAMESPACE, None, "demo", None, "/api/v1/namespaces/demo"),
        (POD, "demo", "../secrets", None, "/api/v1/namespaces/demo/pods/..%2Fsecrets"),
    ],
)
def test_path(kind: Kind, namespace: str | None, name: str | None, subresource: str | None, path: str) -> None:
    assert kind.path(namespace, name, subresource) == path


def test_a_kind_is_found_by_what_the_object_says() -> None:
    for kind in WATCHED:
        assert kind_of({"apiVersion": kind.api_version, "kind": kind.kind}) is kind
    with pytest.raises(LookupError, match="apps/v1 DaemonSet"):
        kind_of({"apiVersion": "apps/v1", "kind": "DaemonSet"})


def test_everything_that_others_own_as_well_is_watched_by_our_label_only() -> None:
    unselected = {kind.kind for kind in WATCHED if kind.selector is None}
    assert unselected == {"ModelDeployment", "ModelRevision"}
    assert len({kind.kind for kind in KINDS.values()}) == len(KINDS)

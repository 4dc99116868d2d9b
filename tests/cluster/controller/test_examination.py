"""The pod that asks a candidate, before a real API server: taken as it is in a namespace that allows the least."""

import pytest

from tandem.cluster.client import Cluster
from tandem.cluster.kinds import NAMESPACE
from tests.golden.manifests.test_examination import examination_manifests

pytestmark = pytest.mark.cluster

ENFORCE = "pod-security.kubernetes.io/enforce"


async def test_it_is_allowed_where_pod_security_is_restricted(cluster: Cluster, namespace: str) -> None:
    await cluster.merge_patch(NAMESPACE, "", namespace, {"metadata": {"labels": {ENFORCE: "restricted"}}})
    for manifest in examination_manifests():
        del manifest["metadata"]["ownerReferences"]  # the revision of the golden case is in no cluster
        manifest["metadata"]["namespace"] = namespace
        live = await cluster.create(manifest)
        assert live["metadata"]["labels"] == manifest["metadata"]["labels"]

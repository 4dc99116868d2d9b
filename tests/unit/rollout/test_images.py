"""Pods run one image or several, as far as what their nodes report of it can be compared."""

import pytest

from tandem.api.objects import parse_revision
from tandem.rollout.images import different_images
from tandem.rollout.observation import PodState, RevisionState

REPOSITORY = "registry.example.com/fraud"


def reported(seen: list[str], known: list[str]) -> RevisionState:
    """A version whose pods report these image ids now; others were recorded before."""
    spec = {"number": 1, "image": f"{REPOSITORY}:1", "declared": "{}", "template": "{}", "renderer": "1"}
    revision = parse_revision({"metadata": {"name": "fraud-r1"}, "spec": spec, "status": {"imageIds": known}})
    pods = tuple(PodState(f"p{n}", f"uid-{n}", None, ready=True, image_id=one) for n, one in enumerate(seen))
    return RevisionState(revision, workload=True, wanted=len(pods), pods=pods)


@pytest.mark.parametrize(
    ("seen", "known"),
    [
        pytest.param([], [], id="nothing is reported yet"),
        pytest.param([f"{REPOSITORY}@sha256:index"] * 2, [], id="pulled on nodes of two architectures"),
        pytest.param(["sha256:config"] * 2, [], id="loaded by hand on two nodes"),
        pytest.param([f"{REPOSITORY}@sha256:index", "sha256:config"], [], id="pulled on one node, loaded on another"),
        pytest.param([f"{REPOSITORY}@sha256:index"], ["sha256:config"], id="loaded first, then pulled as well"),
        pytest.param(
            [f"{REPOSITORY}@sha256:index", "mirror.example.com/fraud@sha256:one"], [], id="known from two repositories"
        ),
        pytest.param(
            [f"docker-pullable://{REPOSITORY}@sha256:index", f"{REPOSITORY}@sha256:index"], [], id="two runtimes"
        ),
        pytest.param(["docker://sha256:config", "sha256:config"], [], id="two runtimes, loaded by hand"),
    ],
)
def test_one_image(seen: list[str], known: list[str]) -> None:
    assert different_images(reported(seen, known)) == frozenset()


@pytest.mark.parametrize(
    ("seen", "known", "different"),
    [
        pytest.param(
            [f"{REPOSITORY}@sha256:old", f"{REPOSITORY}@sha256:new"],
            [],
            {f"{REPOSITORY}@sha256:old", f"{REPOSITORY}@sha256:new"},
            id="pushed again",
        ),
        pytest.param(
            [f"{REPOSITORY}@sha256:new"],
            [f"{REPOSITORY}@sha256:old"],
            {f"{REPOSITORY}@sha256:old", f"{REPOSITORY}@sha256:new"},
            id="pushed again, the old pods are gone",
        ),
        pytest.param(["sha256:old", "sha256:new"], [], {"sha256:old", "sha256:new"}, id="loaded again"),
        pytest.param(
            [f"{REPOSITORY}@sha256:index", "sha256:old"],
            ["sha256:new"],
            {"sha256:old", "sha256:new"},
            id="loaded again beside a node that pulled it",
        ),
        pytest.param(
            ["registry.example.com:443/fraud@sha256:old", "registry.example.com:443/fraud@sha256:new"],
            [],
            {"registry.example.com:443/fraud@sha256:old", "registry.example.com:443/fraud@sha256:new"},
            id="a registry with a port",
        ),
    ],
)
def test_different_images(seen: list[str], known: list[str], different: set[str]) -> None:
    assert different_images(reported(seen, known)) == different

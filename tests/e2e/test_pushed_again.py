"""A tag is pushed again: pods of one version that run different images are refused as a candidate, named in stable."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from dev.images.archive import read_images, write_names
from dev.kube import stack
from dev.kube.client import Kube, Object, conditions, until
from dev.kube.model import Model
from dev.traffic.summary import lost
from tests.e2e.conftest import NewModel

HALF = {"steps": [{"weight": 50, "hold": "10m"}]}
TWO_PODS = {"replicas": {"min": 2}}


@dataclass(frozen=True)
class Tag:
    """A tag that is pushed twice."""

    version: str
    before: str
    """The version whose content it has first."""
    after: str


CANDIDATE = Tag("moving-candidate", before="better", after="failing")
STABLE = Tag("moving-stable", before="first", after="better")


def push(kube: Kube, archives: dict[str, Path], folder: Path, contents: dict[str, str]) -> None:
    """Have tags (keys) on the node with the content of other versions (values)."""
    images = {tag: read_images(archives[image(version)])[image(version)] for tag, version in contents.items()}
    archive = folder / f"{'-'.join(contents.values())}.tar"
    write_names(archive, {image(tag): content for tag, content in images.items()})
    stack.load_archives([archive], kube.name)


def image(version: str) -> str:
    return f"tandem.local/digits:{version}"


@dataclass(frozen=True)
class Pushed:
    """Two models whose tags were pushed again: one where it is the candidate's, one where it is stable's."""

    candidate: Model
    stable: Model


@pytest.fixture(scope="module")
def pushed(
    module_stage: NewModel, kube: Kube, archives: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Pushed:
    folder = tmp_path_factory.mktemp("pushed")
    push(kube, archives, folder, {tag.version: tag.before for tag in (CANDIDATE, STABLE)})
    candidate, stable = module_stage(), module_stage()
    candidate.apply("first", serving=TWO_PODS, rollout=HALF)
    stable.apply(STABLE.version, serving=TWO_PODS)
    candidate.wait("Ready")
    candidate.apply(CANDIDATE.version)
    candidate.until_candidate(CANDIDATE.version, 50)
    stable.wait("Ready")
    push(kube, archives, folder, {tag.version: tag.after for tag in (CANDIDATE, STABLE)})
    return Pushed(candidate, stable)


def test_a_candidate_whose_tag_was_pushed_again_is_sent_back_before_the_other_image_answers(pushed: Pushed) -> None:
    model = pushed.candidate
    serving = names(model.pods("first"))
    with model.traffic() as traffic:
        until(lambda: any(o.version == CANDIDATE.before for o in traffic.outcomes()), 30, "the candidate answers")
        delete_a_pod(model, CANDIDATE.version)
        stalled = conditions(model.wait("Stalled"))["Stalled"]
        model.until(lambda _thing: model.live_weight(CANDIDATE.version) == 0, 30, "no weight on the candidate")
        answered = len(traffic.outcomes())
        until(lambda: len(traffic.outcomes()) > answered + 150, 30, "answers after it was sent back")
        outcomes = traffic.stop()
    assert stalled["reason"] == "MixedImages"
    assert f"tag {image(CANDIDATE.version)} was pushed again" in stalled["message"]
    assert {outcome.version for outcome in outcomes} == {"first", CANDIDATE.before}, "the other image never answered"
    assert lost(outcomes) == []
    assert len(model.revision(CANDIDATE.version)["status"]["imageIds"]) == 2
    assert model.slots() == ("first", None)
    assert names(model.pods("first")) == serving


def test_a_stable_version_whose_tag_was_pushed_again_is_named_and_goes_on_serving(pushed: Pushed) -> None:
    model = pushed.stable
    with model.traffic() as traffic:
        delete_a_pod(model, STABLE.version)
        changed = conditions(model.wait("ImageChanged"))["ImageChanged"]
        until(lambda: any(o.version == STABLE.after for o in traffic.outcomes()), 60, "the other image answers")
        outcomes = traffic.stop()
    assert changed["reason"] == "MixedImages"
    assert f"tag {image(STABLE.version)} was pushed again" in changed["message"]
    assert model.conditions()["Ready"]["status"] == "True"
    assert model.slots() == (STABLE.version, None)
    assert lost(outcomes) == []


def delete_a_pod(model: Model, version: str) -> None:
    """Have a pod replaced, as a drained node would."""
    name = model.pods(version)[0]["metadata"]["name"]
    model.kube.delete("pod", name, model.namespace, "--wait=false")


def names(pods: list[Object]) -> list[str]:
    return [pod["metadata"]["name"] for pod in pods]

"""What a spec declares is found out once, and again whenever something has changed that decides it."""

from typing import Any

import pytest

from tandem.api.objects import ModelDeployment, ModelRevision, parse_deployment, parse_revision
from tandem.controller.declarations import Declarations
from tandem.manifests.configs import ConfigContent
from tandem.manifests.declared import declare, same_version
from tandem.manifests.errors import ConfigMissing
from tandem.manifests.revision import revision_manifest

KEY = ("payments", "fraud")
CONFIG = {"configMap": "thresholds", "mountPath": "/etc/fraud"}


def deployment(image: str = "fraud:1", generation: int = 1, uid: str = "uid", **model: Any) -> ModelDeployment:
    owner = {"team": "risk-models", "contact": "risk-models@example.com"}
    spec = {"owners": {"dataScience": owner}, "model": {"image": image, **model}}
    metadata = {"name": KEY[1], "namespace": KEY[0], "uid": uid, "generation": generation}
    return parse_deployment({"metadata": metadata, "spec": spec})


def revision(of: ModelDeployment, number: int, contents: dict[str, ConfigContent] | None = None) -> ModelRevision:
    manifest = revision_manifest(of, declare(of.spec, contents or {}), number, ())
    manifest["metadata"]["uid"] = f"uid-of-r{number}"
    return parse_revision(manifest)


def named(*revisions: ModelRevision) -> dict[str, ModelRevision]:
    return {each.metadata.name: each for each in revisions}


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The revisions that were really compared."""
    found: list[str] = []

    def counting(declared: Any, spec: Any) -> bool:
        found.append(f"r{spec.number}")
        return same_version(declared, spec)

    monkeypatch.setattr("tandem.controller.declarations.same_version", counting)
    return found


def test_without_a_revision_it_gives_what_one_is_to_be_made_of() -> None:
    md = deployment()
    match = Declarations().match(md, {}, {})
    assert match.revision is None
    assert match.declared == declare(md.spec, {})


def test_the_newest_of_equal_revisions_is_the_declared_one() -> None:
    md = deployment()
    assert Declarations().match(md, {}, named(revision(md, 1), revision(md, 2))).revision == "fraud-r2"


def test_nothing_is_compared_twice(compared: list[str]) -> None:
    md, known = deployment(), Declarations()
    for _ in range(3):
        assert known.match(md, {}, named(revision(md, 1))).revision == "fraud-r1"
    assert compared == ["r1"]


def test_a_new_generation_is_looked_at() -> None:
    known, made = Declarations(), named(revision(deployment(), 1))
    assert known.match(deployment(), {}, made).revision == "fraud-r1"
    assert known.match(deployment("fraud:2", generation=2), {}, made).revision is None
    assert known.match(deployment(generation=3), {}, made).revision == "fraud-r1"


def test_an_object_of_the_same_name_is_another_one() -> None:
    known, made = Declarations(), named(revision(deployment(), 1))
    assert known.match(deployment(), {}, made).revision == "fraud-r1"
    assert known.match(deployment("fraud:2", uid="another"), {}, made).revision is None


def test_a_revision_that_is_gone_is_not_declared() -> None:
    md, known = deployment(), Declarations()
    assert known.match(md, {}, named(revision(md, 1))).revision == "fraud-r1"
    assert known.match(md, {}, {}).revision is None


def test_changed_content_of_a_config_map_is_looked_at() -> None:
    md, known = deployment(config=[CONFIG]), Declarations()
    low, high = ({"thresholds": ConfigContent({"limit": value})} for value in ("1", "2"))
    made = named(revision(md, 1, low))
    assert known.match(md, low, made).revision == "fraud-r1"
    assert known.match(md, high, made).revision is None
    with pytest.raises(ConfigMissing):
        known.match(md, {}, made)
    assert known.match(md, low, made).revision == "fraud-r1"


def test_what_is_forgotten_is_compared_anew(compared: list[str]) -> None:
    md, known = deployment(), Declarations()
    known.match(md, {}, named(revision(md, 1)))
    known.forget(KEY)
    known.match(md, {}, named(revision(md, 1)))
    assert compared == ["r1", "r1"]

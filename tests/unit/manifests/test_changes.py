"""What changed is said in words that fit into an Event, and never shows what may be private."""

from typing import Any

import pytest

from tandem.manifests import changes as words
from tandem.manifests.changes import changes, changes_beside_image
from tandem.manifests.configs import ConfigContent
from tandem.manifests.declared import declare
from tests.unit.manifests.conftest import MakeDeployment, MakeRevision


def test_changes_tell_what_happened_and_no_private_value(deployment: MakeDeployment, revision: MakeRevision) -> None:
    old = deployment(
        model={"env": [{"name": "TOKEN", "value": "hunter2"}, {"name": "OLD", "value": "1"}]},
        serving={
            "resources": {"limits": {"memory": "1Gi"}},
            "startup": {"warmup": [{"path": "/predict", "body": {"name": "Ada"}}]},
        },
    )
    new = deployment(
        model={
            "image": "registry.example.com/fraud:2",
            "env": [{"name": "TOKEN", "value": "hunter3"}, {"name": "NEW", "value": "2"}],
            "secrets": [{"secret": "fraud-db", "env": True}],
        },
        serving={
            "timeout": "90s",
            "resources": {"limits": {"memory": "2Gi"}},
            "startup": {"warmup": [{"path": "/predict", "body": {"name": "Grace"}}]},
        },
    )
    lines = changes(declare(new.spec, {}), revision(old).spec)
    assert lines == [
        "model.env: NEW added",
        "model.env: OLD removed",
        "model.env: TOKEN changed",
        "model.image: registry.example.com/fraud:1 -> registry.example.com/fraud:2",
        'model.secrets: fraud-db none -> {"env": true}',
        "serving.resources.limits: memory 1Gi -> 2Gi",
        "serving.startup.warmup: changed",
        "serving.timeout: 60 -> 90",
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param({}, {}, "", id="nothing"),
        pytest.param({}, {"model": {"image": "registry.example.com/fraud:2"}}, "", id="the image only"),
        pytest.param(
            {"serving": {"timeout": "60s"}},
            {"serving": {"timeout": "90s"}, "model": {"image": "registry.example.com/fraud:2"}},
            "serving.timeout: 60 -> 90",
            id="the image and something else",
        ),
        pytest.param(
            {"model": {"env": [{"name": "TOKEN", "value": "hunter2"}]}},
            {"model": {"env": [{"name": "TOKEN", "value": "hunter3"}]}, "serving": {"timeout": "90s"}},
            "model.env: TOKEN changed; serving.timeout: 60 -> 90",
            id="several things",
        ),
        pytest.param({"serving": {"timeout": "60s"}}, {}, "", id="a default that is left out now"),
    ],
)
def test_two_revisions_differ_in_words(
    old: dict[str, Any], new: dict[str, Any], said: str, deployment: MakeDeployment, revision: MakeRevision
) -> None:
    before, after = revision(deployment(**old)), revision(deployment(**new), number=2)
    assert changes_beside_image(after.spec, before.spec) == said


def test_a_config_map_that_changed_is_named_by_its_keys(deployment: MakeDeployment, revision: MakeRevision) -> None:
    md = deployment(model={"config": [{"configMap": "thresholds", "mountPath": "/etc/fraud"}]})
    before = revision(md, {"thresholds": ConfigContent({"limit": "0.5"})})
    after = revision(md, {"thresholds": ConfigContent({"limit": "0.6"})}, number=2)
    assert changes_beside_image(after.spec, before.spec) == "model.config: /etc/fraud: limit changed"


def test_many_and_long_changes_are_cut_short(deployment: MakeDeployment, revision: MakeRevision) -> None:
    env = [{"name": f"VARIABLE_{number:02}", "value": "1"} for number in range(60)]
    serving = {"nodeSelector": {"pool": "x" * 60, "zone": "y" * 60, "arch": "z" * 60}, "timeout": "90s"}
    before, after = revision(deployment()), revision(deployment(model={"env": env}, serving=serving), number=2)
    said = changes_beside_image(after.spec, before.spec)
    assert said.startswith("model.env: VARIABLE_00 added; model.env: VARIABLE_01 added; ")
    assert said.endswith("; and 44 more")
    assert len(said) <= words.MAX_CHANGES + len("; and 44 more")


def test_a_single_long_change_is_told_as_far_as_there_is_room(
    deployment: MakeDeployment, revision: MakeRevision
) -> None:
    affinity = {"nodeAffinity": {"note": "z" * 1000}}
    before, after = revision(deployment()), revision(deployment(serving={"affinity": affinity}), number=2)
    said = changes_beside_image(after.spec, before.spec)
    assert said.startswith('serving.affinity: nodeAffinity none -> {"note": "zzz')
    assert said.endswith("z…")
    assert len(said) == words.MAX_CHANGE

from collections.abc import Callable, Iterator
from typing import Any, get_args

import pytest

from tandem.api.base import ApiModel
from tandem.api.model import Model
from tandem.api.objects import ModelDeployment, ModelRevision
from tandem.api.serving import Serving
from tandem.manifests import fields
from tandem.manifests.changes import changes
from tandem.manifests.configs import MAX_BYTES, ConfigContent
from tandem.manifests.declared import changed_fields, config_maps, declare, same_version
from tandem.manifests.errors import ConfigMissing, ConfigTooLarge, DeclarationTooLarge, MountConflict
from tandem.manifests.fields import CONFIG_FIELD

MakeDeployment = Callable[..., ModelDeployment]
MakeRevision = Callable[..., ModelRevision]
Section = dict[str, Any]

THRESHOLDS = {"fraud-thresholds": ConfigContent({"limits.yaml": "low: 1\nhigh: 2\n"}, {"table.bin": "AAEC"})}
WITH_CONFIG = {"config": [{"configMap": "fraud-thresholds", "mountPath": "/etc/fraud"}]}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({}, {"serving": {"timeout": "60s"}}, id="a default written explicitly"),
        pytest.param({}, {"serving": {"timeout": "1m", "readOnlyRoot": True}}, id="in other words"),
        pytest.param({}, {"serving": {"startup": {"deadline": "3m"}}}, id="nested"),
        pytest.param({}, {"serving": {"resources": {"requests": {"cpu": "0.1", "memory": "512Mi"}}}}, id="amounts"),
        pytest.param({}, {"model": {"env": [], "config": [], "secrets": []}}, id="empty lists"),
        pytest.param({}, {"serving": {"replicas": {"min": 7}}}, id="replicas only scale"),
        pytest.param({}, {"requirements": {"availability": "99%"}}, id="objectives re-judge, and roll nothing"),
        pytest.param(
            {"serving": {"resources": {"limits": {"memory": "1Gi"}}}},
            {"serving": {"resources": {"limits": {"memory": "1024Mi"}}}},
            id="the same amount",
        ),
        pytest.param(
            {"model": {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": ""}]}},
            {"model": {"env": [{"name": "B", "value": ""}, {"name": "A", "value": "1"}]}},
            id="order of variables",
        ),
        pytest.param(
            {"serving": {"tolerations": [{"key": "gpu"}, {"key": "spot", "operator": "Exists"}]}},
            {"serving": {"tolerations": [{"key": "spot", "operator": "Exists"}, {"key": "gpu", "operator": "Equal"}]}},
            id="order of tolerations",
        ),
        pytest.param(
            {"serving": {"startup": {"warmup": [{"path": "/predict", "body": {"a": 1.0, "b": 2}}]}}},
            {"serving": {"startup": {"warmup": [{"path": "/predict", "body": {"b": 2, "a": 1}}]}}},
            id="order of keys in a body",
        ),
    ],
)  # fmt: skip
def test_what_means_the_same_is_the_same_version(
    before: Section, after: Section, deployment: MakeDeployment, revision: MakeRevision
) -> None:
    for one, other in ((before, after), (after, before)):
        made = revision(deployment(**one))
        assert changed_fields(declare(deployment(**other).spec, {}), made.spec) == []
        assert same_version(declare(deployment(**other).spec, {}), made.spec)


@pytest.mark.parametrize(
    ("before", "after", "field"),
    [
        ({}, {"model": {"image": "registry.example.com/fraud:2"}}, "model.image"),
        ({}, {"model": {"service": "FraudService"}}, "model.service"),
        ({}, {"model": {"env": [{"name": "A", "value": "1"}]}}, "model.env"),
        ({}, {"model": {"secrets": [{"secret": "db", "env": True}]}}, "model.secrets"),
        ({}, {"model": {"imagePullSecrets": ["registry"]}}, "model.imagePullSecrets"),
        ({}, {"serving": {"timeout": "61s"}}, "serving.timeout"),
        ({}, {"serving": {"readOnlyRoot": False}}, "serving.readOnlyRoot"),
        ({}, {"serving": {"topologySpreadConstraints": []}}, "serving.topologySpreadConstraints"),
        ({}, {"serving": {"startup": {"deadline": "4m"}}}, "serving.startup.deadline"),
        (
            {"serving": {"startup": {"warmup": [{"path": "/a"}, {"path": "/b"}]}}},
            {"serving": {"startup": {"warmup": [{"path": "/b"}, {"path": "/a"}]}}},
            "serving.startup.warmup",
        ),
        (
            {"serving": {"startup": {"warmup": [{"path": "/a", "body": {"x": 1}}]}}},
            {"serving": {"startup": {"warmup": [{"path": "/a", "body": {"x": True}}]}}},
            "serving.startup.warmup",
        ),
    ],
)
def test_what_means_something_else_is_another_version(
    before: Section, after: Section, field: str, deployment: MakeDeployment, revision: MakeRevision
) -> None:
    for one, other in ((before, after), (after, before)):
        made = revision(deployment(**one))
        assert changed_fields(declare(deployment(**other).spec, {}), made.spec) == [field]


def test_a_changed_default_makes_no_new_version(
    deployment: MakeDeployment, revision: MakeRevision, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = revision(deployment())
    newer = _with_default("serving.startup.deadline", 300)
    monkeypatch.setattr(fields, "FIELDS", newer)
    assert declare(deployment().spec, {}).effective["serving.startup.deadline"] == 300
    assert same_version(declare(deployment().spec, {}), made.spec)
    as_it_was = deployment(serving={"startup": {"deadline": "3m"}})
    assert same_version(declare(as_it_was.spec, {}), made.spec), "the old default, now written down, is what runs"
    explicit = deployment(serving={"startup": {"deadline": "5m"}})
    assert not same_version(declare(explicit.spec, {}), made.spec), "asking for the new default is a wish"


def test_a_wish_taken_back_is_compared_with_what_applies_then(
    deployment: MakeDeployment, revision: MakeRevision, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = revision(deployment(serving={"startup": {"deadline": "3m"}}))
    assert same_version(declare(deployment().spec, {}), made.spec)
    monkeypatch.setattr(fields, "FIELDS", _with_default("serving.startup.deadline", 300))
    assert not same_version(declare(deployment().spec, {}), made.spec)


def test_a_field_that_a_newer_tandem_added_counts_as_left_to_the_defaults(
    deployment: MakeDeployment, revision: MakeRevision, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = revision(deployment())
    monkeypatch.setattr(fields, "FIELDS", (*fields.FIELDS, _field("serving.workers", lambda _: None, 1)))
    assert same_version(declare(deployment().spec, {}), made.spec)
    monkeypatch.setattr(fields, "FIELDS", (*fields.FIELDS[:-1], _field("serving.workers", lambda _: 1, 1)))
    assert same_version(declare(deployment().spec, {}), made.spec), "its default, written down"
    monkeypatch.setattr(fields, "FIELDS", (*fields.FIELDS[:-1], _field("serving.workers", lambda _: 4, 1)))
    assert changed_fields(declare(deployment().spec, {}), made.spec) == ["serving.workers"]


def test_a_field_that_only_the_revision_knows_is_not_judged(deployment: MakeDeployment, revision: MakeRevision) -> None:
    made = revision(deployment())
    newer = made.spec.with_changes(declared=made.spec.declared + "serving.workers: 4\n")
    assert same_version(declare(deployment().spec, {}), newer)


def test_the_content_of_a_config_map_is_part_of_the_version(deployment: MakeDeployment, revision: MakeRevision) -> None:
    md = deployment(model=WITH_CONFIG)
    made = revision(md, THRESHOLDS)
    assert config_maps(md.spec) == ["fraud-thresholds"]
    assert same_version(declare(md.spec, THRESHOLDS), made.spec)
    changed = {"fraud-thresholds": ConfigContent({"limits.yaml": "low: 1\nhigh: 3\n", "new": ""})}
    assert changed_fields(declare(md.spec, changed), made.spec) == ["model.config"]
    assert changes(declare(md.spec, changed), made.spec) == [
        "model.config: /etc/fraud: limits.yaml changed, new added, table.bin removed"
    ]
    assert changes(declare(deployment().spec, {}), made.spec) == ["model.config: /etc/fraud removed"]


def test_a_config_map_under_another_name_with_the_same_content_is_no_new_version(
    deployment: MakeDeployment, revision: MakeRevision
) -> None:
    made = revision(deployment(model=WITH_CONFIG), THRESHOLDS)
    renamed = deployment(model={"config": [{"configMap": "fraud-2", "mountPath": "/etc/fraud/"}]})
    assert same_version(declare(renamed.spec, {"fraud-2": THRESHOLDS["fraud-thresholds"]}), made.spec)


def test_another_digest_function_makes_no_new_version(
    deployment: MakeDeployment, revision: MakeRevision, monkeypatch: pytest.MonkeyPatch
) -> None:
    md = deployment(model=WITH_CONFIG)
    made = revision(md, THRESHOLDS)
    monkeypatch.setattr(ConfigContent, "digest", lambda _: "blake3:other")
    assert same_version(declare(md.spec, THRESHOLDS), made.spec)


def test_a_missing_config_map_is_named(deployment: MakeDeployment) -> None:
    with pytest.raises(ConfigMissing, match=r"ConfigMap fraud-thresholds, to be mounted at /etc/fraud .* create it"):
        declare(deployment(model=WITH_CONFIG).spec, {})


def test_config_maps_that_do_not_fit_are_refused_with_the_largest_named(deployment: MakeDeployment) -> None:
    config = [{"configMap": "small", "mountPath": "/a"}, {"configMap": "large", "mountPath": "/b"}]
    md = deployment(model={"config": config})
    fitting = {"small": ConfigContent({"k": "x" * 100}), "large": ConfigContent({"k": "x" * (MAX_BYTES - 102)})}
    declare(md.spec, fitting)
    with pytest.raises(ConfigTooLarge, match=r"400 KiB together, at most 400 KiB .* mounted at /b"):
        declare(md.spec, {**fitting, "large": ConfigContent({"k": "x" * (MAX_BYTES - 101)})})


def test_config_maps_that_grow_too_long_as_text_are_refused(deployment: MakeDeployment) -> None:
    config = deployment(model={"config": [{"configMap": "lines", "mountPath": "/a"}]})
    with pytest.raises(ConfigTooLarge, match="when written as YAML"):
        declare(config.spec, {"lines": ConfigContent({"k": "\n1" * (MAX_BYTES // 2 - 10)})})


def test_a_declaration_that_does_not_fit_is_refused(deployment: MakeDeployment) -> None:
    env = [{"name": f"A{i}", "value": "x" * 8000} for i in range(20)]
    with pytest.raises(DeclarationTooLarge, match="move long env values"):
        declare(deployment(model={"env": env}).spec, {})


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"config": [{"configMap": "c", "mountPath": "/tmp/"}]}, "ConfigMap c is to be mounted at /tmp, where Tandem"),
        ({"secrets": [{"secret": "s", "mountPath": "/etc/tandem"}]}, "Secret s is to be mounted at /etc/tandem"),
        (
            {
                "config": [{"configMap": "c", "mountPath": "/etc/a"}],
                "secrets": [{"secret": "s", "mountPath": "/etc/a/"}],
            },
            "Secret s is to be mounted at /etc/a, where ConfigMap c mounts already: choose another mountPath",
        ),
    ],
)
def test_two_things_in_one_folder_are_refused(model: Section, message: str, deployment: MakeDeployment) -> None:
    with pytest.raises(MountConflict, match=message):
        declare(deployment(model=model).spec, {"c": ConfigContent()})


def test_no_field_of_the_api_is_forgotten() -> None:
    """A field of spec.model or spec.serving that is compared nowhere would change, and no pod would follow."""
    named = {CONFIG_FIELD, *(each.name for each in fields.FIELDS)}
    only_said = {"serving.replicas.min", "model.interface", "model.subjects", "model.trained"}
    assert named == {*_leaves(Model, "model"), *_leaves(Serving, "serving")} - only_said


def _leaves(part: type[ApiModel], name: str) -> Iterator[str]:
    for field in part.model_fields.values():
        inner = [each for each in (field.annotation, *get_args(field.annotation)) if isinstance(each, type)]
        sections = [each for each in inner if issubclass(each, ApiModel)]
        path = f"{name}.{field.alias}"
        if sections:
            yield from _leaves(sections[0], path)
        else:
            yield path


def _field(name: str, declared: Callable[[Any], Any], default: Any) -> fields.VersionField:
    return fields.VersionField(name, declared, lambda _: default)


def _with_default(name: str, value: Any) -> tuple[fields.VersionField, ...]:
    return tuple(_field(each.name, each.declared, value) if each.name == name else each for each in fields.FIELDS)

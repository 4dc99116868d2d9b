"""A new Tandem changes no model: under objects made by an older one there is no new revision and no restarted pod.

``frozen/`` holds ModelRevisions as renderer 1 made them. They stand for what is in people's clusters: they are never
written anew, and a change that breaks a test with them would restart the pods of everybody who upgrades.
"""

from collections.abc import Iterator
from itertools import count, islice, product
from pathlib import Path
from typing import Any

import pytest
import yaml

from tandem.api.objects import ModelDeployment, ModelRevision, parse_deployment, parse_revision
from tandem.manifests import budget, declared, fields, probes, template, workload
from tandem.manifests import revision as revision_module
from tandem.manifests.config import config_manifests
from tandem.manifests.configs import ConfigContent
from tandem.manifests.declared import declare, same_version
from tandem.manifests.edges import edges
from tandem.manifests.fields import VersionField
from tandem.manifests.revision import revision_manifest
from tandem.manifests.workload import deployment_manifest

HERE = Path(__file__).parent
FROZEN = sorted(path.name for path in (HERE / "frozen").glob("*.yaml"))
CONFIGS = {"thresholds": ConfigContent({"limits.yaml": "low: 1\n"}, {"table": "AAEC"})}

MODELS: list[dict[str, Any]] = [
    {},
    {"service": "Fraud", "env": [{"name": "B", "value": "$x"}, {"name": "A", "value": "on"}]},
    {"config": [{"configMap": "thresholds", "mountPath": "/etc/fraud"}]},
    {"secrets": [{"secret": "db", "env": True}, {"secret": "ca", "mountPath": "/etc/ca"}], "imagePullSecrets": ["r"]},
]
SERVING: list[dict[str, Any]] = [
    {},
    {"timeout": "90s", "readOnlyRoot": False},
    {"startup": {"deadline": "4m", "warmup": [{"path": "/predict", "body": {"x": [1.5, True, None]}}]}},
    {"resources": {"requests": {"cpu": "0.5"}, "limits": {"memory": "1024Mi"}}, "nodeSelector": {"disk": "ssd"}},
    {"tolerations": [{"key": "gpu"}], "topologySpreadConstraints": [], "priorityClassName": "high"},
]
TRAFFIC: list[dict[str, Any]] = [{}, {"gateway": {"parentRefs": [{"name": "public"}], "path": "/fraud"}}]
LATENCY: list[dict[str, Any]] = [{}, {"p99": "150ms"}, {"p50": "40ms", "p90": "1s"}]


def _deployments() -> Iterator[ModelDeployment]:
    for number, (model, serving, traffic, latency) in zip(count(), product(MODELS, SERVING, TRAFFIC, LATENCY)):
        spec = {
            "owners": {"engineering": {"team": "platform", "contact": "platform@example.com"}},
            "model": {"image": f"registry.example.com/model-{number}:1", **model},
            "serving": serving,
            "traffic": traffic,
            "requirements": {"latency": latency} if latency else {},
        }
        name = f"model-{number}"
        yield parse_deployment({"metadata": {"name": name, "namespace": "demo", "uid": f"uid-{number}"}, "spec": spec})


def _made(md: ModelDeployment) -> ModelRevision:
    manifest = revision_manifest(md, declare(md.spec, CONFIGS), 1, edges(md.spec.requirements))
    # As the API server gives it back: through its wire form.
    return parse_revision(
        yaml.safe_load(yaml.safe_dump({**manifest, "metadata": {**manifest["metadata"], "uid": "u"}}))
    )


def _pods(revision: ModelRevision) -> Any:
    return deployment_manifest(revision, 2)["spec"]["template"]


@pytest.fixture
def cluster() -> list[tuple[ModelDeployment, ModelRevision]]:
    """Return 100 deployments with the revisions that today's Tandem makes of them."""
    return [(md, _made(md)) for md in islice(_deployments(), 100)]


@pytest.fixture
def newer_tandem(cluster: list[tuple[ModelDeployment, ModelRevision]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Change defaults, fields, template, probes, digest and renderer, as a later release may."""
    assert cluster, "what runs was made before the upgrade"
    other_defaults: dict[str, Any] = {
        "serving.timeout": 30,
        "serving.resources.requests": {"cpu": "2", "memory": "4Gi"},
        "serving.startup.deadline": 600,
        "serving.readOnlyRoot": False,
        "serving.topologySpreadConstraints": [],
        "serving.serviceAccountName": "bentos",
    }
    newer = [_with_default(each, other_defaults) for each in fields.FIELDS]
    newer.append(VersionField("serving.workers", lambda _: None, lambda _: 4))
    monkeypatch.setattr(fields, "FIELDS", tuple(reversed(newer)))
    monkeypatch.setattr(declared, "RENDERER", "3")
    monkeypatch.setattr(ConfigContent, "digest", lambda _: "blake3:other")
    monkeypatch.setattr(template, "CONTAINER", "model")
    monkeypatch.setattr(template, "PRE_STOP_SECONDS", 30)
    monkeypatch.setattr(template, "BENTO_USER", 65532)
    monkeypatch.setattr(probes, "READY_PERIOD_SECONDS", 7)
    monkeypatch.setattr(revision_module, "own_files", lambda *_: {"other.yaml": "a: 1\n"})


def _with_default(each: VersionField, others: dict[str, Any]) -> VersionField:
    if each.name not in others:
        return each
    return VersionField(each.name, each.declared, lambda _: others[each.name])


@pytest.mark.usefixtures("newer_tandem")
def test_the_newer_tandem_really_renders_otherwise(cluster: list[tuple[ModelDeployment, ModelRevision]]) -> None:
    for md, made in cluster:
        anew = _made(md)
        assert anew.spec.template != made.spec.template
        assert anew.spec.declared != made.spec.declared
        assert (made.spec.renderer, anew.spec.renderer) == ("2", "3")


def test_under_a_hundred_objects_nothing_moves(
    cluster: list[tuple[ModelDeployment, ModelRevision]], request: pytest.FixtureRequest
) -> None:
    before = [(_pods(made), config_manifests(made)) for _, made in cluster]
    request.getfixturevalue("newer_tandem")
    assert len(cluster) == 100
    for (md, made), (pods, configs) in zip(cluster, before, strict=True):
        assert same_version(declare(md.spec, CONFIGS), made.spec), f"{md.metadata.name} would get a new revision"
        assert _pods(made) == pods, f"pods of {md.metadata.name} would restart"
        assert config_manifests(made) == configs, f"ConfigMaps of {md.metadata.name} are immutable"


@pytest.mark.usefixtures("newer_tandem")
def test_a_wish_still_makes_a_new_version_after_the_upgrade(
    cluster: list[tuple[ModelDeployment, ModelRevision]],
) -> None:
    for md, made in cluster:
        newer = md.with_changes(spec=md.spec.with_changes(model=md.spec.model.with_changes(image="new:2")))
        assert not same_version(declare(newer.spec, CONFIGS), made.spec)


@pytest.mark.parametrize("name", FROZEN)
def test_revisions_of_renderer_1_are_what_is_declared_today(name: str) -> None:
    md, configs, revision, _ = _frozen(name)
    assert same_version(declare(md.spec, configs), revision.spec)


@pytest.mark.parametrize("name", FROZEN)
def test_children_of_renderer_1_keep_their_pods(name: str) -> None:
    _, _, revision, children = _frozen(name)
    made = [*config_manifests(revision), workload.applied_deployment(revision), budget.budget_manifest(revision)]
    for child in children:
        (now,) = [each for each in made if _key(each) == _key(child)]
        if child["kind"] == "Deployment":
            assert now["spec"]["template"] == child["spec"]["template"]
            assert now["spec"]["selector"] == child["spec"]["selector"]
        else:
            assert now == child


def _key(manifest: dict[str, Any]) -> tuple[str, str]:
    return manifest["kind"], manifest["metadata"]["name"]


def _frozen(name: str) -> tuple[ModelDeployment, dict[str, ConfigContent], ModelRevision, list[dict[str, Any]]]:
    case = (HERE / "cases" / name.replace(".yaml", ".in.yaml")).read_text()
    body, *config_maps = yaml.safe_load_all(case)
    revision, *children = yaml.safe_load_all((HERE / "frozen" / name).read_text())
    revision["metadata"]["uid"] = "uid-of-the-revision"
    kept = [each for each in children if each["kind"] in ("ConfigMap", "Deployment")]
    configs = {each["metadata"]["name"]: ConfigContent.of(each) for each in config_maps}
    return parse_deployment(body), configs, parse_revision(revision), kept

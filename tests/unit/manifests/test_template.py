from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tandem.api.objects import ModelDeployment, ModelRevision
from tandem.manifests.configs import ConfigContent
from tandem.manifests.text import from_yaml

MakeDeployment = Callable[..., ModelDeployment]
MakeRevision = Callable[..., ModelRevision]
Section = dict[str, Any]


@pytest.fixture
def template(deployment: MakeDeployment, revision: MakeRevision) -> Callable[..., Section]:
    def make(configs: dict[str, ConfigContent] | None = None, **sections: Section) -> Section:
        made: Section = from_yaml(revision(deployment(**sections), configs).spec.template)
        return made

    return make


def _container(template: Section) -> Section:
    (container,) = template["spec"]["containers"]
    assert isinstance(container, dict)
    return container


def _env(template: Section) -> dict[str, str]:
    return {each["name"]: each["value"] for each in _container(template)["env"]}


def _mounts(template: Section) -> dict[str, str]:
    return {each["mountPath"]: each["name"] for each in _container(template)["volumeMounts"]}


@pytest.mark.parametrize(("timeout", "grace"), [(None, 75), ("60s", 75), ("300s", 315), ("1500ms", 17), ("1ms", 16)])
def test_the_grace_period_lets_the_longest_request_finish(
    timeout: str | None, grace: int, template: Callable[..., Section]
) -> None:
    serving = {"timeout": timeout} if timeout else {}
    pod = template(serving=serving)
    assert pod["spec"]["terminationGracePeriodSeconds"] == grace
    assert _container(pod)["lifecycle"]["preStop"] == {"sleep": {"seconds": 10}}


def test_pods_fit_the_restricted_pod_security_standard(template: Callable[..., Section]) -> None:
    pod = template()
    security = pod["spec"]["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] == security["runAsGroup"] == security["fsGroup"] == 1034
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert _container(pod)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }


def test_what_bentoml_writes_to_is_writable_under_a_read_only_root(template: Callable[..., Section]) -> None:
    pod = template()
    mounts = _mounts(pod)
    empty = {each["name"] for each in pod["spec"]["volumes"] if "emptyDir" in each}
    assert {mounts[path] for path in ("/tmp", _env(pod)["BENTOML_HOME"], "/home/bentoml/bento/src/monitoring")} == empty


def test_a_writable_root_is_left_as_the_image_made_it(template: Callable[..., Section]) -> None:
    pod = template(serving={"readOnlyRoot": False})
    assert _container(pod)["securityContext"]["readOnlyRootFilesystem"] is False
    assert "BENTOML_HOME" not in _env(pod)
    assert list(_mounts(pod)) == ["/etc/tandem"]


def test_values_of_variables_are_literal(template: Callable[..., Section]) -> None:
    values = {"A": "$(PATH)", "B": "$$", "C": "5$", "D": "$x"}
    pod = template(model={"env": [{"name": name, "value": value} for name, value in values.items()]})
    assert {name: _expanded(value) for name, value in _env(pod).items() if name in values} == values


def _expanded(value: str) -> str:
    """Expand as Kubernetes does: `$$` is a dollar, and `$(NAME)` would be a reference."""
    expanded, rest = "", value
    while rest:
        assert not rest.startswith("$(")
        step = 2 if rest.startswith("$$") else 1
        expanded, rest = expanded + rest[0], rest[step:]
    return expanded


def test_variables_of_the_author_win_over_tandems(template: Callable[..., Section]) -> None:
    env = [{"name": "BENTOML_CONFIG", "value": "/own.yaml"}, {"name": "BENTOML_DO_NOT_TRACK", "value": "False"}]
    pod = template(model={"env": env})
    names = [each["name"] for each in _container(pod)["env"]]
    assert sorted(set(names)) == names, "server-side apply refuses a name given twice"
    assert _env(pod)["BENTOML_CONFIG"] == "/own.yaml"
    assert _env(pod)["BENTOML_DO_NOT_TRACK"] == "False"
    assert "/etc/tandem" not in _mounts(pod)


def test_secrets_are_used_live_and_configs_from_their_copies(template: Callable[..., Section]) -> None:
    secrets = [{"secret": "db", "env": True}, {"secret": "ca", "mountPath": "/etc/ca/"}, {"secret": "api", "env": True}]
    config = [{"configMap": "b", "mountPath": "/etc/b"}, {"configMap": "a", "mountPath": "/etc/z"}]
    pod = template({"a": ConfigContent(), "b": ConfigContent()}, model={"secrets": secrets, "config": config})
    assert _container(pod)["envFrom"] == [{"secretRef": {"name": "api"}}, {"secretRef": {"name": "db"}}]
    volumes = {each["name"]: each for each in pod["spec"]["volumes"]}
    mounts = _mounts(pod)
    assert volumes[mounts["/etc/ca"]]["secret"] == {"secretName": "ca"}
    assert volumes[mounts["/etc/b"]]["configMap"] == {"name": "fraud-r1-config-0"}
    assert volumes[mounts["/etc/z"]]["configMap"] == {"name": "fraud-r1-config-1"}
    assert volumes[mounts["/etc/tandem"]]["configMap"] == {"name": "fraud-r1-bento"}


def test_startup_has_the_whole_deadline(template: Callable[..., Section]) -> None:
    probe = _container(template(serving={"startup": {"deadline": "91s"}}))["startupProbe"]
    assert probe["httpGet"] == {"path": "/readyz", "port": "http"}
    assert probe["periodSeconds"] * probe["failureThreshold"] == 92


def test_with_warm_up_the_startup_probe_is_the_warm_up(template: Callable[..., Section]) -> None:
    startup = {"deadline": "2m", "warmup": [{"path": "/predict", "body": {}}, {"path": "/predict", "body": {}}]}
    probe = _container(template(serving={"timeout": "30s", "startup": startup}))["startupProbe"]
    assert probe["exec"]["command"][-2:] == ["/etc/tandem/warmup.py", "/etc/tandem/warmup.json"]
    assert probe["timeoutSeconds"] == 70, "time for both requests"
    assert probe["periodSeconds"] * probe["failureThreshold"] == 120


def test_a_warm_up_never_takes_longer_than_the_deadline(template: Callable[..., Section]) -> None:
    startup = {"deadline": "30s", "warmup": [{"path": "/predict"}] * 16}
    assert _container(template(serving={"startup": startup}))["startupProbe"]["timeoutSeconds"] == 30


def test_resources_are_written_as_kubernetes_writes_them(template: Callable[..., Section]) -> None:
    resources = {"requests": {"cpu": "0.5", "memory": "1024Mi", "example.com/gpu": 1}, "limits": {"memory": "1.5Gi"}}
    assert _container(template(serving={"resources": resources}))["resources"] == {
        "requests": {"cpu": "500m", "memory": "1Gi", "example.com/gpu": "1"},
        "limits": {"memory": "1536Mi"},
    }


def test_a_default_request_never_exceeds_a_limit(template: Callable[..., Section]) -> None:
    resources = _container(template(serving={"resources": {"limits": {"memory": "64Mi"}}}))["resources"]
    assert resources == {"requests": {"cpu": "100m"}, "limits": {"memory": "64Mi"}}


def test_pods_are_spread_over_nodes_where_it_costs_nothing(template: Callable[..., Section]) -> None:
    (constraint,) = template()["spec"]["topologySpreadConstraints"]
    assert constraint["whenUnsatisfiable"] == "ScheduleAnyway"
    assert constraint["labelSelector"] == {"matchLabels": {"tandem.dev/revision": "fraud-r1"}}
    assert "topologySpreadConstraints" not in template(serving={"topologySpreadConstraints": []})["spec"]


def test_scheduling_is_passed_on(template: Callable[..., Section]) -> None:
    serving = {
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "gpu", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
        "topologySpreadConstraints": [{"maxSkew": 2, "topologyKey": "zone", "labelSelector": {}}],
        "priorityClassName": "high",
        "serviceAccountName": "fraud",
    }  # fmt: skip
    spec = template(serving=serving, model={"imagePullSecrets": ["z", "a"]})["spec"]
    assert {name: spec[name] for name in serving} == serving
    assert spec["imagePullSecrets"] == [{"name": "a"}, {"name": "z"}]


def test_nothing_empty_is_written(template: Callable[..., Section]) -> None:
    """The API server drops empty fields: a live Deployment would differ from its manifest for ever."""
    serving = {"readOnlyRoot": False, "resources": {"requests": {}}, "topologySpreadConstraints": []}
    own = template(serving=serving, model={"env": [{"name": "BENTOML_CONFIG", "value": "/own.yaml"}]})
    for pod in (own, template()):
        assert [path for path, value in _walk(pod, "") if value in ([], {}) and not path.endswith("emptyDir")] == []


def _walk(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    yield path, value
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from _walk(part, f"{path}.{key}")

"""Bad input: the candidate gets no request, stable serves untouched, the condition names the cause, the fix is taken.

All models of this file start at once and wait together: one after the other they would take most of the time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from dev.kube.client import Kube, Object, conditions
from dev.kube.model import Model, status_of
from dev.traffic.summary import lost
from tests.e2e.conftest import NewModel

DEADLINE = "25s"
QUOTA: Object = {
    "apiVersion": "v1",
    "kind": "ResourceQuota",
    "metadata": {"name": "tight"},
    "spec": {"hard": {"pods": "1"}},
}


@dataclass(frozen=True)
class Mistake:
    """Something that a candidate cannot start with."""

    changes: dict[str, Any]
    """What is merged into the spec of a model that serves."""
    says: tuple[str, ...]
    """Words of which the status must have one."""
    prepare: Callable[[Kube, str], None] = lambda _kube, _namespace: None
    mend: Callable[[Kube, str], None] | None = None
    """What makes it work without the model being applied again; None where another version must be applied."""


def _quota(kube: Kube, namespace: str) -> None:
    kube.apply(_in(QUOTA, namespace))


def _lift_quota(kube: Kube, namespace: str) -> None:
    kube.delete("resourcequota", "tight", namespace)


def _config(kube: Kube, namespace: str) -> None:
    kube.apply(
        _in(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "thresholds"}, "data": {"a": "1"}}, namespace
        )
    )


def _in(thing: Object, namespace: str) -> Object:
    return {**thing, "metadata": {**thing["metadata"], "namespace": namespace}}


MISTAKES = {
    "image that does not exist": Mistake(
        {"model": {"image": "tandem.local/digits:no-such-version"}}, ("no-such-version",)
    ),
    "container that exits": Mistake(
        {"model": {"image": "tandem.local/digits:better", "env": [{"name": "BENTO_PATH", "value": "/no/such/bento"}]}},
        ("exit", "no/such/bento", "restart"),
    ),
    "model that raises while loading": Mistake(
        {"model": {"image": "tandem.local/digits:never-ready"}}, ("KeyError", "startup failed", "not ready")
    ),
    "metrics that cannot be read": Mistake(
        {
            "model": {
                "image": "tandem.local/digits:better",
                "env": [{"name": "BENTOML_CONFIG_OPTIONS", "value": "services.Digits.metrics.enabled=false"}],
            }
        },
        ("metrics of",),
    ),
    "missing ConfigMap": Mistake(
        {
            "model": {
                "image": "tandem.local/digits:better",
                "config": [{"configMap": "thresholds", "mountPath": "/etc/thresholds"}],
            }
        },
        ("thresholds",),
        mend=_config,
    ),
    "quota exceeded": Mistake(
        {"model": {"image": "tandem.local/digits:better"}}, ("quota",), prepare=_quota, mend=_lift_quota
    ),
}


@pytest.fixture(scope="module")
def mistaken(module_stage: NewModel) -> dict[str, Model]:
    """A model that serves and was given the mistake, for each mistake."""
    models = {name: module_stage() for name in MISTAKES}
    for model in models.values():
        model.apply("first", serving={"startup": {"deadline": DEADLINE}})
    for name, model in models.items():
        model.wait("Ready")
        MISTAKES[name].prepare(model.kube, model.namespace)
    for name, model in models.items():
        model.apply(**MISTAKES[name].changes)
    return models


@pytest.mark.parametrize("name", MISTAKES)
def test_the_condition_names_the_cause(mistaken: dict[str, Model], name: str) -> None:
    model, mistake = mistaken[name], MISTAKES[name]

    def is_told(thing: Object) -> bool:
        stalled = conditions(thing).get("Stalled")
        if stalled is None or stalled["observedGeneration"] < thing["metadata"]["generation"]:
            return False
        return any(word in str(stalled["message"]) for word in mistake.says)

    model.until(is_told, 120, f"Stalled says one of {mistake.says}")
    assert model.conditions()["Ready"]["status"] == "False"


@pytest.mark.parametrize("name", MISTAKES)
def test_stable_serves_untouched(mistaken: dict[str, Model], name: str) -> None:
    model = mistaken[name]
    model.wait("Stalled", seconds=120)
    assert model.slots()[0] == "first"
    assert model.live_weight("first") == 100
    assert {weight for change in model.weights() for weight in change.weights.values()} == {100}
    with model.traffic(rate=20, name="stable") as traffic:
        model.until(lambda _thing: len(traffic.outcomes()) >= 40, 30, "answers")
        outcomes = traffic.stop()
    assert lost(outcomes) == []
    assert {outcome.version for outcome in outcomes} == {"first"}


@pytest.mark.parametrize("name", MISTAKES)
def test_the_fix_is_picked_up(mistaken: dict[str, Model], name: str) -> None:
    model, mistake = mistaken[name], MISTAKES[name]
    model.wait("Stalled", seconds=120)
    if mistake.mend is not None:
        mistake.mend(model.kube, model.namespace)
    else:
        model.apply("better", model={"env": None})
    with model.traffic(name="fixed") as traffic:
        model.wait("Ready")
        outcomes = traffic.stop()
    assert model.slots() == ("better", None)
    assert lost(outcomes) == []


def test_a_missing_gateway_is_named_and_the_fix_is_picked_up(model: Model) -> None:
    absent = {"gateway": {"parentRefs": [{"name": "no-such-gateway", "namespace": "gateway"}]}}
    model.apply("first", traffic=absent)
    model.until(lambda thing: "no-such-gateway" in str(status_of(thing)), 120, "the status names the gateway")
    assert model.conditions()["Ready"]["status"] == "False"
    model.apply(traffic={"gateway": {"parentRefs": [{"name": "public", "namespace": "gateway"}]}})
    model.wait("Ready")


def test_a_version_is_sent_back_though_the_declared_route_is_refused(model: Model) -> None:
    model.given("first", rollout={"steps": [{"weight": 50, "hold": "10m"}]})
    with model.traffic() as traffic:
        model.apply("better")
        model.until_candidate("better", 50)
        model.apply(traffic={"gateway": {"filters": [{"type": "RequestHeaderModifer"}]}})
        refused = conditions(model.wait("Refused"))["Refused"]
        model.decide("better", "Abort", "its-route-is-refused")
        model.until(lambda _thing: model.live_weight("better") == 0, 60, "no weight on the aborted version")
        outcomes = traffic.stop()
    assert "RequestHeaderModifer" in refused["message"]
    assert lost(outcomes) == []
    model.apply("first", traffic={"gateway": {"filters": None, "hostnames": ["models.example.com"]}})
    model.wait("Ready")
    assert model.kube.get("httproute", model.name, model.namespace)["spec"]["hostnames"] == ["models.example.com"]
    model.apply(traffic={"gateway": {"hostnames": None}})
    model.wait("Ready")
    with model.traffic(name="afterwards") as traffic:
        model.until(lambda _thing: len(traffic.outcomes()) >= 40, 30, "answers under every host name")
        assert lost(traffic.stop()) == []


def test_a_second_model_on_the_same_path_is_told_so(stage: NewModel) -> None:
    older = stage().given("first")
    newer = stage()
    path = {"gateway": {"path": older.declared["traffic"]["gateway"]["path"]}}
    newer.apply("better", traffic=path)
    conflict = conditions(newer.wait("RouteConflict"))["RouteConflict"]
    assert f"{older.namespace}/{older.name}" in conflict["message"]
    with older.traffic(rate=20) as traffic:
        older.until(lambda _thing: len(traffic.outcomes()) >= 40, 30, "answers")
        assert {outcome.version for outcome in traffic.stop()} == {"first"}
    assert "RouteConflict" not in older.conditions()
    older.kube.delete("modeldeployment", older.name, older.namespace)
    newer.wait("Ready")
    assert "RouteConflict" not in newer.conditions()


def test_no_traffic_is_undecided(model: Model) -> None:
    model.given("first")
    model.apply("better")
    model.until_candidate("better", 50)
    thing = model.until(lambda thing: "no traffic" in str(_waits_for(thing)), 60, "waits for traffic")
    assert status_of(thing)["phase"] == "RollingOut"
    assert model.slots() == ("first", "better")
    with model.traffic():
        model.wait("Ready")


SPOILED = "/var/lib/bentoml/prometheus_multiproc_dir/counter_0.db"
SPOIL = f"""
from prometheus_client.mmap_dict import MmapedDict, mmap_key
labels = {{"endpoint": "/predict", "http_response_code": "none"}}
name = "bentoml_service_request"
MmapedDict("{SPOILED}").write_value(mmap_key(name, name + "_total", labels.keys(), labels.values(), ""), 1.0, 0.0)
"""
"""The bento then tells, beside its own, requests with a code that is none: as its metrics file says."""
MEND = f"import os; os.remove('{SPOILED}')"


def test_metrics_that_become_garbled_in_mid_rollout_take_its_weight_until_they_can_be_read(model: Model) -> None:
    model.given("first")
    model.apply("better")
    model.until_candidate("better", 50)
    run_in_the_pod(model, "better", SPOIL)
    garbled = conditions(model.wait("EvidenceUnavailable", seconds=60))["EvidenceUnavailable"]
    assert garbled["reason"] == "MetricsUnreadable"
    assert "http_response_code" in garbled["message"]
    with model.traffic() as traffic:
        model.until(lambda _thing: model.live_weight("better") == 0, 60, "no weight for what nobody can see")
        thing = model.until(lambda thing: "the metrics of" in str(_waits_for(thing)), 30, "waits for the metrics")
        assert garbled["message"] in str(_waits_for(thing))
        assert model.slots() == ("first", "better")
        run_in_the_pod(model, "better", MEND)
        model.wait("Ready")
        outcomes = traffic.stop()
    assert model.slots() == ("better", None)
    assert "EvidenceUnavailable" not in model.conditions()
    assert lost(outcomes) == []


def run_in_the_pod(model: Model, version: str, program: str) -> None:
    [pod] = model.pods(version)
    model.kube.kubectl("exec", pod["metadata"]["name"], "--namespace", model.namespace, "--", "python", "-c", program)


def _waits_for(thing: Object) -> str | None:
    waiting = status_of(thing).get("waitingFor") or {}
    what: str | None = waiting.get("what")
    return what

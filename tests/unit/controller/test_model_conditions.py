"""What the operator's /metrics tells of models: what `tandem rules` asks for."""

from prometheus_client import CollectorRegistry, generate_latest

from tandem.alerting.rules import CONDITION
from tandem.cluster.cache import Cache
from tandem.controller.model_conditions import ModelConditions


def body(name: str, **status: object) -> dict[str, object]:
    meta = {"namespace": "payments", "name": name, "uid": f"uid-{name}", "resourceVersion": "1"}
    return {"kind": "ModelDeployment", "apiVersion": "tandem.dev/v1alpha1", "metadata": meta, "status": status}


def test_each_condition_of_each_model_is_told_and_nothing_else() -> None:
    cache, registry = Cache(), CollectorRegistry()
    registry.register(ModelConditions(cache))
    assert CONDITION.encode() + b"{" not in generate_latest(registry)
    said = [
        {"type": "Available", "status": "True", "reason": "StableServes", "message": "fraud-r1 serves"},
        {"type": "Stalled", "status": "True", "reason": "TooManyErrors", "message": 'it "failed"'},
    ]
    cache.feed("ADDED", body("fraud", conditions=said))
    cache.feed("ADDED", body("new"))
    lines = [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]
    told = CONDITION + '{{model="fraud",model_namespace="payments",reason="{}",status="True",type="{}"}} 1.0'
    assert sorted(_sorted_labels(line) for line in lines) == sorted(
        [told.format("StableServes", "Available"), told.format("TooManyErrors", "Stalled")]
    )


def _sorted_labels(line: str) -> str:
    name, _, rest = line.partition("{")
    labels, _, value = rest.rpartition("}")
    return f"{name}{{{','.join(sorted(labels.split(',')))}}}{value}"

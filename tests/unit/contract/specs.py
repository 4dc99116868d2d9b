"""Specs in short, and what two of them differ by."""

from typing import Any

from tandem.api.spec import ModelDeploymentSpec
from tandem.contract import Weakening, contract_of, weakenings

OWNERS = {"engineering": {"team": "payments", "contact": "payments@example.com"}}


def spec(**fields: Any) -> ModelDeploymentSpec:
    model = {"image": "fraud:1", "service": "Fraud", **fields.pop("model", {})}
    return ModelDeploymentSpec.model_validate({"owners": OWNERS, "model": model, **fields})


def routed(*routes: dict[str, Any], **fields: Any) -> ModelDeploymentSpec:
    return spec(model={"interface": list(routes)}, **fields)


def predicting(**schemas: Any) -> ModelDeploymentSpec:
    return routed({"path": "/predict", **schemas})


def between(old: ModelDeploymentSpec, new: ModelDeploymentSpec) -> tuple[Weakening, ...]:
    return weakenings(contract_of(new), contract_of(old))


def words(old: ModelDeploymentSpec, new: ModelDeploymentSpec) -> list[str]:
    return [each.words for each in between(old, new)]

"""Models to write rules for."""

from typing import Any

from tandem.api.objects import ModelDeployment, parse_deployment

BOTH = {
    "dataScience": {"team": "risk-models", "contact": "risk-models@example.com"},
    "engineering": {"team": "payments-platform", "contact": "#payments-oncall"},
}
PROMISED = {"availability": "99.9%", "latency": {"p99": "150ms"}}


def model(name: str = "fraud", **spec: Any) -> ModelDeployment:
    """Return payments/fraud of tier Standard with two owners; it promises what `PROMISED` says."""
    declared = {"tier": "Standard", "owners": BOTH, "model": {"image": "fraud:2", "service": "Fraud"}, **spec}
    declared.setdefault("requirements", PROMISED)
    return parse_deployment({"metadata": {"name": name, "namespace": "payments"}, "spec": declared})

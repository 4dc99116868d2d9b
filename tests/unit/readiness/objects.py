"""An object that passes every check, a profile that it was sized by, and ways to change both."""

from datetime import date
from typing import Any

from tandem.api.contract import Contract
from tandem.api.objects import parse_deployment
from tandem.api.profile import Profile
from tandem.readiness import Before, Facts, ProfileRead

TODAY = date(2026, 11, 24)
IMAGE = "registry.corp/fraud:2.1.0"

SPEC: dict[str, Any] = {
    "purpose": "Score card payments before authorisation",
    "tier": "Critical",
    "owners": {
        "dataScience": {"team": "risk-models", "contact": "#risk-models"},
        "engineering": {"team": "payments-platform", "contact": "#payments-oncall"},
    },
    "consumers": [{"team": "checkout", "contact": "#checkout", "timeout": "300ms"}],
    "runbook": "https://wiki.corp/fraud",
    "fallback": "Checkout applies the static rules",
    "reviewBy": "2027-03-31",
    "model": {
        "image": IMAGE,
        "service": "FraudService",
        "env": [{"name": "OMP_NUM_THREADS", "value": "2"}],
        "interface": [{"path": "/predict", "request": {"type": "object"}, "response": {"type": "object"}}],
        "subjects": "None",
        "trained": "2026-10-01",
    },
    "requirements": {
        "latency": {"p99": "150ms"},
        "availability": "99.9%",
        "throughput": {"peak": 200, "night": 50},
        "maxAge": "180d",
    },
    "serving": {
        "timeout": "2s",
        "replicas": {"min": 4},
        "resources": {"limits": {"cpu": "2", "memory": "1Gi"}},
        "startup": {"deadline": "1m"},
    },
    "rollout": {
        "steps": [{"weight": 10}, {"weight": 50}],
        "evidence": {
            "maxDuration": "2h",
            "metrics": [
                {
                    "name": "low-confidence",
                    "bad": {"counter": "predictions_total", "labels": {"confidence": "low"}},
                    "total": {"counter": "predictions_total"},
                }
            ],
        },
        "watch": "10m",
    },
    "quality": {"edgeCases": {"rows": [{"configMap": "fraud-edge-cases"}]}},
    "traffic": {"gateway": {"parentRefs": [{"name": "public"}]}},
    "profile": "fraud-profile",
    "waivers": [{"check": "TDM099", "reason": "for later", "until": "2027-01-01"}],
}

PROFILE: dict[str, Any] = {
    "image": IMAGE,
    "setting": {"where": "InCluster", "at": "2026-11-20T10:00:00Z", "cpu": "2", "memory": "1Gi"},
    "startup": {"seconds": 12.0},
    "memory": {"idleBytes": 270_000_000, "loadBytes": 400_000_000},
    "routes": ["/explain", "/predict"],
    "threads": 4,
    "load": [
        {"concurrency": concurrency, "requestsPerSecond": rate, "p50": 0.01, "p90": 0.02, "p95": 0.03, "p99": p99,
         "requests": 10_000, "errors": 0}
        for concurrency, rate, p99 in ((1, 20.0, 0.04), (8, 80.0, 0.12), (32, 110.0, 0.4))
    ],
}  # fmt: skip

REMOVED = object()
"""As a value: the field is not there."""


def merged(before: Any, changes: Any) -> Any:
    """Return a map with the changes put into it, level by level."""
    if not isinstance(before, dict) or not isinstance(changes, dict):
        return changes
    result = {key: value for key, value in before.items() if changes.get(key) is not REMOVED}
    return result | {key: merged(before.get(key), value) for key, value in changes.items() if value is not REMOVED}


def body(**changes: Any) -> dict[str, Any]:
    """Return the object with changes of its spec, as a manifest."""
    return {
        "apiVersion": "tandem.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": "fraud", "namespace": "payments"},
        "spec": merged(SPEC, changes),
    }


def facts(measured: Any = None, before: Before | None = None, first: bool | None = False, **changes: Any) -> Facts:
    """Return what is known of the object with changes of its spec; ``measured``: changes of the profile, or a
    ProfileRead."""
    read = measured if isinstance(measured, ProfileRead) else ProfileRead(profile_of(measured or {}))
    if before is None and first is False:
        before = Before("registry.corp/fraud:2.0.0", Contract())
    return Facts(parse_deployment(body(**changes)), TODAY, read, before, first, kept=1)


def profile_of(changes: dict[str, Any]) -> Profile:
    """Return the profile with changes."""
    return Profile.model_validate(merged(PROFILE, changes))

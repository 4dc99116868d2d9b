"""Probes of a bento's container."""

import math
from collections.abc import Mapping
from typing import Any, Final

from tandem.manifests.paths import TANDEM_FOLDER, WARMUP_PLAN_FILE, WARMUP_SCRIPT_FILE

READY_PERIOD_SECONDS: Final = 2
WARMUP_PERIOD_SECONDS: Final = 5
"""The probe with warm-up starts a Python each time: less often."""

WARMUP_OVERHEAD_SECONDS: Final = 10
"""What the probe with warm-up takes on a busy node besides the requests themselves."""


def startup_probe(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the startup probe: ready, and where warm-up requests are declared, warm, within the startup deadline.

    Until it succeeds no other probe runs, so a model that takes long to load is not restarted for it.
    """
    if not values["serving.startup.warmup"]:
        return _probe("/readyz", READY_PERIOD_SECONDS, 2, _failures(values, READY_PERIOD_SECONDS))
    files = [f"{TANDEM_FOLDER}/{name}" for name in (WARMUP_SCRIPT_FILE, WARMUP_PLAN_FILE)]
    return {
        # Isolated and without site packages: the bento's variables and packages cannot change or slow the probe.
        "exec": {"command": ["python", "-I", "-S", *files]},
        "periodSeconds": WARMUP_PERIOD_SECONDS,
        "timeoutSeconds": _warmup_seconds(values),
        "failureThreshold": _failures(values, WARMUP_PERIOD_SECONDS),
    }


def readiness_probe() -> dict[str, Any]:
    """Return the readiness probe: a pod that hangs gets no more requests after some 6 seconds."""
    return _probe("/readyz", READY_PERIOD_SECONDS, 2, 3)


def liveness_probe() -> dict[str, Any]:
    """Return the liveness probe: patient, because a restart loses requests that a busy bento would have answered."""
    return _probe("/livez", 10, 5, 6)


def _probe(path: str, period: int, timeout: int, failures: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": path, "port": "http"},
        "periodSeconds": period,
        "timeoutSeconds": timeout,
        "failureThreshold": failures,
    }


def _failures(values: Mapping[str, Any], period: int) -> int:
    return max(1, math.ceil(float(values["serving.startup.deadline"]) / period))


def _warmup_seconds(values: Mapping[str, Any]) -> int:
    requests = len(values["serving.startup.warmup"]) * float(values["serving.timeout"])
    return max(1, math.ceil(min(requests + WARMUP_OVERHEAD_SECONDS, float(values["serving.startup.deadline"]))))

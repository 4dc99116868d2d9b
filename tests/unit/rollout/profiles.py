"""How long the random walks are: short for every run, long for a night (TANDEM_WALKS=deep)."""

import os

from hypothesis import HealthCheck, settings

_CHECKS = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)
_DEEP = os.environ.get("TANDEM_WALKS") == "deep"

WALKS = settings(
    max_examples=int(os.environ.get("TANDEM_WALKS_EXAMPLES", "3000")) if _DEEP else 60,
    stateful_step_count=60 if _DEEP else 40,
    deadline=None,
    suppress_health_check=_CHECKS,
)

STORIES = settings(max_examples=600 if _DEEP else 25, deadline=None, suppress_health_check=_CHECKS)

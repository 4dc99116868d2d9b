"""How random the walks are: the same few in every run; others, and more, by night (TANDEM_WALKS=deep)."""

import os

from hypothesis import HealthCheck, settings

_DEEP = os.environ.get("TANDEM_WALKS") == "deep"
_COMMON = settings(
    deadline=None,
    derandomize=not _DEEP,
    report_multiple_bugs=False,
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much),
)

WALKS = settings(_COMMON, max_examples=3000 if _DEEP else 80, stateful_step_count=60 if _DEEP else 40)
STORIES = settings(_COMMON, max_examples=600 if _DEEP else 25)
